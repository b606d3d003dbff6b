"""How likely it is that the passages answer, and what in a question speaks against it."""

import pytest
from shelf import FERRY, LIGHTHOUSE, hit, shelf

from citewell.answer import judge, quotes_of
from citewell.answer.clash import clashes
from citewell.answer.evidence import kind_of
from citewell.answer.support import Saying
from citewell.model import Hit


def against(question: str, sentence: str, passage: str = "") -> list[str]:
    found = clashes(Saying(question), kind_of(question), Saying(sentence), Saying(f"{passage} {sentence}"))
    return [name for name, value in found.items() if value]


@pytest.mark.parametrize(
    ("question", "clash"),
    [
        ("What did Agnes Mallory build in 1874?", []),
        ("What did Agnes Malory build on Corran Point?", []),
        ("What did Maeve Tully build on Corran Point?", ["names"]),
        ("What was built on Corran Point in 1875?", ["numbers"]),
        ("What was built on Corran Point in '74?", []),
        ("What was not built by Agnes Mallory?", ["denial"]),
        ("Why can't I see what Agnes Mallory built in my 2 boats?", []),
    ],
)
def test_a_question_clashes_with_other_names_figures_and_denials(question: str, clash: list[str]) -> None:
    assert against(question, LIGHTHOUSE.split(". ")[0]) == clash


def test_an_opposite_in_the_sentence_clashes() -> None:
    sentence = "The upper canal was regulated in 1850."
    assert against("When was the lower canal regulated?", sentence) == ["opposite"]
    assert against("When was the upper canal regulated?", sentence) == []


def test_a_clash_makes_an_answer_less_likely() -> None:
    hits = [hit(LIGHTHOUSE, "Corran Point", dense=0.7), hit(FERRY, "Ferries", dense=0.2)]
    asked = judge("Who built the lighthouse on Corran Point in 1874?", hits).likely
    assert judge("Who built the lighthouse on Corran Point in 1934?", hits).likely < asked
    assert judge("Who built the lighthouse on Ardmore Point in 1874?", hits).likely < asked
    assert judge("Who didn't build the lighthouse on Corran Point in 1874?", hits).likely < asked


def test_an_answer_is_likelier_the_closer_its_passage_and_the_farther_the_next() -> None:
    def likely(first: float, second: float) -> float:
        hits = [hit(LIGHTHOUSE, "Corran Point", dense=first), hit(FERRY, "Ferries", dense=second)]
        return judge("Was the lamp automated?", hits).likely

    assert likely(0.3, 0.2) < likely(0.6, 0.5) < likely(0.6, 0.2)


def test_without_hits_nothing_is_likely_and_without_vectors_words_decide() -> None:
    assert judge("Anything?", []).likely == 0
    assert (
        judge("Which enzyme unwinds DNA?", shelf()).likely
        < 0.1
        < judge("How tall is the tower?", shelf()).likely
    )


def test_passages_of_code_alone_are_judged_but_not_quoted() -> None:
    code: Hit = hit("```\n[cache]\ncache_size = 64\n```", "cache_size", dense=0.8)
    judged = judge("cache_size", [code])
    assert judged.likely > 0.1
    assert quotes_of(judged) == ()
