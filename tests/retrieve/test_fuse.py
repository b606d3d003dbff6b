"""Fusing rankings: ranks alone are RRF; what stands deeper changes nothing above; votes only reorder."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citewell.model import Query, Stage
from citewell.retrieve import Candidate, Fuse, Pool, Ranker

ANY = Query("?", limit=10)
IDS = [f"{document:018d}-{place}" for document in range(6) for place in range(5)]


def ranker(ranked: list[tuple[str, float]]) -> Ranker:
    found = [Candidate(one, score, (Stage("words", n, score),)) for n, (one, score) in enumerate(ranked, 1)]
    return lambda query: found[: query.limit]


@st.composite
def rankings(draw: st.DrawFn) -> list[tuple[str, float]]:
    ids = draw(st.lists(st.sampled_from(IDS), unique=True, max_size=20))
    scores = draw(st.lists(st.floats(0.1, 50), min_size=len(ids), max_size=len(ids)))
    return list(zip(ids, sorted(scores, reverse=True), strict=True))


@given(rankings(), rankings())
def test_balance_0_is_reciprocal_rank_fusion(
    one: list[tuple[str, float]], other: list[tuple[str, float]]
) -> None:
    expected: dict[str, float] = defaultdict(float)
    for ranked in (one, other):
        for rank, (name, _) in enumerate(ranked, 1):
            expected[name] += 61 / (60 + rank)
    found = Fuse((ranker(one), ranker(other)), (1.0, 1.0), 100, 60, balance=0.0)(ANY)
    assert {each.id: each.score for each in found} == pytest.approx(dict(expected))
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)


@given(rankings(), st.integers(1, 20))
def test_what_stands_deeper_than_depth_changes_no_score_above(
    ranked: list[tuple[str, float]], depth: int
) -> None:
    shallow = {one.id: one.score for one in Fuse((ranker(ranked[:depth]),), (1.0,), depth)(ANY)}
    deep = {one.id: one.score for one in Fuse((ranker(ranked),), (1.0,), depth)(Query("?", limit=1000))}
    assert {name: deep[name] for name in shallow} == pytest.approx(shallow)


@given(rankings())
def test_votes_lose_and_add_nothing_and_say_the_new_rank(ranked: list[tuple[str, float]]) -> None:
    found = Pool(ranker(ranked))(Query("?", limit=100))
    assert sorted(one.id for one in found) == sorted(name for name, _ in ranked)
    assert [one.stages[-1].rank for one in found] == list(range(1, len(found) + 1))


def test_several_good_passages_of_a_document_lift_it_above_one_that_is_a_little_better() -> None:
    alone = [(f"{9:018d}-0", 10.0)]
    crowd = [(f"{1:018d}-{place}", 9.5) for place in range(5)]
    rest = [(f"{2:018d}-{place}", 1.0) for place in range(5)]
    assert Pool(ranker([*alone, *crowd, *rest]))(Query("?", limit=100))[0].id.startswith(f"{1:018d}")


def test_the_only_passage_of_a_ranking_counts_in_full() -> None:
    near, far = f"{1:018d}-0", f"{2:018d}-0"
    dense, words = ranker([(near, 0.5), (far, 0.4)]), ranker([(far, 3.0)])
    found = Fuse((dense, words), (1.0, 1.0), 100)(ANY)
    assert [one.id for one in found] == [far, near]
