"""Follow-ups stand by themselves before anything is searched; what points at nothing is asked back, once."""

from __future__ import annotations

import pytest

from citewell.errors import BadInput
from citewell.library import Library
from citewell.model import Document, Message, Query
from citewell.techniques.carry import carried, leans
from citewell.techniques.clarify import points
from citewell.testing import ScriptedChat
from tests.scripted import Open, opened

__all__ = ["opened"]
BEFORE = (
    Message("user", "What colour is the harbour lantern?"),
    Message("assistant", "The harbour lantern is green [1]."),
)


def said(*questions: str) -> tuple[Message, ...]:
    return tuple(
        turn for text in questions for turn in (Message("user", text), Message("assistant", "It is so."))
    )


def harbour(library: Library) -> Library:
    library.add(Document("harbour", "The harbour lantern burns whale oil since 1820.", "Harbour lantern"))
    library.add(Document("stove", "The kitchen stove burns dry birch wood.", "Kitchen stove"))
    return library


@pytest.mark.parametrize(
    ("question", "before", "terms"),
    [
        ("What does it burn?", "Who built the harbour lantern?", "built harbour lantern"),
        ("What about the stove?", "What does the harbour lantern burn?", "harbour lantern burn"),
        ("Why?", "The lantern was moved in 1820.", "lantern moved 1820"),
        ("Are these lamps sold there?", "Which lamps does Hull make?", "Hull make"),
        ("And in winter?", "thanks", ""),
    ],
)
def test_what_leans_carries_what_was_named_before(question: str, before: str, terms: str) -> None:
    assert " ".join(" ".join(carried(question, said(before))).split()) == terms


@pytest.mark.parametrize(
    "question",
    [
        "What does the kitchen stove burn?",
        "Is it possible to move a lantern to another harbour?",
        "If I buy a stove, can I return it?",
        "How old was Peyton Manning when he played in the final?",
        "Is there a lighthouse keeper in Hull?",
        "Which lamps that burn oil are green?",
    ],
)
def test_a_question_that_stands_by_itself_is_left_as_it_is(question: str) -> None:
    assert not leans(question)
    assert carried(question, BEFORE) == ()


def test_carrying_goes_back_to_the_last_question_that_stood_by_itself() -> None:
    history = said(
        "Who sells whale oil in Hull?", "What does the harbour lantern burn?", "thanks", "Is it green?"
    )
    assert carried("And how bright is it?", history) == ("green", "harbour lantern burn")


def test_a_person_is_looked_for_in_the_answer() -> None:
    history = (Message("user", "Who built the lantern?"), Message("assistant", "Ada Marsh built it [1]."))
    assert carried("When was she born?", history)[0] == "Ada Marsh"


def test_what_is_carried_has_an_end() -> None:
    long = " ".join(f"the lantern{n} of" for n in range(10_000))
    assert len(" ".join(carried("Why is it so?", said(long))).split()) <= 12


def test_without_a_model_a_follow_up_finds_what_the_conversation_is_about(opened: Open) -> None:
    library = harbour(opened(ScriptedChat("It burns whale oil [1]."), rewrite="carry"))
    answer = library.ask(Query("What does it burn?", history=BEFORE))
    (step,) = answer.steps
    assert (step.technique, step.calls) == ("rewrite", 0)
    assert step.did == "asked as: What does it burn? (colour; harbour lantern)"
    assert answer.hits[0].passage.document_id == "harbour"


def test_a_model_rewrites_before_any_other_technique_and_answers_what_was_asked(opened: Open) -> None:
    chat = ScriptedChat(
        '"What does the harbour lantern burn?"', "What fuel has the lantern?", "It burns whale oil [1]."
    )
    library = harbour(opened(chat, techniques="multi-query"))
    answer = library.ask(Query("What does it burn?", history=BEFORE))
    assert [step.technique for step in answer.steps] == ["rewrite", "multi-query"]
    assert answer.steps[0].did == "asked as: What does the harbour lantern burn?"
    assert answer.steps[0].usage.completion_tokens > 0
    rewrites, rewords, writes = chat.prompts
    assert "assistant: The harbour lantern is green [1]." in rewrites.messages[1].content
    assert "What does the harbour lantern burn?" in rewords.messages[1].content
    assert [turn.content for turn in writes.messages[1:3]] == [turn.content for turn in BEFORE]
    assert writes.messages[-1].content.endswith("Question: What does it burn?")
    assert answer.verdict == "answered"


def test_a_model_that_answers_instead_of_rewriting_is_not_believed(opened: Open) -> None:
    chat = ScriptedChat("The lantern burns oil.\n\nIt always did.", "It burns whale oil [1].")
    answer = harbour(opened(chat)).ask(Query("What does it burn?", history=BEFORE))
    assert answer.steps[0].did == "asked as: What does it burn? (colour; harbour lantern)"
    assert answer.steps[0].calls == 1


def test_rewriting_can_be_switched_off_and_needs_a_model_to_ask_one(opened: Open) -> None:
    library = harbour(opened(ScriptedChat("It burns whale oil [1]."), rewrite="off"))
    assert library.ask(Query("What does it burn?", history=BEFORE)).steps == ()
    with pytest.raises(BadInput, match=r"chat.rewrite is 'model'.*carry"):
        opened(ScriptedChat(), model="extract", rewrite="model")


@pytest.mark.parametrize(
    ("history", "words"),
    [
        (BEFORE[:1], r"ends with 'What colour.*no answer"),
        ((Message("user", " "), BEFORE[1]), r"turn 1 .* is empty"),
        ((Message("robot", "x"), BEFORE[1]), r"turn 1 .*user or assistant"),  # type: ignore[arg-type]
        (BEFORE * 51, r"102 turns; send the last 100"),
    ],
)
def test_a_history_that_is_none_is_refused(opened: Open, history: tuple[Message, ...], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        opened(ScriptedChat()).ask(Query("What does it burn?", history=history))


def test_a_question_that_names_nothing_is_asked_back_once(opened: Open) -> None:
    library = harbour(opened(ScriptedChat("[1]", "[1]"), rewrite="carry", model="extract"))
    asked = library.ask(Query("Can you tell me more about it?"))
    assert asked.verdict == "refused"
    assert asked.text.startswith("Which do you mean: ")
    assert asked.text.count(",") == 3
    assert "Kitchen stove" in asked.text
    history = (Message("user", "Can you tell me more about it?"), Message("assistant", asked.text))
    again = library.ask(Query("that", history=history))
    assert not again.text.startswith("Which do you mean")


def test_the_reply_to_a_question_back_is_read_with_what_was_asked(opened: Open) -> None:
    library = harbour(opened(ScriptedChat("The kitchen stove burns dry birch wood [1]."), rewrite="carry"))
    history = (Message("user", "What does it burn?"), Message("assistant", "Which do you mean: A, B, or C?"))
    answer = library.ask(Query("the kitchen stove", history=history))
    assert answer.steps[0].did == "asked as: What does it burn? (the kitchen stove)"
    assert answer.citations[0].document_id == "stove"


def test_a_refusal_asks_back_where_a_question_points_at_nothing(opened: Open) -> None:
    refusal = "The documents do not answer this question."
    chat = ScriptedChat(refusal, "Which do you mean, the lamp or the stove?", refusal, "CLEAR", refusal)
    library = harbour(opened(chat))
    asked = library.ask(Query("How heavy is it?"))
    assert asked.text == "Which do you mean, the lamp or the stove?"
    assert [step.technique for step in asked.steps] == ["clarify"]
    assert "- Kitchen stove" in chat.prompts[1].messages[1].content
    assert "found no passage" in library.ask(Query("How heavy is it?")).text
    assert "found no passage" in library.ask(Query("How heavy is the harbour lantern?")).text


@pytest.mark.parametrize(
    ("question", "before", "unnamed"),
    [
        ("Which services does this state library offer?", (), True),
        ("Who may file for this type of violence?", said("What does a court do?"), True),
        ("How do I reset this particular model?", (), True),
        ("How much of the firm does this partner own?", said("What may a partner decide?"), False),
        ("If two numbers are multiplied, what is this product called?", (), False),
        ("What does this manual say about oil?", (), False),
        ("How do I mend this error: no space left?", (), False),
        ("Is this published?", (), False),
        ("Are these the only steps?", (), False),
    ],
)
def test_one_of_a_kind_that_nobody_spoke_of_is_told_from_one_that_somebody_did(
    question: str, before: tuple[Message, ...], unnamed: bool
) -> None:
    assert points(question, before) is unnamed


def test_a_question_about_one_of_a_kind_is_asked_back_once_before_it_is_answered(opened: Open) -> None:
    library = harbour(opened(ScriptedChat("[1]"), rewrite="carry", model="extract"))
    asked = library.ask(Query("What does this particular lamp burn?"))
    assert (asked.verdict, asked.citations) == ("refused", ())
    assert asked.text.startswith("Which do you mean: ")
    history = (Message("user", "What does this particular lamp burn?"), Message("assistant", asked.text))
    assert not library.ask(Query("this particular stove", history=history)).text.startswith(
        "Which do you mean"
    )
