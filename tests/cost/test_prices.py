"""The price file: dated, exact, and never a guess."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from citewell.cost.costs import Costs
from citewell.cost.prices import Price, host_of, read_prices
from citewell.doctor import examine
from citewell.errors import BadInput, NotFound
from citewell.model import Usage
from citewell.settings import Config, CostConfig

OPENAI = "api.openai.com"


def test_the_prices_that_ship_are_dated_and_exact() -> None:
    prices = read_prices()
    assert date(2026, 11, 1) < prices.as_of
    assert prices.of("embed", OPENAI, "text-embedding-3-small") == Price(20_000, 20_000)
    assert prices.of("chat", OPENAI, "gpt-4o-mini-2024-07-18") == Price(150_000, 75_000, 600_000)
    assert prices.of("rerank", "api.cohere.com", "rerank-v3.5") == Price(search=2_000_000_000)
    haiku = prices.of("chat", host_of("anthropic", ""), "claude-haiku-5-5")
    assert haiku is not None
    assert haiku.cost(Usage(100_000, 10, 50_000)) == 50_000 * 100_000 + 50_000 * 10_000 + 10 * 500_000
    assert haiku.cost(Usage(100_001)) is None  # longer prompts have another price


@pytest.mark.parametrize(
    ("kind", "host", "model"),
    [
        ("chat", "127.0.0.1", "gpt-4o-mini"),  # the same name somewhere else
        ("embed", OPENAI, "gpt-4o-mini"),
        ("chat", OPENAI, "gpt-4o-mini-audio-preview"),
        ("chat", OPENAI, "gpt-99"),
    ],
)
def test_what_is_not_in_the_file_has_no_price(kind: str, host: str, model: str) -> None:
    assert read_prices().of(kind, host, model) is None


def test_a_file_of_one_s_own_comes_first(tmp_path: Path) -> None:
    own = tmp_path / "prices.toml"
    own.write_text(
        'as_of = 2026-01-02\n[[price]]\nmodels = "gpt-4o-*"\ninput = 0.1\n[[price]]\nmodels = ["qwen*"]\n'
    )
    prices = read_prices(own)
    assert prices.of("chat", OPENAI, "gpt-4o-mini") == Price(100_000, 100_000)
    assert prices.of("chat", "127.0.0.1", "qwen3") == Price()  # free, because it says so
    assert prices.of("chat", OPENAI, "gpt-4.1") is not None
    assert prices.as_of == date(2026, 1, 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[price]]\nmodels = ['m']\ninput = -1", r"input is -1.*dollars for a million tokens"),
        ("[[price]]\nmodels = ['m']\ninput = 'dear'", "input is 'dear'"),
        ("[[price]]\nmodels = ['m']\ninputs = 1", "unknown 'inputs'"),
        ("[[price]]\ninput = 1", "no models"),
        ("as_of = 'today'", "as_of is 'today'"),
        ("[[", "cannot read the price file"),
    ],
)
def test_a_wrong_file_is_one_clear_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "p.toml").write_text(text)
    with pytest.raises(BadInput, match=said):
        Costs.of(CostConfig(prices=tmp_path / "p.toml"), tmp_path / "catalog.db")
    with pytest.raises(NotFound, match=r"correct cost\.prices"):
        read_prices(tmp_path / "no.toml")


def test_the_doctor_says_how_old_the_prices_are_and_warns(tmp_path: Path) -> None:
    own = tmp_path / "prices.toml"
    own.write_text("as_of = 2020-01-01\n")
    (found,) = [one for one in examine(Config(cost=CostConfig(prices=own))) if one.name == "prices"]
    assert found.state == "warn"
    assert "as of 2020-01-01" in found.text
