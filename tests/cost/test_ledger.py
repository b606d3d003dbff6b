"""Every call is noted with its tokens and money, however it ends; nothing is free because nobody knows its price."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from citewell.errors import BadInput, ProviderError
from citewell.library import Library
from citewell.model import Query
from citewell.money import Spent
from tests.cost.conftest import PRICES, paid
from tests.cost.embedding import embedding
from tests.providers.cohere_stub import cohere
from tests.providers.stub import refused, said, serving, silent

BLUE = said("The lamp", " glows blue at night [1].")
LAMP = Query("What colour is the lamp at night?")


def only(library: Library, **groups: str) -> Spent:
    (found,) = library.cost(**groups)  # type: ignore[arg-type]
    return found


def test_an_answer_says_what_it_cost_and_the_ledger_says_the_same(catalogs: str, tmp_path: Path) -> None:
    with serving(BLUE) as stub, paid(tmp_path, stub.url) as library:
        answer = library.ask(LAMP)
        spent = only(library, by="model")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (7, 2)
    assert answer.cost == Decimal("0.000015")  # 7 × $1 and 2 × $4 a million
    assert spent == Spent("m", 1, 7, 0, 2, Decimal("0.000015"), 0, 0)


def test_tokens_that_the_service_had_read_before_are_cheaper(tmp_path: Path) -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 90}}
    last = {"choices": [{"delta": {"content": "Blue."}, "finish_reason": "stop"}], "usage": usage}
    reply = (200, {"Content-Type": "text/event-stream"}, f"data: {json.dumps(last)}\n\n".encode())
    with serving(reply) as stub, paid(tmp_path, stub.url) as library:
        assert library.ask(LAMP).cost == Decimal("0.000019")


def test_a_model_without_a_price_costs_unknown_and_extract_nothing(tmp_path: Path) -> None:
    with serving(BLUE) as stub, paid(tmp_path, stub.url, chat_name="other") as library:
        answer = library.ask(LAMP)
        assert answer.cost is None
        assert (only(library).unknown, only(library).cost) == (1, 0)
    with paid(tmp_path, "", chat_model="extract") as library:
        assert library.ask(LAMP).cost == 0


def test_what_fails_before_any_work_is_free_and_half_an_answer_is_estimated(tmp_path: Path) -> None:
    half = (
        200,
        {"Content-Type": "text/event-stream"},
        b'data: {"choices": [{"delta": {"content": "Hal"}}]}\n\n',
    )
    with serving(refused(401, "no such key"), half) as stub, paid(tmp_path, stub.url) as library:
        with pytest.raises(ProviderError):
            library.ask(LAMP)
        assert (only(library).cost, only(library).calls) == (0, 1)
        with pytest.raises(ProviderError):
            library.ask(LAMP)
        failed = only(library, by="status")
    assert (failed.name, failed.calls, failed.estimated) == ("failed", 2, 2)
    assert failed.prompt_tokens > 50
    assert failed.cost > Decimal("0.00005")


def test_who_hangs_up_has_spent_the_prompt(tmp_path: Path) -> None:
    first = b'data: {"choices": [{"delta": {"content": "One two three"}}]}\n\n'

    async def hang_up(library: Library) -> None:
        events = library.stream(LAMP)
        async for event in events:
            if getattr(event, "text", ""):
                break
        await events.aclose()  # type: ignore[attr-defined]

    with silent(first) as (url, _, closed), paid(tmp_path, f"{url}/v1") as library:
        asyncio.run(hang_up(library))
        assert closed.wait(5)
        left = only(library, by="status")
    assert (left.name, left.estimated) == ("left", 1)
    assert left.prompt_tokens > 50
    assert left.completion_tokens >= 3


def test_embedding_and_reranking_are_noted_by_question_and_by_job(tmp_path: Path) -> None:
    pytest.importorskip("cohere", reason="needs the extra 'cohere'")
    with serving(embedding) as embeds, serving(cohere) as ranks, serving(BLUE) as chats:
        hosted = {"embed_model": "openai", "embed_name": "e", "embed_url": embeds.url, "embed_dimensions": 2}
        rerank = {
            "search_rerank": "cohere",
            "search_rerank_name": "rerank-v3.5",
            "search_rerank_url": ranks.root,
        }
        with paid(tmp_path, chats.url, **hosted, **rerank) as library:
            answer = library.ask(LAMP)
            kinds = {one.name: one for one in library.cost("kind")}
            requests = library.cost("request")
    assert {name: one.calls for name, one in kinds.items()} == {"chat": 1, "embed": 3, "rerank": 1}
    assert kinds["rerank"].cost == Decimal("0.002")
    assert sorted(one.calls for one in requests) == [1, 1, 3]  # two documents; one question with all it took
    assert answer.cost == max(one.cost for one in requests)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # the stub is hung up on
def test_a_crash_in_the_middle_of_a_call_leaves_it_at_its_most(catalogs: str, tmp_path: Path) -> None:
    """The process is killed while the model writes; the ledger knew of the call before it was made."""
    (tmp_path / "prices.toml").write_text(PRICES)
    code = (
        "import sys, pathlib\nfrom tests.cost.conftest import paid\nfrom citewell.model import Query\n"
        "with paid(pathlib.Path(sys.argv[1]), sys.argv[2]) as library:\n"
        "    library.ask(Query('What colour is the lamp at night?'))\n"
    )
    first = b'data: {"choices": [{"delta": {"content": "One"}}]}\n\n'
    with silent(first) as (url, asked, _):
        process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path), f"{url}/v1"])
        assert asked.wait(60)
        process.kill()
        process.wait()
    with paid(tmp_path, url, {}) as library:
        lost = only(library, by="status")
        assert library.status()["cost"]["today"] != "$0.00"
    assert (lost.name, lost.calls, lost.estimated) == ("lost", 1, 1)
    assert lost.cost > 512 * Decimal("0.000004")


def test_groups_and_days_that_do_not_exist_are_refused(tmp_path: Path) -> None:
    with paid(tmp_path, "", chat_model="extract") as library:
        with pytest.raises(BadInput, match=r"by is 'mood'.*model"):
            library.cost("mood")  # type: ignore[arg-type]
        with pytest.raises(BadInput, match="write a day"):
            library.cost("day", "yesterday")
        assert library.cost("day", "2999-01-01") == []
