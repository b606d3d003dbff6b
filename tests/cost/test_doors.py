"""Quotes, budgets and costs at the command line, over REST, and through --server."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from citewell.client import Remote
from citewell.incoming import Blob
from citewell.model import Query
from citewell.server.app import make_app
from tests.cli.conftest import Cli, cli, docs, home
from tests.cost.conftest import PRICES, paid
from tests.cost.embedding import embedding
from tests.providers.stub import said, serving
from tests.server.conftest import LOOPBACK, served

__all__ = ["cli", "docs", "home"]
BLUE = said("The lamp", " glows blue at night [1].")


def configured(home: Path, url: str, **more: Any) -> None:
    (home / "prices.toml").write_text(PRICES)
    settings = {
        "embed": {"model": "openai", "name": "e", "url": url, "dimensions": 2},
        "chat": {"model": "openai", "name": "m", "url": url},
        "cost": {"prices": "prices.toml", **more},
    }
    lines = [
        f"[{section}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
        for section, values in settings.items()
    ]
    (home / "citewell.toml").write_text("\n".join(lines))


def both(path: str, body: dict[str, Any]) -> Any:
    return embedding(path, body) if "input" in body else BLUE


@pytest.fixture
def hosted(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CITEWELL_EMBED_MODEL")
    return home


def test_what_would_be_spent_is_said_and_nobody_there_means_no(cli: Cli, docs: Path, hosted: Path) -> None:
    with serving(both) as stub:
        configured(hosted, stub.url)
        assert cli("init").code == 0
        refused = cli("add", "docs")
        assert refused.code == 2
        assert "e: 3 texts, about " in refused.err
        assert "expected $0.00000" in refused.err
        assert "say --yes, or raise cost.ask_above" in refused.err
        assert not stub.asked
        assert cli("add", "docs", "--yes").code == 0
        assert cli("add", "docs").code == 0  # nothing is new: nothing to ask about
        assert cli("sync", "docs").code == 0
        (docs / "new.md").write_text("# New\n\nThe toaster is new.\n")
        assert cli("sync").code == 2
        assert cli("sync", "--yes").code == 0
    spent = cli("cost", "--by", "kind", "--json").json
    assert spent["spent"][0]["name"] == "embed"
    assert Decimal(spent["total"]["cost"]) > 0


def test_a_job_below_the_limit_for_asking_goes_on(cli: Cli, docs: Path, hosted: Path) -> None:
    with serving(both) as stub:
        configured(hosted, stub.url, ask_above=0.01)
        assert cli("init").code == 0
        assert cli("add", "docs").code == 0


def test_ask_quotes_and_asks_nobody_and_an_answer_says_its_cost(cli: Cli, docs: Path, hosted: Path) -> None:
    with serving(both) as stub:
        configured(hosted, stub.url, per_day=0.00002, ask_above=1.0)
        assert cli("init").code == 0
        assert cli("add", "docs").code == 0
        asked = len(stub.asked)
        quote = cli("ask", "What colour is the lamp?", "--quote")
        assert len(stub.asked) == asked + 1  # the question was embedded, to find what would be sent
        assert "m: 1 calls, about " in quote.out
        assert "at most $0.00" in quote.out
        told = cli("ask", "What colour is the lamp?", "--quote", "--json").json
        assert Decimal(told["cost"]) < Decimal(told["most"])
        answer = cli("ask", "What colour is the lamp?")
        assert "(7 tokens read, 2 written, $0.00001" in answer.err
        over = cli("ask", "What colour is the lamp?", "--json")
        while over.code != 12:  # a question's embedding costs next to nothing
            over = cli("ask", "What colour is the lamp?", "--json")
    assert over.json["error"]["code"] == "OverBudget"
    assert over.json["error"]["budget"] == "cost.per_day"
    rows = cli("cost", "--by", "model").out.splitlines()
    assert [row.split("\t")[0] for row in rows] == ["e", "m"]


def test_over_rest_a_spent_budget_is_402_and_costs_are_exact_text(tmp_path: Path) -> None:
    with serving(BLUE) as stub, paid(tmp_path, stub.url, cost_per_day=0.00001) as library:
        client = TestClient(make_app(library), LOOPBACK)
        body = {"question": "What colour is the lamp?"}
        quote = client.post("/quote", json=body).json()
        assert Decimal(quote["cost"]) <= Decimal(quote["most"])
        assert client.post("/ask", json=body).json()["cost"] == "0.000015"
        over = client.post("/ask", json=body)
        found = client.get("/cost", params={"by": "model"}).json()
        wrong = client.get("/cost", params={"by": "mood"})
        schema = client.get("/openapi.json").json()
    assert over.status_code == 402
    assert over.json()["budget"] == "cost.per_day"
    assert (found["spent"][0]["name"], found["total"]["cost"]) == ("m", "0.000015")
    assert wrong.status_code == 400
    assert "/cost" in schema["paths"]


def test_a_client_quotes_and_sees_what_the_library_does(tmp_path: Path) -> None:
    with serving(both) as stub:
        hosted = {"embed_model": "openai", "embed_name": "e", "embed_url": stub.url, "embed_dimensions": 2}
        with paid(tmp_path, stub.url, **hosted) as library, served(library) as url, Remote(url) as remote:
            blobs = [Blob("tea.md", b"Green tea steeps."), Blob("bad.pdf", b"%PDF-broken")]
            assert remote.quote(blobs) == library.quote(blobs)
            assert remote.quote(Query("lamp")).calls == 1
            answer = remote.ask(Query("What colour is the lamp?"))
            assert answer.cost is not None
            assert answer.cost > Decimal("0.000015")  # and the question's embedding
            assert remote.cost("kind") == library.cost("kind")
