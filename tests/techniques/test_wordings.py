"""Techniques that ask in other words: RAG-fusion, step-back and HyDE."""

from __future__ import annotations

from citewell.model import Document, Found, Hit, Query
from citewell.techniques.merge import fused, taking_turns
from citewell.testing import ScriptedChat
from tests.scripted import Open, opened
from tests.techniques.shelf import hit

__all__ = ["opened"]
QUESTION = "What colour is the lamp?"
A, B, C, D = (hit(name) for name in "abcd")


def ids(hits: tuple[Hit, ...]) -> str:
    return "".join(one.passage.id for one in hits)


def test_what_several_lists_hold_rises_when_they_are_fused_and_not_when_they_take_turns() -> None:
    lists = [(A, B), (C, B), (D, B)]
    assert ids(fused(lists, 3)) == "bac"
    assert ids(taking_turns(lists, 3)) == "acd"
    best = fused(lists, 1)[0]
    assert best.stages[-1].name == "rag-fusion"
    assert round(best.score, 6) == round(3 / 62, 6) == round(best.stages[-1].score, 6)


def test_rag_fusion_asks_once_for_other_words_and_says_which(opened: Open) -> None:
    chat = ScriptedChat("Which hue has it?\nIs it blue?", "The lamp glows blue at night [1].")
    library = opened(chat, passages=1)
    library.add(Document("red", "What colour is the lamp? Is it red? Which hue?"))
    answer = library.ask(Query(QUESTION, techniques=("rag-fusion",)))
    assert [(one.technique, one.did, one.calls) for one in answer.steps] == [
        ("rag-fusion", "asked also: Which hue has it? | Is it blue?", 1)
    ]
    assert answer.hits[0].stages[-1].name == "rag-fusion"


def test_the_general_question_finds_the_background(opened: Open) -> None:
    chat = ScriptedChat("How do lanterns work?", "Lanterns work by wick [2].")
    library = opened(chat, passages=2)
    library.add(Document("how", "Lanterns work by wick. That is how lanterns do work."))
    for number in range(6):
        library.add(Document(f"lamp{number}", f"What colour is the lamp {number}?"))
    answer = library.ask(Query(QUESTION, techniques=("step-back",)))
    assert answer.citations[0].document_id == "how"
    assert answer.steps[0].did == "asked also: How do lanterns work?"


def test_no_general_question_is_no_failure(opened: Open) -> None:
    answer = opened(ScriptedChat("", "The lamp glows blue at night [1].")).ask(
        Query(QUESTION, techniques=("step-back",))
    )
    assert answer.steps[0].did == "the model gave no more general question"
    assert answer.verdict == "answered"


def test_an_imagined_passage_finds_by_meaning_what_the_question_does_not(opened: Open) -> None:
    chat = ScriptedChat("Zinc oxide yields azure.", "Zinc oxide yields azure tints [1].")
    library = opened(chat, passages=2)
    library.add(Document("azure", "Zinc oxide yields azure tints."))
    for number in range(8):
        library.add(Document(f"lamp{number}", f"What colour is it? Who knows, {number}."))
    asked = Query(QUESTION, mode="dense", techniques=())
    assert "azure" not in [one.document.id for one in library.search(asked)[:2]]
    answer = library.ask(Query(QUESTION, mode="dense", techniques=("hyde",)))
    assert answer.hits[0].document.id == "azure"
    assert answer.steps[0].did == "imagined: Zinc oxide yields azure."
    assert chat.prompts[1].question == QUESTION
    assert "Zinc oxide yields azure." not in chat.prompts[1].messages[-1].content.replace("azure tints", "")


def test_search_by_words_is_not_led_by_an_invention(opened: Open) -> None:
    chat = ScriptedChat("The lamp glows blue at night [1].")
    (step,) = opened(chat).ask(Query(QUESTION, mode="keyword", techniques=("hyde",))).steps
    assert (step.did, step.calls) == ("left alone: keyword search does not go by meaning", 0)


def test_a_hybrid_search_keeps_the_question_s_words(opened: Open) -> None:
    library = opened(ScriptedChat("Zinc.", "The lamp glows blue at night [1]."))
    library.add(Document("zinc", "Zinc."))
    answer = library.ask(Query("lamp", techniques=("hyde",)))
    by_words = [one.document.id for one in answer.hits for stage in one.stages if stage.name == "keyword"]
    assert by_words == ["lamp"]


def test_found_may_be_nothing() -> None:
    assert fused([], 3) == taking_turns([(), ()], 3) == ()
    assert Found(Query("x"), ()).answer is None
