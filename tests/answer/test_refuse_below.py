"""A question that the passages hardly answer is refused before a model is paid."""

import asyncio
from collections.abc import Sequence

from shelf import shelf

from citewell.answer import Judged, judge
from citewell.answering import Answering
from citewell.composing import Composing
from citewell.model import Answer, Done, Found, Message, Query
from citewell.protocols import Chat
from citewell.techniques import Ask, Means
from citewell.testing import ScriptedChat

ASKED, FOREIGN = "Who built the lighthouse on Corran Point?", "Which enzyme unwinds DNA?"


def ask(question: str, chat: Chat, refuse_below: float, *before: Message) -> Answer:
    def judged(found: Found) -> Judged:
        return judge(found.query.text, found.hits)

    async def find(query: Query) -> Found:
        return Found(query, tuple(shelf()))

    async def drain() -> Answer:
        writing = Composing(chat, None, lambda query: (3, 3), judged, refuse_below)
        answering = Answering(writing, means(writing), no_technique)
        events = [event async for event in answering(Query(question, history=before), find)]
        assert isinstance(events[-1], Done)
        return events[-1].answer

    return asyncio.run(drain())


def means(writing: Composing) -> Means:
    def embed(texts: Sequence[str]) -> None:
        raise AssertionError("no technique is asked for")

    return Means(Ask(None, {}.__getitem__), embed, writing, dict)  # type: ignore[arg-type]


def no_technique(name: str) -> None:
    raise AssertionError(name)


def test_a_hopeless_question_is_refused_without_asking_the_model() -> None:
    chat = ScriptedChat("Helicase unwinds DNA [1].")
    answer = ask(FOREIGN, chat, 0.1)
    assert answer.verdict == "refused"
    assert answer.confidence < 0.1
    assert chat.prompts == []


def test_a_question_that_may_be_answered_is_asked_with_the_sentences_that_answer() -> None:
    chat = ScriptedChat("The lighthouse was built by the engineer Agnes Mallory [1].")
    answer = ask(ASKED, chat, 0.1)
    assert answer.verdict == "answered"
    assert answer.confidence > 0.1
    assert "Agnes Mallory" in (chat.prompts[0].quotes or ("",))[0]


def test_zero_asks_always_and_a_refusal_still_says_how_likely_an_answer_was() -> None:
    chat = ScriptedChat("Helicase unwinds DNA [1].")
    answer = ask(FOREIGN, chat, 0.0)
    assert len(chat.prompts) == 1
    assert (answer.verdict, answer.confidence < 0.1) == ("refused", True)


def test_a_follow_up_is_left_to_the_model_that_sees_the_conversation() -> None:
    chat = ScriptedChat("It was built by the engineer Agnes Mallory [1].")
    ask(
        "And which engineer was it?",
        chat,
        0.99,
        Message("user", "When was the lighthouse built?"),
        Message("assistant", "In 1902."),
    )
    assert len(chat.prompts) == 1
