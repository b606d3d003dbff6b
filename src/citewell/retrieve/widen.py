"""Small to big: match small passages, show the section around them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import TypeAlias

from citewell.catalog.ids import passage_id, split_id
from citewell.hostile import Suspicion
from citewell.model import Hit, Passage, Query, Stage
from citewell.protocols import Retriever
from citewell.retrieve.constants import WIDEN_REACH
from citewell.retrieve.join import Lookup

Texts: TypeAlias = Callable[[Sequence[str]], Mapping[str, str]]
"""Passage ids -> the whole text of their documents, of the same version."""
Place: TypeAlias = tuple[int, int]
"""(version key, position): where a passage is."""


@dataclass
class Window:
    """A hit and the run of passages, `first` to `last`, that is shown for it. Grows."""

    hit: Hit
    key: int
    first: int
    last: int
    match: Passage = field(init=False)

    def __post_init__(self) -> None:
        self.match = self.hit.passage

    def sides(self) -> Iterator[Place]:
        """Yield the next places: on the side that has grown less, what follows first; then the other."""
        _, at = split_id(self.match.id)
        after, before = (self.key, self.last + 1), (self.key, self.first - 1)
        yield from (after, before) if self.last - at <= at - self.first else (before, after)

    def take(self, other: Window) -> None:
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)


@dataclass(frozen=True)
class Widen:
    """Each hit's passage grows by its neighbours, to `tokens` in all hits together.

    Hits take turns, best first, a neighbour each: those of the same section (heading path) as the match until
    there are none, then the nearest others, at most WIDEN_REACH away. Windows of a document that meet become one
    hit, at the rank of the better. Hits that alone exceed `tokens` are shown as they are, never cut.

    A widened passage is a passage: `document.text[start:end] == text`, so that citations into it are exact. Its
    heading is what its parts' have in common. It never crosses a page, so that a citation's page is right.
    """

    inner: Retriever
    lookup: Lookup
    texts: Texts
    count: Callable[[Sequence[str]], list[int]]
    tokens: int
    reach: int = WIDEN_REACH

    def __call__(self, query: Query) -> list[Hit]:
        hits = self.inner(query)
        windows = [Window(hit, *_span(hit)) for hit in hits]
        known = self._around(windows, query)
        sizes = dict(zip(known, self.count([one.text for one in known.values()]), strict=True))
        spare = self.tokens - sum(sizes[window.key, window.first] for window in windows)
        windows = grown(windows, known, sizes, spare)
        texts = self.texts([window.match.id for window in windows if window.first < window.last])
        return [_shown(window, known, texts, rank) for rank, window in enumerate(windows, start=1)]

    def _around(self, windows: Sequence[Window], query: Query) -> dict[Place, Passage]:
        """Return the matches and what is in reach of them."""
        places = {
            (one.key, at)
            for one in windows
            for at in range(max(0, one.first - self.reach), one.last + self.reach + 1)
        }
        found = self.lookup([passage_id(*place) for place in sorted(places)], query.where)
        known = {split_id(name): passage for name, (passage, _) in found.items()}
        return known | {(one.key, one.first): one.match for one in windows}


def grown(
    windows: Sequence[Window], known: Mapping[Place, Passage], sizes: Mapping[Place, int], spare: int
) -> list[Window]:
    """Return the windows after growing, in their order; those that another has taken are gone."""
    owner = {(one.key, at): one for one in windows for at in range(one.first, one.last + 1)}
    for same_section in (True, False):
        growing = True
        while growing:
            growing = False
            for one in _alive(windows, owner):
                if owner[one.key, one.first] is not one:
                    continue
                costs = {at: 0 if at in owner else sizes[at] for at in _steps(one, known, same_section)}
                step = next((at for at, cost in costs.items() if cost <= spare), None)
                if step is not None:
                    growing = True
                    spare -= costs[step]
                    _join(one, step, windows, owner)
    return _alive(windows, owner)


def _alive(windows: Sequence[Window], owner: Mapping[Place, Window]) -> list[Window]:
    return [one for one in windows if owner[one.key, one.first] is one]


def _steps(one: Window, known: Mapping[Place, Passage], same_section: bool) -> Iterator[Place]:
    """Yield the places that a window may grow to next."""
    for place in one.sides():
        near = known.get(place)
        if near is None or near.page != one.match.page:
            continue
        if not same_section or near.heading == one.match.heading:
            yield place


def _join(one: Window, step: Place, windows: Sequence[Window], owner: dict[Place, Window]) -> None:
    """Add a place to a window; one that holds it already becomes one with it, the better staying."""
    other = owner.get(step, Window(one.hit, one.key, step[1], step[1]))
    ranks = {id(window): rank for rank, window in enumerate(windows)}
    best, rest = (one, other) if ranks[id(one)] <= ranks.get(id(other), len(windows)) else (other, one)
    best.take(rest)
    owner.update(((best.key, at), best) for at in range(best.first, best.last + 1))


def _span(hit: Hit) -> tuple[int, int, int]:
    key, position = split_id(hit.passage.id)
    return key, position, position


def _shown(window: Window, known: Mapping[Place, Passage], texts: Mapping[str, str], rank: int) -> Hit:
    hit, document = window.hit, texts.get(window.match.id)
    if document is None:  # nothing to add, or replaced since it was found
        return hit
    parts = [known[window.key, at] for at in range(window.first, window.last + 1)]
    first, last = parts[0], parts[-1]
    passage = replace(
        window.match,
        text=document[first.start : last.end],
        start=first.start,
        end=last.end,
        heading=_common([one.heading for one in parts]),
        line=first.line,
        context=first.context,
        suspicion=_suspicion([one.suspicion for one in parts if one.suspicion is not None]),
    )
    return replace(hit, passage=passage, stages=(*hit.stages, Stage("widened", rank, float(len(parts)))))


def _suspicion(found: Sequence[Suspicion]) -> Suspicion | None:
    """Return what is suspicious in any part; what was released is not any more."""
    kept = [part for one in found if not one.released for part in one.parts]
    held = any(one.quarantined for one in found)
    return Suspicion(max(one.score for one in kept), tuple(kept), held) if kept else None


def _common(headings: Sequence[str]) -> str:
    """Return the path of headings that all are under."""
    shared = takewhile(
        lambda level: len(set(level)) == 1, zip(*(one.split(" > ") for one in headings), strict=False)
    )
    return " > ".join(level[0] for level in shared)
