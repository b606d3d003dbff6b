"""How much of the exact answer an index finds: of the nearest, and of those found by words."""

from __future__ import annotations

import numpy as np

from citewell.filters import Filter, matches
from citewell.protocols import Index
from citewell.testing.made import Made
from citewell.testing.oracle import Oracle


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
