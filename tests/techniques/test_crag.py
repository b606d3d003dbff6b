"""Corrective RAG: wrong passages are dropped, and where none is right it is asked again."""

from __future__ import annotations

from citewell.library import Library
from citewell.model import Document, Query
from tests.scripted import Keyed, Open, opened

__all__ = ["opened"]
ASKED = Query("What colour is the lamp?", techniques=("crag",))
GRADE, AGAIN = "You grade a passage", "did not find its answer"
ANSWER = {"You answer questions": "The lantern has a hue of azure [1]."}


def filled(library: Library) -> Library:
    library.add(Document("who", "What colour is the lamp? Who knows."))
    library.add(Document("hue", "The lantern has a hue of azure."))
    return library


def grade_of(passage: str) -> str:
    """The end of a prompt that asks for the grade of a passage that ends so."""
    return f"{passage}\n</passage>\n\nQuestion: {ASKED.text}\nGrade:"


def test_wrong_passages_are_not_shown_and_correct_ones_come_first(opened: Open) -> None:
    good, fair = grade_of("a hue of azure."), grade_of("blue at night.")
    chat = Keyed({good: "correct", fair: "Ambiguous.", GRADE: "wrong"} | ANSWER)
    answer = filled(opened(chat)).ask(ASKED)
    assert [hit.document.id for hit in answer.hits] == ["hue", "lamp"]
    assert (answer.steps[0].did, answer.steps[0].calls) == ("1 correct, 1 ambiguous, 1 wrong", 3)
    assert answer.citations[0].document_id == "hue"
    assert "<passage>" in chat.prompts[0].messages[-1].content


def test_without_a_correct_passage_it_is_searched_again_and_only_new_ones_are_graded(opened: Open) -> None:
    chat = Keyed(
        {grade_of("a hue of azure."): "correct", AGAIN: "Lantern hue azure?", GRADE: "wrong"} | ANSWER
    )
    library = filled(opened(chat, passages=1))
    answer = library.ask(ASKED)
    assert [hit.document.id for hit in answer.hits] == ["hue"]
    assert answer.steps[0].did == "1 wrong; searched again: Lantern hue azure?: 1 correct"
    assert answer.steps[0].calls == 3
    assert chat.prompts[-1].question == ASKED.text


def test_what_is_not_understood_is_kept(opened: Open) -> None:
    chat = Keyed({GRADE: "correct or wrong, who knows", AGAIN: ""} | ANSWER)
    answer = filled(opened(chat)).ask(ASKED)
    assert len(answer.hits) == 3
    assert answer.steps[0].did == "3 ambiguous; the model gave no other words"


def test_where_all_is_wrong_the_answer_is_a_refusal(opened: Open) -> None:
    chat = Keyed({GRADE: "wrong", AGAIN: "Which?"})
    answer = filled(opened(chat)).ask(ASKED)
    assert (answer.verdict, answer.hits) == ("refused", ())
    assert answer.steps[0].did == "3 wrong; searched again: Which?: nothing new to grade"
