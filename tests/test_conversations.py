"""Conversations that are kept: through the library, the REST API, the client and the command line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from citewell.catalog import schema
from citewell.client import Remote
from citewell.conversation import markdown
from citewell.errors import BadInput, NotFound, ProviderError
from citewell.library import Library
from citewell.model import Delta, Document, Message, Prompt, Query
from citewell.server.app import make_app
from citewell.testing import ScriptedChat
from tests.cli.conftest import Cli, cli, docs, filled, home, process, serving
from tests.failure.worker import open_library
from tests.scripted import Open, opened
from tests.server.conftest import served

__all__ = ["cli", "docs", "filled", "home", "opened"]


@pytest.fixture
def library(tmp_path: Path, catalogs: str) -> Iterator[Library]:
    with open_library(tmp_path / "library", create=True) as made:
        made.add(Document("lamp", "The lamp glows blue at night.", "Lamp"))
        made.add(Document("kettle", "The kettle boils one litre of water.", "Kettle"))
        yield made


def ask(library: Library | Remote, text: str, conversation: str = "new") -> str:
    return library.ask(Query(text, conversation=conversation)).conversation


def written(library: Library) -> bytes:
    """What a thief of the files reads; of a server's tables, what is in them."""
    engine = library._parts.catalog._engine
    if engine.dialect.name == "postgresql":
        with engine.connect() as sql:
            return repr(sql.execute(select(schema.turns)).all()).encode()
    folder = Path(str(engine.url.database)).parent
    return b"".join(file.read_bytes() for file in folder.glob("catalog.db*"))


def test_a_question_keeps_its_answer_only_where_it_says_so(library: Library) -> None:
    assert ask(library, "What glows blue?", "") == ""
    assert library.conversations.list() == []
    name = ask(library, "What glows blue at night?")
    (listed,) = library.conversations.list()
    assert (listed.id, listed.title, listed.length, listed.turns) == (
        name,
        "What glows blue at night?",
        1,
        (),
    )
    (turn,) = library.conversations.get(name).turns
    assert turn.answer.citations[0].quote == "The lamp glows blue at night."
    assert turn.answer.hits == ()


def test_a_conversation_goes_on_with_its_turns_even_after_the_library_was_closed(tmp_path: Path) -> None:
    with open_library(tmp_path / "library", create=True) as library:
        library.add(Document("lamp", "The lamp glows blue at night.", "Lamp"))
        name = ask(library, "What does the lamp do?")
    with open_library(tmp_path / "library") as library:
        answer = library.ask(Query("When does it glow?", conversation=name))
        assert answer.steps[0].did == "asked as: When does it glow? (lamp)"
        assert [turn.number for turn in library.conversations.get(name).turns] == [1, 2]
        assert library.conversations.get(name).turns[1].answer.steps == answer.steps


def test_the_latest_comes_first_page_by_page(library: Library) -> None:
    names = [ask(library, f"What glows, number {n}?") for n in range(5)]
    ask(library, "And what boils?", names[0])
    first = library.conversations.list(2)
    rest = library.conversations.list(10, first[-1].updated_at)
    assert [one.id for one in (*first, *rest)] == [names[0], *reversed(names[1:])]
    assert first[0].length == 2


def test_what_is_deleted_is_gone_from_the_files(library: Library) -> None:
    kept = ask(library, "What glows blue, I ask kkstays?")
    name = ask(library, "What boils water, I ask qqsecret?")
    ask(library, "And what does it boil, zzsecret?", name)
    assert b"qqsecret" in written(library)
    library.conversations.delete(name)
    assert b"qqsecret" not in written(library)
    assert b"zzsecret" not in written(library)
    assert b"kkstays" in written(library)
    assert [one.id for one in library.conversations.list()] == [kept]
    with pytest.raises(NotFound, match=rf"no conversation '{name}'.*chats list"):
        library.conversations.get(name)
    with pytest.raises(NotFound, match="no conversation"):
        library.conversations.delete(name)
    with pytest.raises(NotFound, match="no conversation"):
        ask(library, "And now?", name)


def test_a_question_brings_a_history_or_names_a_conversation(library: Library) -> None:
    history = (Message("user", "What glows?"), Message("assistant", "The lamp."))
    with pytest.raises(BadInput, match=r"'new' and brings a history; send one"):
        library.ask(Query("And now?", history=history, conversation="new"))
    with pytest.raises(BadInput, match=r"limit 0 .* use 1 to 1000"):
        library.conversations.list(0)


class Breaks(ScriptedChat):
    """A model that fails in the middle of its answer."""

    async def stream(self, prompt: Prompt):  # type: ignore[no-untyped-def]
        yield Delta("The lamp ")
        raise ProviderError("the model's server went away; ask again", retryable=True)


def test_an_answer_that_failed_or_was_left_is_not_kept(opened: Open) -> None:
    library = opened(Breaks())
    with pytest.raises(ProviderError):
        ask(library, "What glows?")
    assert library.conversations.list() == []

    async def left() -> None:
        async with aclosing(library.stream(Query("What glows?", conversation="new"))) as events:  # type: ignore[type-var]
            async for event in events:
                if isinstance(event, Delta):
                    return

    library = opened(ScriptedChat("The lamp glows blue at night [1]."))
    asyncio.run(left())
    assert library.conversations.list() == []


def test_a_conversation_deleted_while_it_is_answered_does_not_come_back(library: Library) -> None:
    name = ask(library, "What glows blue at night?")

    async def late() -> None:
        async for event in library.stream(Query("And what boils water?", conversation=name)):
            if isinstance(event, Delta) and library.conversations.list():
                library.conversations.delete(name)

    with pytest.raises(NotFound, match="no conversation"):
        asyncio.run(late())
    assert library.conversations.list() == []


def test_usage_model_and_prompt_are_kept_with_each_turn(opened: Open) -> None:
    library = opened(
        ScriptedChat("The lamp glows blue at night [1].", "What colour is the lamp?", "It is blue.")
    )
    name = ask(library, "What glows blue at night?")
    ask(library, "And what colour is it?", name)
    first, second = library.conversations.get(name).turns
    assert str(first.answer.prompt).startswith("answer@1 (")
    assert first.answer.usage.completion_tokens == 7
    assert second.answer.steps[0].did == "asked as: What colour is the lamp?"
    with library._parts.catalog._engine.connect() as sql:
        rows = sql.exec_driver_sql("SELECT model, prompt, completion_tokens FROM turns ORDER BY number").all()
    assert (rows[0][0], rows[0][2]) == ("scripted-stub", 7)
    assert rows[0][1].startswith("answer@1 (")


def test_as_markdown_it_has_questions_answers_and_quotes(library: Library) -> None:
    name = ask(library, "What glows blue at night?")
    text = markdown(library.conversations.get(name))
    assert text.startswith(f"# What glows blue at night?\n\nConversation {name}, ")
    assert "> The lamp glows blue at night.\n>\n> [1] Lamp, lamp, line 1" in text


def test_the_rest_api_keeps_lists_shows_and_deletes(library: Library) -> None:
    api = TestClient(make_app(library), base_url="http://localhost")
    name = api.post("/ask", json={"question": "What glows?", "conversation": "new"}).json()["conversation"]
    api.post("/ask", json={"question": "And what boils?", "conversation": name})
    (listed,) = api.get("/conversations").json()["conversations"]
    assert (listed["id"], listed["length"], listed["turns"]) == (name, 2, [])
    assert [turn["question"] for turn in api.get(f"/conversations/{name}").json()["turns"]] == [
        "What glows?",
        "And what boils?",
    ]
    as_text = api.get(f"/conversations/{name}", headers={"accept": "text/markdown"})
    assert as_text.headers["content-type"].startswith("text/markdown")
    assert as_text.text.startswith("# What glows?")
    assert api.delete(f"/conversations/{name}").status_code == 204
    gone = api.get(f"/conversations/{name}")
    assert (gone.status_code, gone.json()["code"]) == (404, "NotFound")
    history = [{"role": "user", "content": "What glows?"}]
    unanswered = api.post("/ask", json={"question": "And?", "history": history})
    assert (unanswered.status_code, unanswered.json()["code"]) == (400, "BadInput")


def test_the_client_does_what_the_library_does(library: Library) -> None:
    with served(library) as url, Remote(url) as remote:
        name = ask(remote, "What glows blue at night?")
        ask(remote, "And what boils?", name)
        assert remote.conversations.get(name) == library.conversations.get(name)
        assert remote.conversations.list() == library.conversations.list()
        remote.conversations.delete(name)
        with pytest.raises(NotFound, match="chats list"):
            remote.conversations.get(name)


def test_chat_keeps_resumes_exports_and_deletes(filled: Cli) -> None:
    said = filled("chat", typed="What does the lamp do?\n")
    assert "(kept as " in said.err
    (listed,) = filled("chats", "list", "--json").json["conversations"]
    assert listed["id"] in said.err
    more = filled("chat", "--resume", "last", typed="When does it glow blue?\n")
    assert "goes on with 'What does the lamp do?', 1 turns" in more.err
    assert "(rewrite: asked as: When does it glow blue? (lamp))" in more.err
    assert "## When does it glow blue?" in filled("chats", "export", "last").out
    assert len(filled("chats", "export", listed["id"], "--json").json["turns"]) == 2
    assert "  2  What does the lamp do?" in filled("chats", "list").out
    assert filled("chats", "delete", listed["id"]).out == "deleted 1\n"
    assert filled("chats", "list").out == "no conversation is kept\n"
    assert filled("chat", "--resume", "last").code == 3
    assert filled("chat", "--resume", "abc", "--no-keep").code == 2
    unknown = filled("chats", "export", "nope")
    assert (unknown.code, "chats list" in unknown.err) == (3, True)


def test_what_was_answered_survives_a_kill(filled: Cli) -> None:
    talking = process("chat")
    assert talking.stdin is not None
    assert talking.stdout is not None
    talking.stdin.write("In how many minutes does the kettle boil one litre of water?\n")
    talking.stdin.flush()
    talking.stdout.readline()
    talking.kill()
    talking.communicate()
    (listed,) = filled("chats", "list", "--json").json["conversations"]
    assert listed["length"] == 1
    assert filled("doctor", "--check").code == 0


def test_chat_that_is_not_to_be_kept_leaves_nothing(filled: Cli) -> None:
    said = filled("chat", "--no-keep", "--json", typed="What does the lamp do?\nWhen does it glow blue?\n")
    assert said.json["conversation"] == ""
    assert said.json["turns"][1]["answer"]["steps"][0]["technique"] == "rewrite"
    assert filled("chats", "list", "--json").json == {"conversations": []}


def test_on_a_server_chat_keeps_only_when_told_to(filled: Cli) -> None:
    with serving() as (url, _):
        assert "kept as" not in filled("chat", "--server", url, typed="What glows blue?\n").err
        assert "kept as" in filled("chat", "--server", url, "--keep", typed="What glows blue?\n").err
        listed = json.loads(filled("chats", "list", "--server", url, "--json").out)["conversations"]
        assert [one["title"] for one in listed] == ["What glows blue?"]
        assert filled("chats", "delete", listed[0]["id"], "--server", url).code == 0
        assert filled("chats", "list", "--server", url).out == "no conversation is kept\n"


def test_replaced_answers_compare_equal_after_a_round_trip(library: Library) -> None:
    answer = library.ask(Query("What glows blue at night?", conversation="new"))
    (turn,) = library.conversations.get(answer.conversation).turns
    assert replace(turn.answer, conversation=answer.conversation) == replace(answer, hits=())
