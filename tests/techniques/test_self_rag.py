"""Self-RAG: a draft is judged by the checker of citations, then by a model; one more search where it does not stand."""

from __future__ import annotations

import asyncio

import pytest

from citewell.library import Library
from citewell.model import Delta, Document, Done, HitsFound, Query, Step
from citewell.testing import ScriptedChat
from tests.scripted import Open, opened

__all__ = ["opened"]
ASKED = Query("What colour is the lamp?", techniques=("self-rag",))
GOOD, INVENTED = "The lamp glows blue at night [1].", "It was painted by monks in 1742 [1]."
REFUSAL = "The documents do not answer this question."


def filled(library: Library) -> Library:
    library.add(Document("hue", "The lantern has a hue of azure."))
    return library


@pytest.mark.parametrize(
    ("said", "did"),
    [
        ("Yes.", "supported and useful"),
        ("Hm.", "supported; the model did not say whether it is useful ('Hm.')"),
    ],
)
def test_a_draft_that_stands_is_the_answer_and_is_written_once(opened: Open, said: str, did: str) -> None:
    chat = ScriptedChat(GOOD, said)
    answer = filled(opened(chat)).ask(ASKED)
    assert answer.text == "The lamp glows blue at night [1]."
    assert (answer.steps[0].did, answer.steps[0].calls) == (did, 1)
    assert answer.prompt is not None
    assert answer.usage.completion_tokens == len(f"{GOOD} {said}".split())
    assert set(answer.seconds) == {"retrieve", "write", "check", "total"}
    assert all(value >= 0 for value in answer.seconds.values())


@pytest.mark.parametrize(
    ("draft", "verdict"), [(REFUSAL, "refused"), (INVENTED, "refused"), (f"{GOOD} {INVENTED}", "partial")]
)
def test_an_unsupported_draft_is_written_again_from_other_words(
    opened: Open, draft: str, verdict: str
) -> None:
    chat = ScriptedChat(draft, "Lantern hue of azure?", "The lantern has a hue of azure [1].")
    answer = filled(opened(chat, passages=1)).ask(ASKED)
    assert answer.citations[0].document_id == "hue"
    (step,) = answer.steps
    assert step.did == (
        f"the draft was {verdict}; searched again: Lantern hue of azure?; the second answer is kept"
    )
    assert step.calls == 2
    words = [draft, "Lantern hue of azure?", "The lantern has a hue of azure [1]."]
    assert answer.usage.completion_tokens == sum(len(one.split(" ")) for one in words)


def test_a_second_answer_that_is_no_better_is_dropped(opened: Open) -> None:
    chat = ScriptedChat(f"{GOOD} {INVENTED}", "Which hue?", REFUSAL)
    answer = filled(opened(chat)).ask(ASKED)
    assert answer.verdict == "partial"
    assert answer.citations[0].document_id == "lamp"
    assert answer.steps[0].did.endswith("the first answer is kept")


@pytest.mark.parametrize(
    ("second", "cited"), [("The lantern has a hue of azure [1].", "hue"), (REFUSAL, "lamp")]
)
def test_an_answer_beside_the_point_gives_way_to_a_supported_one(
    opened: Open, second: str, cited: str
) -> None:
    chat = ScriptedChat(GOOD, "no", "Lantern hue of azure?", second)
    answer = filled(opened(chat, passages=1)).ask(ASKED)
    assert answer.citations[0].document_id == cited
    assert answer.steps[0].did.startswith("supported, and not useful; searched again")


def test_no_other_words_leave_the_draft(opened: Open) -> None:
    answer = filled(opened(ScriptedChat(REFUSAL, ASKED.text))).ask(ASKED)
    assert answer.verdict == "refused"
    assert answer.steps[0].did == "the draft was refused; the model gave no other words"


def test_nobody_is_shown_a_draft_that_was_dropped(opened: Open) -> None:
    chat = ScriptedChat(INVENTED, "Lantern hue of azure?", "The lantern has a hue of azure [1].")
    library = filled(opened(chat, passages=1))

    async def events() -> list[object]:
        return [event async for event in library.stream(ASKED)]

    seen = asyncio.run(events())
    assert [type(one) for one in seen[:2]] == [Step, HitsFound]
    text = "".join(one.text for one in seen if isinstance(one, Delta))
    assert text == "The lantern has a hue of azure [1]."
    assert isinstance(seen[-1], Done)
    assert seen[-1].answer.text == text
    assert seen[1].hits == seen[-1].answer.hits  # type: ignore[attr-defined]
