"""Several lists of hits -> one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, zip_longest

from citewell.model import Hit


def taking_turns(lists: Sequence[Sequence[Hit]], limit: int) -> tuple[Hit, ...]:
    """Return the union of the lists, by best rank: the first of each, then the second of each, and so on."""
    merged: dict[str, Hit] = {}
    for hit in chain.from_iterable(zip_longest(*lists)):
        if hit is not None:
            merged.setdefault(hit.passage.id, hit)
    return tuple(merged.values())[:limit]
