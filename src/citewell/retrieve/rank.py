"""Rankers over one kind of evidence: vectors, or words."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from citewell.catalog.ids import passage_of
from citewell.filters import Filter
from citewell.model import Query, Stage
from citewell.protocols import Embedder, Index, Scored
from citewell.retrieve.constants import DEEPEST

if TYPE_CHECKING:
    from citewell.model import Vector


class Candidate(NamedTuple):
    """A passage id on its way: its score at this step, and what each earlier step said."""

    id: str
    score: float
    stages: tuple[Stage, ...]


Ranker: TypeAlias = Callable[[Query], list[Candidate]]


@dataclass(frozen=True)
class Dense:
    """Nearest passages by cosine of the question's vector and the passage's; see `nearest`.

    Where there is a hypothesis, it is the mean of its vector and the question's. (Gao et al., ACL 2023, eq. 8)
    """

    index: Index
    embedder: Embedder

    def __call__(self, query: Query) -> list[Candidate]:
        vector = self.embedder.embed([query.text], kind="query")[0]
        if query.hypothesis:
            vector = vector + self.embedder.embed([query.hypothesis], kind="passage")[0]
            vector = vector / float(vector @ vector) ** 0.5
        return _candidates("dense", nearest(self.index, vector, query.limit, query.where))


@dataclass(frozen=True)
class Lexical:
    """Best passages by the words that they share with the question."""

    index: Index
    scheme: Literal["bm25", "tfidf"] = "bm25"

    def __call__(self, query: Query) -> list[Candidate]:
        name = "keyword" if self.scheme == "bm25" else "tfidf"
        return _candidates(name, self.index.lexical(query.text, query.limit, query.where, self.scheme))


def nearest(index: Index, vector: Vector, limit: int, where: Filter | None) -> Scored:
    """Return up to `limit` passages, best first; asks deeper while several points lead to the same one."""
    depth = limit
    while True:
        found = index.dense(vector, depth, where)
        passages = _passages(found)
        if len(passages) >= limit or len(found) < depth or depth >= DEEPEST:
            return passages[:limit]
        depth = min(DEEPEST, math.ceil(1.5 * depth * limit / len(passages)))


def _passages(found: Scored) -> Scored:
    """Lift each passage half the way to its best point. One whose own is not among them counts as the last that is."""
    best: dict[str, float] = {}
    own: dict[str, float] = {}
    for one, score in found:
        passage = passage_of(one)
        best.setdefault(passage, score)
        if one == passage:
            own[one] = score
    if len(own) == len(found):
        return found
    least = found[-1][1]
    lifted = [(one, (score + own.get(one, least)) / 2) for one, score in best.items()]
    return sorted(lifted, key=lambda pair: -pair[1])


def _candidates(name: str, scored: Scored) -> list[Candidate]:
    return [
        Candidate(one, score, (Stage(name, rank, score),))
        for rank, (one, score) in enumerate(scored, start=1)
    ]
