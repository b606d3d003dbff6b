"""Neighbouring words of the question, side by side in a passage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citewell.explain.words import hit_text
from citewell.index.lexical import words
from citewell.model import Document, Query, Stage
from citewell.retrieve import Candidate, Proximity, Ranker
from citewell.retrieve.constants import PAIR_WEIGHT
from tests.retrieve.shelf import opened

PASSAGES = st.lists(
    st.tuples(st.floats(0, 2), st.lists(st.sampled_from(["cold", "start", "the", "engine"])).map(" ".join)),
    max_size=12,
)


def given_by(scores: Sequence[float]) -> Ranker:
    ranked = sorted(scores, reverse=True)
    found = [Candidate(f"{n}", score, (Stage("fused", n, score),)) for n, score in enumerate(ranked, 1)]
    return lambda query: found


def proximity(scores: Sequence[float], texts: Mapping[str, str], depth: int = 30) -> Proximity:
    return Proximity(
        given_by(scores), lambda ids: {one: texts[one] for one in ids if one in texts}, words, 0.4, depth
    )


@given(PASSAGES, st.integers(1, 12))
def test_it_only_reorders_the_best_and_nothing_below_comes_above_them(
    passages: list[tuple[float, str]], depth: int
) -> None:
    texts = {f"{n}": text for n, (_, text) in enumerate(passages, 1)}
    scores = [score for score, _ in passages]
    before = given_by(scores)(Query("?"))
    after = proximity(scores, texts, depth)(Query("a cold start of the engine"))
    assert sorted(one.id for one in after[:depth]) == sorted(one.id for one in before[:depth])
    assert after[depth:] == before[depth:]
    assert [one.score for one in after] == sorted((one.score for one in after), reverse=True)
    assert [one.stages[-1].rank for one in after[:depth]] == list(range(1, len(after[:depth]) + 1))


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("After a cold start, the engine idles.", 1.0),  # stop words and endings are not seen
        ("Cold starts are slow.", 0.5),
        ("Start the cold engine.", 0.0),  # the order counts
        ("It was cold at the start.", 0.5),
        ("", 0.0),
    ],
)
def test_a_score_rises_by_the_share_of_the_pairs(text: str, share: float) -> None:
    found = proximity([1.0], {"1": text})(Query("cold starts of engines"))
    assert found[0].score == pytest.approx(1 + 0.4 * share)


def test_a_question_without_a_pair_reads_no_text() -> None:
    def unread(ids: Sequence[str]) -> dict[str, str]:
        raise AssertionError(ids)

    inner = given_by([1.0, 0.5])
    for question in ("router", "what is it", "router router", ""):
        assert Proximity(inner, unread, words)(Query(question)) == inner(Query(question))


def test_a_passage_whose_text_is_gone_keeps_its_score() -> None:
    assert proximity([1.0], {})(Query("cold start"))[0].score == 1.0


def test_hybrid_search_says_what_the_word_pairs_did(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.add(Document("apart", "The start of the engine is slow when the weather is cold."))
        library.add(Document("together", "The engine is slow in the weather of a cold start."))
        query = Query("cold start", limit=2)
        first = library.search(query)[0]
        assert (first.passage.document_id, first.stages[-1].name) == ("together", "word pairs")
        assert first.score == pytest.approx(first.stages[-2].score * (1 + PAIR_WEIGHT))
        assert "counting the question's word pairs: 1st" in hit_text(first)
        assert "word pairs" not in [
            stage.name for stage in library.search(replace(query, mode="dense"))[0].stages
        ]
