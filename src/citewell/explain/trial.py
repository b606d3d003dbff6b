"""What would a document's passages do if they were others? Tried over the real index, writing nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from citewell.catalog import rounded
from citewell.catalog.ids import passage_id, place_of, split_id
from citewell.explain.grounds import Grounds, Scheme
from citewell.filters import Filter, matches
from citewell.model import Document, Entry, Fields, Hit, Passage, Query
from citewell.prepare import identified
from citewell.protocols import Index, Scored
from citewell.split import Span, embedded_text, split

if TYPE_CHECKING:
    from citewell.model import Vector

KEY: Final = (1 << 63) - 1
"""The version key of passages on trial; real keys are random and below it."""
NO_WORDS: Final[Mapping[Scheme, Mapping[int, float]]] = {"bm25": {}, "tfidf": {}}
WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True)
class Point:
    """A passage on trial: its vector, and the weights of its terms in each scheme."""

    id: str
    vector: Vector
    weights: Mapping[Scheme, Mapping[int, float]]
    fields: Fields


@dataclass(frozen=True)
class Overlay:
    """The real index, but for `gone`, which are out, and `points`, which are in.

    Terms are as rare as they are now: `idf` by hashed term. Has what rankers use of an Index.
    """

    grounds: Grounds
    gone: frozenset[str]
    points: tuple[Point, ...]
    idf: Mapping[int, float]

    def dense(self, vector: Vector, limit: int, where: Filter | None) -> Scored:
        """Return up to `limit` points by dot product, best first."""
        found = self.grounds.index.dense(vector, limit + len(self.gone), where)
        own = [(one.id, float(one.vector @ vector)) for one in self._in(where)]
        return self._merged(found, own, limit)

    def lexical(self, text: str, limit: int, where: Filter | None, scheme: Scheme) -> Scored:
        """Return up to `limit` points by keyword score, best first."""
        found = self.grounds.index.lexical(text, limit + len(self.gone), where, scheme)
        asked = dict(zip(*self.grounds.keywords.question[scheme](text), strict=True))
        own = [(one.id, self._score(asked, one, scheme)) for one in self._in(where)]
        return self._merged(found, [pair for pair in own if pair[1] > 0], limit)

    def knows(self, words: Sequence[str]) -> list[bool]:
        """Say of each word whether a point has it."""
        found = self.grounds.index.knows(words)
        own = set().union(*(one.weights["bm25"] for one in self.points))
        asked = (self.grounds.keywords.question["bm25"](word)[0] for word in words)
        return [yes or not own.isdisjoint(terms) for yes, terms in zip(found, asked, strict=True)]

    def frequencies(self, words: Sequence[str], most: int, where: Filter | None) -> list[int]:
        """Return how many points have each word, counting up to `most`."""
        found = self.grounds.index.frequencies(words, most, where)
        own = [set(one.weights["bm25"]) for one in self._in(where)]
        asked = [self.grounds.keywords.question["bm25"](word)[0] for word in words]
        return [
            min(most, n + sum(bool(has.intersection(terms)) for has in own))
            for n, terms in zip(found, asked, strict=True)
        ]

    def languages(self) -> tuple[str, ...]:
        """Return the languages that points are written in."""
        return self.grounds.index.languages()

    def _score(self, asked: Mapping[int, float], point: Point, scheme: Scheme) -> float:
        weights, idf = point.weights[scheme], self.idf
        return sum(
            count * weights[term] * idf.get(term, 0.0) for term, count in asked.items() if term in weights
        )

    def _in(self, where: Filter | None) -> list[Point]:
        return [one for one in self.points if where is None or matches(one.fields, where)]

    def _merged(self, found: Scored, own: Scored, limit: int) -> Scored:
        stay = [pair for pair in found if pair[0] not in self.gone]
        return sorted([*stay, *own], key=lambda pair: -pair[1])[:limit]


@dataclass(frozen=True)
class Prospect:
    """A document, split: what would be its passages, and the embedded text of each."""

    document: Document
    spans: Sequence[Span]
    texts: Sequence[str]


def prospect(document: Document, spans: Sequence[Span]) -> Prospect:
    """Return a document with these spans as its passages."""
    document = identified(document)
    texts = [
        embedded_text(
            document.title, span.heading, span.context, document.text[span.start : span.end], span.written
        )
        for span in spans
    ]
    return Prospect(document, spans, texts)


def resplit(grounds: Grounds, document: Document, tokens: int) -> Prospect:
    """Return a document as it would be split."""
    return prospect(document, split(document, count=grounds.embedder.count, tokens=tokens))


def run(
    grounds: Grounds, query: Query, one: Prospect, gone: Sequence[str], idf: Mapping[int, float]
) -> list[Hit]:
    """Search as if the passages `gone` were not there and those of a document were; `idf` as of `rarities`."""
    points = _points(grounds, one)
    gone = [
        point
        for version in grounds.catalog.current({split_id(one)[0] for one in gone})
        for point in version.ids()
    ]
    known = _known(one, points)
    overlay = cast(Index, Overlay(grounds, frozenset(gone), tuple(points), idf))

    def lookup(ids: Sequence[str], where: Filter | None) -> dict[str, tuple[Passage, Entry]]:
        real = grounds.catalog.hits([one for one in ids if one not in known], where)
        return real | {one: known[one] for one in ids if one in known}

    return grounds.retrievers(overlay, lookup)[query.mode](query)


def _points(grounds: Grounds, one: Prospect) -> list[Point]:
    matrix = grounds.embedder.embed(one.texts, kind="passage") if one.texts else ()
    weigh = grounds.keywords.passage
    made = []
    for position, (text, row) in enumerate(zip(one.texts, matrix, strict=True)):
        terms = grounds.keywords.terms(text, one.document.fields)
        weights: Mapping[Scheme, Mapping[int, float]]
        weights = {scheme: dict(zip(*weigh[scheme](terms), strict=True)) for scheme in weigh}
        made.append(Point(passage_id(KEY, position), rounded(row), weights, one.document.fields))
    return made + list(_further(grounds, one))


def _further(grounds: Grounds, one: Prospect) -> Iterator[Point]:
    """Yield what else would lead to the passages; it has no words."""
    for position, span in enumerate(one.spans):
        texts = grounds.prepare.further(one.document.text[span.start : span.end])
        rows = grounds.embedder.embed(texts, kind="passage") if texts else ()
        for number, row in enumerate(rows, start=1):
            place = place_of(position, number)
            yield Point(passage_id(KEY, place), rounded(row), NO_WORDS, one.document.fields)


def _known(one: Prospect, points: Sequence[Point]) -> dict[str, tuple[Passage, Entry]]:
    document = one.document
    entry = Entry(
        document.id, 0, document.title, document.source, document.media_type, document.fields,
        len(one.spans), len(document.text), "", "",
    )  # fmt: skip
    return {
        point.id: (
            Passage(point.id, document.id, 0, document.text[span.start : span.end], span.start, span.end),
            entry,
        )
        for point, span in zip(points, one.spans, strict=False)  # further points come after
    }


def rarities(grounds: Grounds, text: str, scheme: Scheme) -> dict[int, float]:
    """Return how rare each term of a question is, learned from what the engine scores a passage that has it.

    For an identifier, whose parts are terms too, it is the mean of its terms.
    """
    found: dict[int, float] = {}
    for word in sorted(set(WORD.findall(text))):
        terms = grounds.keywords.question[scheme](word)[0]
        found |= dict.fromkeys(terms, rarity(grounds, word, scheme)) if terms else {}
    return found


def rarity(grounds: Grounds, word: str, scheme: Scheme) -> float:
    """Return the engine's IDF of a word; that of a word in no passage when there is none."""
    asked = dict(zip(*grounds.keywords.question[scheme](word), strict=True))
    scored = grounds.index.lexical(word, 5, None, scheme)
    known = grounds.catalog.hits([one for one, _ in scored])
    for one, score in scored:
        if one in known:
            passage, entry = known[one]
            terms = grounds.keywords.terms(grounds.prepare.text(entry.title, passage), entry.fields)
            weights = dict(zip(*grounds.keywords.passage[scheme](terms), strict=True))
            total = sum(count * weights.get(term, 0.0) for term, count in asked.items())
            if total > 0:
                return score / total
    # Robertson & Sparck Jones, 1 added inside the logarithm, for a term that no passage has.
    return math.log(1 + (grounds.catalog.counts()[1] + 0.5) / 0.5)
