"""What becomes of sentences without support, through the Library, the API and the command line."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from typer.testing import CliRunner

from citewell.cli import app
from citewell.client import Remote
from citewell.library import Library
from citewell.model import Delta, Document, Query
from citewell.testing import ScriptedChat
from tests.scripted import Open, opened  # noqa: F401
from tests.server.conftest import served

TEXT = "The kettle boils one litre of water in two minutes. It is made of steel. Its lid is red."
GOOD, BAD = "The kettle is made of steel", "The kettle plays music at night"
REPLY = f"{GOOD} [1]. {BAD} [1]. Its lid is red [1]."
QUESTION = "What is the kettle made of?"


def written(opened: Open, *replies: str, **settings: str) -> Library:  # noqa: F811
    library = opened(ScriptedChat(*replies), **settings)
    library.add(Document("kettle", TEXT, "Kettle"))
    return library


@pytest.fixture
def library(opened: Open) -> Library:  # noqa: F811
    return written(opened, *[REPLY] * 4)


def test_mark_shows_and_lists_what_has_no_support(library: Library) -> None:
    answer = library.ask(Query(QUESTION))
    assert f"{BAD}." in answer.text
    assert answer.unsupported == (f"{BAD}.",)
    assert (answer.verdict, answer.policy) == ("partial", "mark")


def test_strict_leaves_it_out_and_shows_nothing_before_it_is_checked(library: Library) -> None:
    async def drain() -> tuple[str, str]:
        events = [event async for event in library.stream(Query(QUESTION, policy="strict"))]
        return "".join(e.text for e in events if isinstance(e, Delta)), events[-1].answer.text  # type: ignore[union-attr]

    written, text = asyncio.run(drain())
    assert written == text == f"{GOOD} [1]. Its lid is red [2]."
    answer = library.ask(Query(QUESTION, policy="strict"))
    assert answer.unsupported == (f"{BAD}.",)
    assert (answer.verdict, answer.policy) == ("partial", "strict")


def test_off_looks_for_footnotes_only(library: Library) -> None:
    answer = library.ask(Query(QUESTION, policy="off"))
    assert answer.text == f"{GOOD} [1]. {BAD}. Its lid is red [2]."
    assert (answer.unsupported, answer.verdict, answer.policy) == ((), "answered", "off")


def test_the_configuration_chooses_and_a_query_may_choose_otherwise(opened: Open) -> None:  # noqa: F811
    library = written(opened, REPLY, REPLY, policy="strict")
    assert BAD not in library.ask(Query(QUESTION)).text
    assert BAD in library.ask(Query(QUESTION, policy="mark")).text


def test_strict_refuses_when_nothing_is_left(opened: Open) -> None:  # noqa: F811
    answer = written(opened, f"{BAD} [1].").ask(Query(QUESTION, policy="strict"))
    assert (answer.verdict, answer.citations) == ("refused", ())
    assert BAD not in answer.text


def test_strict_leaves_no_empty_list_items_behind(opened: Open) -> None:  # noqa: F811
    library = written(opened, f"- {GOOD} [1]\n- {BAD} [1]\n- Its lid is red [1]")
    assert library.ask(Query(QUESTION, policy="strict")).text == f"- {GOOD} [1]\n- Its lid is red [2]"


def test_a_request_and_a_command_may_choose_it(library: Library) -> None:
    with served(library) as url:
        with Remote(url) as remote:
            assert BAD not in remote.ask(Query(QUESTION, policy="strict")).text
        wrong = httpx.post(f"{url}/ask", json={"question": QUESTION, "policy": "lenient"})
        assert wrong.status_code == 400
        run = CliRunner().invoke(app, ["ask", QUESTION, "--policy", "strict", "--server", url])
        assert BAD not in run.stdout.partition("Left out")[0]
        assert f"Left out, for want of a quote:\n  - {BAD}." in run.stdout
        said = CliRunner().invoke(app, ["ask", QUESTION, "--policy", "off", "--json", "--server", url])
        assert json.loads(said.stdout)["policy"] == "off"
