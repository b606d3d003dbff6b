"""Multi-query, and how techniques are chosen, shown and refused."""

from __future__ import annotations

import pytest

from citewell.errors import BadInput, Unsupported
from citewell.model import Document, HitsFound, Query, Step, Usage
from citewell.testing import ScriptedChat
from tests.scripted import Open, opened

__all__ = ["opened"]
ASKED = Query("What colour is the lamp?", techniques=("multi-query",))
REWORDED = "1. Which hue has the lantern?\n- Which hue has the lantern?\nWhat colour is the lamp?\n"


def test_other_wordings_find_what_the_question_does_not_and_are_shown(opened: Open) -> None:
    chat = ScriptedChat(REWORDED, "The lantern has a hue of blue [2].")
    library = opened(chat, passages=2)
    library.add(Document("lantern", "The lantern has a hue of blue.", "Hue"))
    for number in range(8):
        library.add(Document(f"other{number}", f"What colour is the lamp? Nobody knows, {number}.", "Lamp"))
    answer = library.ask(ASKED)
    assert answer.citations[0].document_id == "lantern"
    (step,) = answer.steps
    assert (step.technique, step.did, step.calls) == (
        "multi-query",
        "asked also: Which hue has the lantern?",
        1,
    )
    assert step.usage.completion_tokens > 0
    assert answer.usage.completion_tokens > step.usage.completion_tokens
    assert not chat.prompts[0].hits


def test_a_question_may_name_its_own_techniques_or_none(opened: Open) -> None:
    chat = ScriptedChat("In other words.", "Blue.", "Blue.")
    library = opened(chat, techniques="multi-query")
    assert [step.technique for step in library.ask(Query("What glows?")).steps] == ["multi-query"]
    assert library.ask(Query("What glows?", techniques=())).steps == ()


def test_an_unknown_technique_is_refused_by_name(opened: Open) -> None:
    with pytest.raises(BadInput, match=r"no technique 'telepathy'.*multi-query"):
        opened(ScriptedChat(), techniques="telepathy")
    with pytest.raises(BadInput, match="no technique 'telepathy'"):
        opened(ScriptedChat()).ask(Query("What glows?", techniques=("telepathy",)))


def test_extract_cannot_be_asked_for_other_words(opened: Open) -> None:
    with pytest.raises(Unsupported, match=r"multi-query.*set chat.model"):
        opened(ScriptedChat(), model="extract").ask(ASKED)


async def events(library, query):  # type: ignore[no-untyped-def]
    return [event async for event in library.stream(query)]


def test_steps_are_told_before_the_passages(opened: Open) -> None:
    import asyncio

    library = opened(ScriptedChat("In other words.", "The lamp glows blue at night [1]."))
    first, second, *_ = asyncio.run(events(library, ASKED))
    assert isinstance(first, Step)
    assert isinstance(second, HitsFound)
    assert first.usage != Usage()
