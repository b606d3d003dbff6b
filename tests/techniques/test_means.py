"""What all techniques stand on: asking a model, doing things side by side, and ending them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from citewell.errors import ProviderError
from citewell.library import Library
from citewell.model import Delta, Document, Prompt, Query, Usage
from citewell.techniques import Said, together
from citewell.testing import ScriptedChat
from tests.scripted import Open, Waiting, opened

__all__ = ["opened"]
ASKED = Query("What colour is the lamp?", techniques=("multi-query",))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("1. One\n2) Two\n\n- Three\n* Four", ["One", "Two", "Three"]),
        ("3D printers?\n3D printers?", ["3D printers?"]),
        ("", []),
    ],
)
def test_lines_come_without_marks_and_repeats(text: str, lines: list[str]) -> None:
    assert Said(text, Usage()).lines(3) == lines


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("Yes.", "yes"),
        ("**no**", "no"),
        ("yes-man", None),
        ("yes or no", None),
        ("nothing", None),
        ("", None),
    ],
)
def test_a_choice_is_one_of_the_names_and_no_other(text: str, choice: str | None) -> None:
    assert Said(text, Usage()).choice(["yes", "no"]) == choice


def test_when_one_of_several_fails_the_others_end() -> None:
    ended = []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("endless")

    async def failing() -> None:
        await asyncio.sleep(0)
        raise ProviderError("overloaded")

    with pytest.raises(ProviderError, match="overloaded"):
        asyncio.run(together([endless(), failing(), endless()]))
    assert ended == ["endless", "endless"]


def test_who_hangs_up_while_a_technique_asks_ends_the_call(opened: Open) -> None:
    chat = Waiting()
    library = opened(chat)

    async def hang_up(library: Library) -> None:
        stream = library.stream(ASKED)
        asked = asyncio.ensure_future(anext(stream))
        while not chat.begun:
            await asyncio.sleep(0.001)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked

    asyncio.run(hang_up(library))
    assert (chat.begun, chat.ended) == (1, 1)


class Thinking(ScriptedChat):
    """Thinks first, unasked."""

    async def stream(self, prompt: Prompt) -> AsyncIterator[Delta]:
        yield Delta("<think>")
        async for delta in super().stream(prompt):
            yield delta


def test_what_a_model_thinks_is_no_other_wording(opened: Open) -> None:
    chat = Thinking("Another lamp?\n</think>\nWhich hue?", "x</think>The lamp glows blue at night [1].")
    (step,) = opened(chat).ask(ASKED).steps
    assert step.did == "asked also: Which hue?"


def test_a_technique_shows_no_more_passages_than_are_configured(opened: Open) -> None:
    library = opened(ScriptedChat("Which hue?", "The lamp glows blue at night [1]."), passages=2)
    for number in range(6):
        library.add(Document(f"hue{number}", f"Which hue has number {number}?"))
    assert len(library.ask(ASKED).hits) == 2
