"""Rankers over one kind of evidence: vectors, or words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from citewell.model import Embedder, Index, Query, Scored, Stage


class Candidate(NamedTuple):
    """A passage id on its way: its score at this step, and what each earlier step said."""

    id: str
    score: float
    stages: tuple[Stage, ...]


Ranker: TypeAlias = Callable[[Query], list[Candidate]]


@dataclass(frozen=True)
class Dense:
    """Nearest passages by cosine of the question's vector and the passage's."""

    index: Index
    embedder: Embedder

    def __call__(self, query: Query) -> list[Candidate]:
        vector = self.embedder.embed([query.text], kind="query")[0]
        return _candidates("dense", self.index.dense(vector, query.limit, query.where))


@dataclass(frozen=True)
class Lexical:
    """Best passages by the words that they share with the question."""

    index: Index
    scheme: Literal["bm25", "tfidf"] = "bm25"

    def __call__(self, query: Query) -> list[Candidate]:
        name = "keyword" if self.scheme == "bm25" else "tfidf"
        return _candidates(name, self.index.lexical(query.text, query.limit, query.where, self.scheme))


def _candidates(name: str, scored: Scored) -> list[Candidate]:
    return [
        Candidate(one, score, (Stage(name, rank, score),))
        for rank, (one, score) in enumerate(scored, start=1)
    ]
