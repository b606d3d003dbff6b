"""An index against brute force: what both hold, what a filter lets through, how many of the best ten are found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from citewell.filters import Filter, matches
from citewell.model import Point
from citewell.protocols import Index
from citewell.testing.made import Made
from citewell.testing.oracle import Oracle


def filled(index: Index, points: Sequence[Point]) -> tuple[Index, Oracle]:
    """Put points into an index and into an oracle."""
    oracle = Oracle()
    oracle.put(points)
    index.put(points)
    return index, oracle


def passing(index: Index, where: Filter, dimensions: int = 32) -> set[str]:
    """Return all points that a filter lets through, by the index."""
    vector = Made(dimensions, 3).vectors(1)[0]
    return {one for one, _ in index.dense(vector, 10_000, where)}


def expected(oracle: Oracle, where: Filter) -> set[str]:
    """Return all points that a filter lets through."""
    return {one.id for one in oracle.points.values() if matches(one.fields, where)}


def overlap(index: Index, oracle: Oracle, made: Made, where: Filter | None = None) -> float:
    """Return the share of the exact ten nearest that the index finds among its ten."""
    known, rows = [one for one in oracle.points.values() if where is None or matches(one.fields, where)], []
    matrix = np.stack([one.vector for one in known])
    for vector in made.vectors(30):
        best = {known[at].id for at in np.argsort(-(matrix @ vector))[:10]}
        rows.append(len(best & {one for one, _ in index.dense(vector, 10, where)}) / len(best))
    return float(np.mean(rows))


def overlap_of_words(index: Index, oracle: Oracle, made: Made) -> float:
    """Return the share of ten passages found by words that score among the ten best; ties count."""
    rows = []
    for _ in range(20):
        text = made.text(4)
        exact = oracle.lexical(text, len(oracle.points), None, "bm25")
        scores, least = dict(exact), exact[min(10, len(exact)) - 1][1] * 0.999
        rows.append(np.mean([scores[one] >= least for one, _ in index.lexical(text, 10, None, "bm25")]))
    return float(np.mean(rows))
