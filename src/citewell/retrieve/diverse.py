"""Maximal marginal relevance: hits that add something to the ones before them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from citewell.model import Hit, Query, Stage
from citewell.protocols import Retriever
from citewell.retrieve.constants import DIVERSE_DEPTH

if TYPE_CHECKING:
    from citewell.model import Vector

Vectors: TypeAlias = "Callable[[Sequence[str]], Mapping[str, Vector]]"
"""Passage ids -> their unit vectors; an id that is not known is left out."""


@dataclass(frozen=True)
class Diverse:
    """Reorder the best `depth` hits by MMR (Carbonell & Goldstein, SIGIR 1998), one at a time, greedily.

    score = (1 - share) * relevance - share * largest cosine to a hit above. Relevance is `inner`'s score, scaled
    so that the best of the hits has 1 and the last 0; `share` is 0 (`inner`'s order) to 1. A passage whose
    vector is not known resembles nothing.
    """

    inner: Retriever
    vectors: Vectors
    share: float
    depth: int = DIVERSE_DEPTH

    def __call__(self, query: Query) -> list[Hit]:
        hits = self.inner(replace(query, limit=max(self.depth, query.limit)))
        if len(hits) < 2:
            return hits
        known = self.vectors([hit.passage.id for hit in hits])
        order = mmr(_scaled(hits), _cosines(hits, known), self.share, query.limit)
        return [
            replace(hits[at], score=score, stages=(*hits[at].stages, Stage("diverse", rank, score)))
            for rank, (at, score) in enumerate(order, start=1)
        ]


def mmr(
    relevance: Sequence[float], cosines: Sequence[Sequence[float]], share: float, limit: int
) -> list[tuple[int, float]]:
    """Return up to `limit` (place, score), best first; scores never rise. `cosines` is square."""
    nearest = [0.0] * len(relevance)
    left = list(range(len(relevance)))
    chosen: list[tuple[int, float]] = []
    while left and len(chosen) < limit:
        score, minus = max(((1 - share) * relevance[at] - share * nearest[at], -at) for at in left)
        left.remove(-minus)
        chosen.append((-minus, score))
        for at in left:
            nearest[at] = max(nearest[at], cosines[at][-minus])
    return chosen


def _scaled(hits: Sequence[Hit]) -> list[float]:
    low, high = min(hit.score for hit in hits), max(hit.score for hit in hits)
    return [(hit.score - low) / (high - low) if high > low else 1.0 for hit in hits]


def _cosines(hits: Sequence[Hit], known: Mapping[str, Vector]) -> list[list[float]]:
    import numpy as np

    size = len(next(iter(known.values()))) if known else 1
    nothing = np.zeros(size, np.float32)
    rows = np.stack([known.get(hit.passage.id, nothing) for hit in hits])
    cosines: list[list[float]] = (rows @ rows.T).tolist()
    return cosines
