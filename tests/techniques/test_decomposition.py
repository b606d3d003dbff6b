"""A question answered in parts: side by side, or each part seeing the answers before it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from citewell.library import Library
from citewell.model import Delta, Document, Prompt, Query
from citewell.testing import ScriptedChat
from tests.scripted import Keyed, Open, opened

__all__ = ["opened"]
WHOLE = "Where was the maker of the lamp born?"
MAKER, BORN = "Who made the lamp?", "Where was Ada Brook born?"
PARTED = f"1. {MAKER}\n2. {BORN}"


def asked(name: str) -> Query:
    return Query(WHOLE, techniques=(name,))


def filled(library: Library) -> Library:
    library.add(Document("maker", "The lamp was made by Ada Brook."))
    library.add(Document("born", "Ada Brook was born in Leeds."))
    for number in range(6):
        library.add(Document(f"other{number}", f"Where was the maker of lamp number {number} born? Unknown."))
    return library


def test_each_part_sees_the_answers_before_it_and_the_whole_sees_all(opened: Open) -> None:
    replies = ("The lamp was made by Ada Brook [1].", "Ada Brook was born in Leeds [1].")
    chat = ScriptedChat(PARTED, *replies, "Ada Brook, who made the lamp, was born in Leeds [2].")
    answer = filled(opened(chat, passages=3)).ask(asked("decomposition-recursive"))
    _, first, second, whole = (prompt.messages[-1].content for prompt in chat.prompts)
    assert MAKER in first
    assert "Worked out before" not in first
    assert f"Question: {MAKER}\nAnswer: The lamp was made by Ada Brook." in second
    assert f"Question: {BORN}\nAnswer: Ada Brook was born in Leeds." in whole
    assert answer.citations[0].document_id == "born"
    (step,) = answer.steps
    assert step.calls == 3
    assert step.did == f"{MAKER} → The lamp was made by Ada Brook. | {BORN} → Ada Brook was born in Leeds."
    assert answer.usage.completion_tokens > step.usage.completion_tokens > 0


def test_what_parts_cite_is_shown_for_the_whole_before_all_else(opened: Open) -> None:
    chat = Keyed({"Part the question": PARTED, WHOLE: "Leeds [1].", MAKER: "The lamp was made by Ada Brook [1].",
                  BORN: "Ada Brook was born in Leeds [1]."})  # fmt: skip
    answer = filled(opened(chat, passages=2)).ask(asked("decomposition"))
    assert [one.document.id for one in answer.hits] == ["maker", "born"]


class Gathering(Keyed):
    """Answers a part only when the other is being asked for as well."""

    both = 0

    async def stream(self, prompt: Prompt) -> AsyncIterator[Delta]:
        if prompt.question in (MAKER, BORN):
            self.both += 1
            while self.both < 2:
                await asyncio.sleep(0.001)
        async for delta in super().stream(prompt):
            yield delta


@pytest.mark.timeout(60)
def test_parts_that_do_not_need_each_other_are_answered_side_by_side(opened: Open) -> None:
    chat = Gathering(
        {"Part the question": PARTED, WHOLE: "Leeds [1].", MAKER: "Ada [1].", BORN: "Leeds [1]."}
    )
    filled(opened(chat)).ask(asked("decomposition"))
    assert chat.both == 2


def test_a_part_without_an_answer_is_no_note(opened: Open) -> None:
    chat = Keyed({"Part the question": PARTED, WHOLE: "Ada Brook was born in Leeds [1].",
                  MAKER: "The documents do not answer this question.", BORN: "Something invented."})  # fmt: skip
    answer = filled(opened(chat)).ask(asked("decomposition"))
    assert "Worked out before" not in chat.prompts[-1].messages[-1].content
    assert answer.steps[0].did == f"{MAKER} → no answer | {BORN} → no answer"


@pytest.mark.parametrize("said", ["", WHOLE, f"1. {WHOLE}\n"])
@pytest.mark.parametrize("name", ["decomposition", "decomposition-recursive"])
def test_a_simple_question_is_answered_as_it_is(opened: Open, name: str, said: str) -> None:
    chat = ScriptedChat(said, "Ada Brook was born in Leeds [1].")
    (step,) = filled(opened(chat)).ask(asked(name)).steps
    assert (step.technique, step.did, step.calls) == (name, "the model named no parts", 1)
