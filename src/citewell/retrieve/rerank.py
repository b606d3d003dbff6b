"""Score the best hits again, with something slower that reads question and passage together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from citewell.model import Hit, Query, Stage
from citewell.protocols import Reranker, Retriever
from citewell.retrieve.constants import RERANK_DEPTH

if TYPE_CHECKING:
    from citewell.model import Matrix

TokenVectors: TypeAlias = "Callable[[Sequence[str]], Sequence[Matrix]]"
"""Texts -> a matrix each: a unit vector for every token."""


@dataclass(frozen=True)
class Rerank:
    """Order the best `depth` hits by `score`, higher is better; what is below them stays below, in its order."""

    inner: Retriever
    score: Reranker
    depth: int = RERANK_DEPTH

    def __call__(self, query: Query) -> list[Hit]:
        hits = self.inner(replace(query, limit=max(self.depth, query.limit)))
        head, tail = hits[: self.depth], hits[self.depth :]
        if not head:
            return hits
        scores = self.score(query.text, [hit.passage.text for hit in head])
        pairs = sorted(zip(scores, head, strict=True), key=lambda pair: -pair[0])
        best = [_noted(hit, rank, score) for rank, (score, hit) in enumerate(pairs, start=1)]
        # Scores still fall along the tail, from the last of those that were scored again.
        below = best[-1].score - head[-1].score
        return [*best, *(replace(hit, score=hit.score + below) for hit in tail)][: query.limit]


@dataclass(frozen=True)
class LateInteraction:
    """A Reranker by MaxSim (ColBERT: Khattab & Zaharia, SIGIR 2020) over token vectors.

    A score is the mean over the question's tokens of the largest cosine to any token of the passage, -1 to 1.
    """

    tokens: TokenVectors

    def __call__(self, question: str, texts: Sequence[str]) -> list[float]:
        asked, *passages = self.tokens([question, *texts])
        if not len(asked):
            return [0.0] * len(texts)
        return [float((asked @ one.T).max(axis=1).mean()) if len(one) else -1.0 for one in passages]


def _noted(hit: Hit, rank: int, score: float) -> Hit:
    return replace(hit, score=float(score), stages=(*hit.stages, Stage("reranked", rank, float(score))))
