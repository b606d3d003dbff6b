"""Words in Pinecone: both weightings of a passage in one sparse vector, and how many passages have a word.

Pinecone adds up products and knows no IDF, so we count: a search for one term finds what has it, up to 10,000
passages; beyond, it is counted in a sixteenth of the passages, chosen by their ids, then in a sixteenth of that.
Robertson and Spärck Jones' IDF needs no more than the order of magnitude.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from zlib import crc32

from citewell.index import lexical
from citewell.index.lexical import Sparse
from citewell.language import language_of
from citewell.model import Point
from citewell.protocols import Scheme

QUESTION: Final = {"bm25": lexical.bm25_query, "tfidf": lexical.tfidf_query}
APART: Final[dict[Scheme, int]] = {"bm25": 0, "tfidf": 0x9E3779B9}
"""Keeps the indices of the two weightings apart: the hash of a term, exclusive or this."""
WORDED: Final = crc32(b"\0 has words")
"""An index that every passage with words has, to count them."""
MOST_TERMS: Final = 1_000
"""Of each weighting: Pinecone takes 2,048 in one vector."""
MOST: Final = 10_000
SLICE: Final = "slice"
"""Where a point says which part of the passages it is in."""
SLICES: Final = 4096
PARTS: Final = (4096, 256, 16, 1)
"""Slices to count in: all, and fewer when there are too many."""
DRIFT: Final = 0.005
"""The share of passages that may be written before words are counted anew."""
STALE: Final = 300.0
"""Seconds after which words are counted anew in any case: others may have written."""
AT_ONCE: Final = 8


def sparse_of(point: Point) -> dict[str, list[Any]] | None:
    """Return the sparse vector of a point; None without text, as it must not count where words are weighed."""
    if not point.text:
        return None
    terms = lexical.analyse(point.text, language_of(point.fields))
    found = {WORDED: 1.0}
    for scheme, weights in (("bm25", lexical.bm25_passage(terms)), ("tfidf", lexical.tfidf_passage(terms))):
        best = sorted(zip(*weights, strict=True), key=lambda pair: -pair[1])[:MOST_TERMS]
        for term, weight in best:
            at = term ^ APART[scheme]  # type: ignore[index]
            found[at] = max(found.get(at, 0.0), round(weight, 6))
    return {"indices": list(found), "values": list(found.values())}


def slice_of(one: str) -> int:
    """Return the slice that a point of this id is in."""
    return crc32(one.encode()) % SLICES


class Counts:
    """How many passages have a term, as `find` finds them: kept until much was written, or some minutes.

    `find(terms, limit, slices)` returns how many passages, of those in so many slices, have one of the terms.
    """

    def __init__(self, find: Callable[[Sequence[int], int, int], int]) -> None:
        self._find = find
        self._lock = threading.Lock()
        self._known: dict[int, int] = {}
        self._written, self._since = 0, 0.0

    def wrote(self, points: int) -> None:
        """Note that so many points were put or dropped."""
        with self._lock:
            self._written += points

    def weighed(self, asked: Sparse, scheme: Scheme) -> Sparse:
        """Multiply a question's weights by IDF; terms that no passage has are left out."""
        held = self._held([WORDED, *asked[0]])
        passages = held[WORDED]
        pairs = [
            (term ^ APART[scheme], weight * _idf(held[term], passages))
            for term, weight in zip(*asked, strict=True)
            if held[term]
        ]
        best = sorted(pairs, key=lambda pair: -pair[1])[:MOST_TERMS]
        return [term for term, _ in best], [weight for _, weight in best]

    def each(self, asked: Sequence[Sequence[int]], limit: int) -> list[int]:
        """Return how many passages have one of the terms of each word, up to `limit`."""
        return _all(lambda terms: self._find(terms, limit, SLICES), asked)

    def _held(self, terms: Iterable[int]) -> dict[int, int]:
        with self._lock:
            known = dict(self._known)
            old = time.monotonic() - self._since > STALE
            if old or self._written > DRIFT * known.get(WORDED, 0):
                self._known, self._written, self._since = {}, 0, time.monotonic()
                known = {}
        wanted = list(dict.fromkeys(term for term in terms if term not in known))
        known |= dict(zip(wanted, _all(self._count, wanted), strict=True))
        with self._lock:
            self._known |= known
        return known

    def _count(self, term: int) -> int:
        found = 0
        for slices in PARTS:
            found = self._find([term], MOST, slices)
            if found < MOST:
                return round(found * SLICES / slices)
        return round(found * SLICES / PARTS[-1])


def _idf(holding: int, passages: int) -> float:
    return math.log(1 + max(0, passages - holding + 0.5) / (holding + 0.5))


def _all(call: Callable[[Any], int], asked: Sequence[Any]) -> list[int]:
    """Ask everything at once, at most eight at a time."""
    if len(asked) < 2:
        return [call(one) for one in asked]
    with ThreadPoolExecutor(min(AT_ONCE, len(asked))) as pool:
        return list(pool.map(call, asked))
