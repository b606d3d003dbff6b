"""What an index must answer, by brute force: numpy for vectors, our own weights for words, `matches` for filters."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from citewell.filters import Filter, matches
from citewell.index import lexical
from citewell.language import ENGLISH, language_of
from citewell.model import Fields, Point
from citewell.protocols import Scheme, Scored

if TYPE_CHECKING:
    from citewell.model import Vector

PASSAGE: Final = {"bm25": lexical.bm25_passage, "tfidf": lexical.tfidf_passage}
QUESTION: Final = {"bm25": lexical.bm25_query, "tfidf": lexical.tfidf_query}


class Oracle:
    """Points in memory, searched one by one. Answers as the protocol `Index` says, all ties in no order."""

    def __init__(self) -> None:
        self.points: dict[str, Point] = {}
        self._weights: dict[str, dict[Scheme, dict[int, float]]] = {}
        self._holding: Counter[int] = Counter()

    def put(self, points: Sequence[Point]) -> None:
        """Insert or replace points."""
        self.drop([point.id for point in points])
        for point in points:
            self.points[point.id] = point
            if point.text:
                terms = lexical.analyse(point.text, language_of(point.fields))
                self._weights[point.id] = {
                    scheme: dict(zip(*weigh(terms), strict=True))  # type: ignore[misc]
                    for scheme, weigh in PASSAGE.items()
                }
                self._holding.update(self._weights[point.id]["bm25"].keys())

    def drop(self, ids: Sequence[str]) -> None:
        """Forget points; unknown ids are ignored."""
        for one in ids:
            if self.points.pop(one, None) and (weights := self._weights.pop(one, None)):
                self._holding.subtract(weights["bm25"].keys())

    def set_fields(self, ids: Sequence[str], fields: Fields) -> None:
        """Replace the filter fields of points."""
        for one in ids:
            self.points[one] = replace(self.points[one], fields=fields)

    def dense(self, vector: Vector, limit: int, where: Filter | None) -> Scored:
        """Return the points with the greatest dot product."""
        found = [(one.id, float(one.vector @ vector)) for one in self.points.values() if _passes(one, where)]
        return sorted(found, key=lambda pair: -pair[1])[:limit]

    def lexical(self, text: str, limit: int, where: Filter | None, scheme: Scheme) -> Scored:
        """Return the points with the greatest keyword score above 0. IDF is over all points that have words."""
        asked = dict(zip(*QUESTION[scheme](text, self.languages()), strict=True))
        asked = {term: weight * self._idf(term) for term, weight in asked.items()}
        found = []
        for one, weights in self._weights.items():
            shared = asked.keys() & weights[scheme].keys()
            if shared and _passes(self.points[one], where):
                found.append((one, sum(asked[term] * weights[scheme][term] for term in shared)))
        return sorted(found, key=lambda pair: -pair[1])[:limit]

    def languages(self) -> tuple[str, ...]:
        """Return English and the other languages of points."""
        others = {language_of(point.fields) for point in self.points.values()} - {ENGLISH}
        return (ENGLISH, *sorted(others))

    def _idf(self, term: int) -> float:
        """Robertson and Spärck Jones' weight, never below 0: ln(1 + (N - n + .5) / (n + .5))."""
        holding = self._holding[term]
        return math.log(1 + (len(self._weights) - holding + 0.5) / (holding + 0.5))


def _passes(point: Point, where: Filter | None) -> bool:
    return where is None or matches(point.fields, where)
