"""What becomes of sentences without support, through the Library, the API and the command line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from citewell.cli import app
from citewell.client import Remote
from citewell.library import Library
from citewell.model import Delta, Document, Query
from citewell.testing import ScriptedChat
from tests.failure.worker import open_library
from tests.server.conftest import served

TEXT = "The kettle boils one litre of water in two minutes. It is made of steel. Its lid is red."
GOOD, BAD = "The kettle is made of steel", "The kettle plays music at night"
REPLY = f"{GOOD} [1]. {BAD} [1]. Its lid is red [1]."
QUESTION = "What is the kettle made of?"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with open_library(tmp_path / "library", create=True) as opened:
        opened.add(Document("kettle", TEXT, "Kettle"))
        object.__setattr__(opened._parts, "chat", ScriptedChat(*[REPLY] * 4))
        yield opened


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


def test_strict_refuses_when_nothing_is_left(library: Library) -> None:
    object.__setattr__(library._parts, "chat", ScriptedChat(f"{BAD} [1]."))
    answer = library.ask(Query(QUESTION, policy="strict"))
    assert (answer.verdict, answer.citations) == ("refused", ())
    assert BAD not in answer.text


def test_strict_leaves_no_empty_list_items_behind(library: Library) -> None:
    object.__setattr__(
        library._parts, "chat", ScriptedChat(f"- {GOOD} [1]\n- {BAD} [1]\n- Its lid is red [1]")
    )
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
