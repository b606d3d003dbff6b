"""Several lists of hits -> one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, zip_longest
from typing import Protocol

from citewell.model import Found, Hit, Stage, Step
from citewell.techniques.constants import FUSION_K


class Merge(Protocol):
    """Makes one list of several, best first, `limit` hits at most."""

    def __call__(self, lists: Sequence[Sequence[Hit]], limit: int, /) -> tuple[Hit, ...]: ...


def taking_turns(lists: Sequence[Sequence[Hit]], limit: int) -> tuple[Hit, ...]:
    """Return the union of the lists, by best rank: the first of each, then the second of each, and so on."""
    merged: dict[str, Hit] = {}
    for hit in chain.from_iterable(zip_longest(*lists)):
        if hit is not None:
            merged.setdefault(hit.passage.id, hit)
    return tuple(merged.values())[:limit]


def fused(lists: Sequence[Sequence[Hit]], limit: int) -> tuple[Hit, ...]:
    """Return the hits by Σ 1 / (60 + rank) over the lists: reciprocal rank fusion (Cormack et al., SIGIR 2009)."""
    scores: dict[str, float] = {}
    first: dict[str, Hit] = {}
    for hits in lists:
        for rank, hit in enumerate(hits, start=1):
            scores[hit.passage.id] = scores.get(hit.passage.id, 0.0) + 1 / (FUSION_K + rank)
            first.setdefault(hit.passage.id, hit)
    ordered = sorted(first, key=lambda one: -scores[one])[:limit]
    return tuple(
        replace(
            first[one], score=scores[one], stages=(*first[one].stages, Stage("rag-fusion", rank, scores[one]))
        )
        for rank, one in enumerate(ordered, start=1)
    )


def noted(found: Found, step: Step) -> Found:
    """Return what was found, after one step more."""
    return replace(found, steps=(*found.steps, step))


def joined(found: Sequence[Found], hits: tuple[Hit, ...], step: Step) -> Found:
    """Return what was found for the first, with other hits, after the steps of all and one more."""
    steps = tuple(one for each in found for one in each.steps)
    return replace(found[0], hits=hits, steps=(*steps, step), answer=None)
