"""Combine rankings: pool passages of a document, and fuse rankers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from functools import cache

from citewell.model import Query, Stage
from citewell.retrieve.constants import BALANCE, POOL_SHARE, POOL_TOP, RRF_K
from citewell.retrieve.rank import Candidate, Ranker

MOST_SHARE = 0.95
VERSION_PART = 18
"""Characters of a passage id that name its version: the upper half of the UUID."""


@dataclass(frozen=True)
class Pool:
    """Let the passages of a document vote for each other: a passage's score gains a share of its document's.

    A document's score is the mean of its best `top` scores above the worst seen, missing ones counting
    nothing, so that one with several good passages rises. Where candidates hardly cluster (documents of a
    passage or two) votes are noise, so the share is scaled by how many candidates had company: 1 - documents /
    candidates. Passages are only reordered.
    """

    inner: Ranker
    top: int = POOL_TOP
    share: float = POOL_SHARE

    def __call__(self, query: Query) -> list[Candidate]:
        found = self.inner(query)
        if not found:
            return found
        floor = min(candidate.score for candidate in found)
        best: dict[str, list[float]] = defaultdict(list)
        for candidate in found:  # best first, so each list is in order
            best[candidate.id[:VERSION_PART]].append(candidate.score - floor)
        share = min(MOST_SHARE, self.share * (1 - len(best) / len(found)))
        votes = {one: sum(scores[: self.top]) / self.top for one, scores in best.items()}
        pooled = [
            ((1 - share) * (one.score - floor) + share * votes[one.id[:VERSION_PART]], one) for one in found
        ]
        pooled.sort(key=lambda pair: -pair[0])
        stage = f"{found[0].stages[-1].name} pooled"
        return [
            Candidate(one.id, score, (*one.stages, Stage(stage, rank, score)))
            for rank, (score, one) in enumerate(pooled, start=1)
        ]


@dataclass(frozen=True)
class Fuse:
    """Merge rankings by scores and ranks: Σ weight × (balance × scaled score + (1 - balance) × (k + 1) / (k + rank)).

    Ranks: reciprocal rank fusion (Cormack, Clarke & Büttcher, SIGIR 2009). Scores: each ranking's own, scaled
    to 0..1 from the last of the first `depth` to the best (Bruch, Gai & Ingber, TOIS 2023). `balance` 0 is RRF.
    """

    rankers: tuple[Ranker, ...]
    weights: tuple[float, ...]
    depth: int
    k: float = RRF_K
    balance: float = BALANCE

    def __call__(self, query: Query) -> list[Candidate]:
        deeper = replace(query, limit=max(self.depth, query.limit))
        scores: dict[str, float] = defaultdict(float)
        stages: dict[str, tuple[Stage, ...]] = defaultdict(tuple)
        for weight, found in zip(self.weights, _run(self.rankers, deeper), strict=True):
            for candidate, share in zip(found, self._shares(found), strict=True):
                scores[candidate.id] += weight * share
                stages[candidate.id] += candidate.stages
        ordered = sorted(scores, key=lambda one: (-scores[one], one))
        return [
            Candidate(one, scores[one], (*stages[one], Stage("fused", rank, scores[one])))
            for rank, one in enumerate(ordered, start=1)
        ]

    def _shares(self, found: Sequence[Candidate]) -> list[float]:
        """What each place of one ranking adds; deeper candidates change nothing for those above."""
        if not found:
            return []
        least = found[: self.depth][-1].score
        span = found[0].score - least
        # Where all score alike, and so where there is only one, each is the best.
        scaled = [(one.score - least) / span if span else 1.0 for one in found]
        return [
            self.balance * score + (1 - self.balance) * (self.k + 1) / (self.k + rank)
            for rank, score in enumerate(scaled, start=1)
        ]


def _run(rankers: Sequence[Ranker], query: Query) -> list[list[Candidate]]:
    """Run rankers side by side: the engines release the interpreter."""
    # Each in a copy of the context: what it spends is charged to the request that it is for.
    others = [_threads().submit(copy_context().run, ranker, query) for ranker in rankers[1:]]
    return [rankers[0](query), *(other.result() for other in others)]


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=8, thread_name_prefix="retrieve")
