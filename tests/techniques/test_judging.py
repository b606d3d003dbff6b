"""A second reader: sentences in other words are cited when the model says that the nearest quote supports them."""

from __future__ import annotations

import pytest

from citewell.errors import BadInput
from citewell.library import Library
from citewell.model import Document, Query
from tests.scripted import Keyed, Open, opened

__all__ = ["opened"]
ASKED = Query("When was the observatory finished?")
TEXT = "Workers completed the observatory on the hill in 1931. It cost twice what was planned. Visitors may climb it."
PARAPHRASE = "Building work at the observatory on that hilltop site came to an end during 1931."
ANSWER, JUDGE = "You answer questions", "You check a sentence against a quote"


def filled(library: Library) -> Library:
    library.add(Document("observatory", TEXT))
    return library


def said(answer: str, judged: str) -> Keyed:
    return Keyed({ANSWER: answer, JUDGE: judged})


@pytest.mark.parametrize("policy", ["mark", "strict"])
def test_what_the_model_says_is_supported_gets_the_nearest_quote(opened: Open, policy: str) -> None:
    chat = said(f"{PARAPHRASE} [1]", "yes")
    answer = filled(opened(chat, judge=True, policy=policy)).ask(ASKED)
    assert answer.verdict == "answered"
    (citation,) = answer.citations
    assert citation.quote == "Workers completed the observatory on the hill in 1931."
    assert TEXT[citation.start : citation.end] == citation.quote
    assert answer.text == f"{PARAPHRASE} [1]"
    (step,) = answer.steps
    assert (step.technique, step.calls) == ("judge", 1)
    assert step.did == "1 of 1 sentences in doubt are supported, says the model"
    shown = chat.prompts[-1].messages[-1].content
    assert f"<passage>\n[1] \n{citation.quote}\n</passage>" in shown
    assert PARAPHRASE in shown


@pytest.mark.parametrize("judged", ["no", "yes and no", "perhaps", ""])
def test_without_a_clear_yes_it_stays_unsupported(opened: Open, judged: str) -> None:
    answer = filled(opened(said(f"{PARAPHRASE} [1]", judged), judge=True)).ask(ASKED)
    assert (answer.verdict, answer.citations) == ("refused", ())
    assert answer.unsupported == (PARAPHRASE,)


@pytest.mark.parametrize(
    "sentence",
    [
        PARAPHRASE.replace("1931", "1932"),
        "Building work at the Griffith observatory on that hilltop site came to an end during 1931.",
        "Cats are fond of fish and of milk.",
    ],
)
def test_facts_are_not_lent_and_nothing_near_is_not_asked_about(opened: Open, sentence: str) -> None:
    chat = said(f"{sentence} [1]", "yes")
    answer = filled(opened(chat, judge=True)).ask(ASKED)
    assert answer.unsupported == (sentence,)
    assert len(chat.prompts) == 1
    assert not answer.steps


def test_what_the_checks_support_is_not_asked_about(opened: Open) -> None:
    chat = said("Workers completed the observatory on the hill in 1931. [1]", "no")
    assert filled(opened(chat, judge=True)).ask(ASKED).verdict == "answered"
    assert len(chat.prompts) == 1


def test_it_is_off_unless_asked_for_and_needs_a_model(opened: Open) -> None:
    chat = said(f"{PARAPHRASE} [1]", "yes")
    assert filled(opened(chat)).ask(ASKED).verdict == "refused"
    assert len(chat.prompts) == 1
    with pytest.raises(BadInput, match=r"chat\.judge"):
        opened(chat, model="extract", judge=True)


def test_the_tokens_of_the_judge_are_in_the_answers(opened: Open) -> None:
    answer = filled(opened(said(f"{PARAPHRASE} [1]", "yes"), judge=True)).ask(ASKED)
    judged = answer.steps[0].usage
    assert 0 < judged.completion_tokens < answer.usage.completion_tokens
