"""Which passages match, from Pinecone: a document index with our vectors, dense and sparse, and metadata beside them.

It has never been run against the service: only against a stub made from its published schema (API 2026-07).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from citewell.errors import BadInput, Unsupported
from citewell.filters import Filter
from citewell.index import lexical
from citewell.index.flat import HAS
from citewell.index.pinecone.connection import (
    DENSE,
    NAMESPACE,
    SETTLE,
    WORDS,
    Connection,
    client,
    dense,
    guarded,
    named,
    sparse,
)
from citewell.index.pinecone.where import stored, to_pinecone
from citewell.index.pinecone.words import QUESTION, SLICE, SLICES, Counts, slice_of, sparse_of
from citewell.index.remote import Server
from citewell.index.shape import SCORER, check_length, check_lengths
from citewell.language import language_of
from citewell.model import Fields, Point
from citewell.protocols import Health, Place, Scheme, Scored

if TYPE_CHECKING:
    from citewell.model import Vector

STORE: Final = "Pinecone"
OWN_KEY: Final = "PINECONE_API_KEY"
SERVICE: Final = "https://api.pinecone.io"
API: Final = "2026-07"
MOST_DIMENSIONS: Final = 20_000
GROUP: Final = 1_000
"""Ids, or points, in one request."""
GROUP_BYTES: Final = 1_500_000
"""Of points in one request: Pinecone takes 2 MB."""
METADATA_BYTES: Final = 40_000
IDF: Final = (
    "searches for each word of a question, over all passages of this index; kept until 0.5 % of them were written, or "
    "5 minutes; estimated from a sample for words that more than 10,000 passages have"
)


class PineconeIndex:
    """An index of its own for each library. Any number of threads and processes.

    Pinecone shows a write only a moment later, so a read waits until what this process has written is seen. What
    another process writes is seen when Pinecone shows it, within seconds.
    """

    def __init__(self, place: Place, dimensions: int) -> None:
        if dimensions > MOST_DIMENSIONS:
            raise Unsupported(
                f"Pinecone takes vectors of up to {MOST_DIMENSIONS} numbers, the embedder makes {dimensions}; set "
                "embed.dimensions, or choose another index.store"
            )
        self.dimensions = dimensions
        self._at = Connection(_server(place), dimensions)
        self._counts = Counts(self._holding)

    def put(self, points: Sequence[Point]) -> None:
        """Insert or replace points, in requests of up to 1.5 MB."""
        check_lengths(points, self.dimensions)
        self._at.speak({language_of(point.fields) for point in points})
        last = {point.id: point for point in points}  # an id may come once in a request
        for group in _grouped(map(_document, last.values())):
            self._write("upsert", documents=group)
        self._counts.wrote(len(points))

    def drop(self, ids: Sequence[str]) -> None:
        """Delete points; unknown ids are ignored."""
        for some in _pages(ids):
            self._write("delete", ids=some)
        self._counts.wrote(len(ids))

    def set_fields(self, ids: Sequence[str], fields: Fields) -> None:
        """Replace the filter fields of points."""
        new = stored(fields)
        self._at.settle()
        for some in _pages(list(dict.fromkeys(ids))):
            gone = {one: sorted(had - new.keys()) for one, had in self._fields_of(some).items()}
            patches = [{"_id": one, **new, "_remove_fields": gone.get(one, [])} for one in some]
            for group in _grouped(patches):
                self._write("update", documents=group)

    def dense(self, vector: Vector, limit: int, where: Filter | None) -> Scored:
        """Return up to `limit` points, at most 10,000, by dot product with a unit `vector`, best first."""
        check_length(vector, self.dimensions)
        return self._at.search(dense(_numbers(vector)), limit, to_pinecone(where) if where else None)

    def lexical(self, text: str, limit: int, where: Filter | None, scheme: Scheme) -> Scored:
        """Return up to `limit` points by keyword score, best first; none when no word is left to look for."""
        chosen = to_pinecone(where) if where else None
        asked = QUESTION[scheme](text, self.languages())
        weights = self._counts.weighed(asked, scheme) if asked[0] else asked
        return self._at.search(sparse(*weights), limit, chosen) if weights[0] else []

    def knows(self, words: Sequence[str]) -> list[bool]:
        """Say of each word in small letters whether a point has its term; True if it has no term."""
        asked = [sorted(lexical.hashes(word, self.languages())) for word in words]
        found = iter(self._counts.each([terms for terms in asked if terms], 1))
        return [next(found) > 0 if terms else True for terms in asked]

    def frequencies(self, words: Sequence[str], most: int, where: Filter | None) -> list[int]:
        """Return how many points have each word, counting up to `most`; `most` for a word that has no term."""
        chosen = to_pinecone(where) if where else None
        asked = [lexical.bm25_query(word, self.languages())[0] for word in words]
        counts = Counts(lambda terms, limit, slices: self._holding(terms, limit, slices, chosen))
        found = iter(counts.each([terms for terms in asked if terms], most))
        return [next(found) if terms else most for terms in asked]

    def languages(self) -> tuple[str, ...]:
        """Return the languages that points are written in: English, then the others, at most 8."""
        return self._at.languages()

    def ids(self) -> Iterator[str]:
        """Yield every point id: in pages of 100, as Pinecone gives them."""
        self._at.settle()
        token: str | None = None
        while True:
            asked = {"namespace": NAMESPACE, "limit": 100, "pagination_token": token}
            page = self._at.run(lambda asked=asked: next(self._at.documents.list(**asked).pages()))  # type: ignore[misc]
            yield from (one.id for one in page.items)
            token = page.pagination_token
            if not token:
                return

    def count(self) -> int:
        """Return the number of points, as Pinecone tells it."""
        self._at.settle()
        return self._at.count()

    def flush(self) -> None:
        """Do nothing: Pinecone has written down what it has acknowledged."""

    def optimize(self) -> bool:
        """Do nothing: Pinecone builds what it needs by itself."""
        return False

    def health(self) -> Health:
        """Ask Pinecone what the index is."""
        return Health(_told(self._at.described()), SCORER, IDF)

    def close(self) -> None:
        """Close the connections."""
        self._at.close()

    def _write(self, verb: str, **asked: Any) -> None:
        self._at.write(lambda: getattr(self._at.documents, verb)(namespace=NAMESPACE, **asked))

    def _fields_of(self, ids: list[str]) -> dict[str, set[str]]:
        """Return which fields points have: fetch may see a write a little later than search does."""
        until = time.monotonic() + SETTLE
        while True:
            asked = {"namespace": NAMESPACE, "ids": ids, "include_fields": [HAS]}
            found = self._at.run(lambda asked=asked: self._at.documents.fetch(**asked)).documents  # type: ignore[misc]
            if len(found) == len(ids) or time.monotonic() > until:
                return {one: set(document.to_dict().get(HAS, [])[1:]) for one, document in found.items()}
            time.sleep(0.2)

    def _holding(
        self, terms: Sequence[int], limit: int, slices: int, where: dict[str, Any] | None = None
    ) -> int:
        """Count the points of so many slices that have one of the terms, up to `limit`."""
        some = {SLICE: {"$lt": slices}} if slices < SLICES else None
        both = {"$and": [where, some]} if where and some else where or some
        return len(self._at.search(sparse(terms, [1.0] * len(terms)), limit, both))


def reach(place: Place) -> Health:
    """Ask Pinecone whether it is there, changing nothing."""
    server, name = _server(place), named(place.collection)
    asked = client(server)
    try:
        found = guarded(server, lambda: asked.indexes.exists(name) and asked.indexes.describe(name))
        return Health(_told(found) if found else f"{STORE} (API {API}), no index {name!r} yet", SCORER, IDF)
    finally:
        asked.close()


def _told(found: Any) -> str:
    """Say where an index is, and what the adapter was tested on."""
    parts = [getattr(found.deployment, part, None) for part in ("cloud", "region", "environment")]
    where = " ".join(part for part in parts if part)
    return f"{STORE} (API {API}, {where}); this adapter was only ever run on a stub"


def _server(place: Place) -> Server:
    return Server(STORE, place if place.url else replace(place, url=SERVICE), OWN_KEY)


def _document(point: Point) -> dict[str, Any]:
    metadata = {**stored(point.fields), SLICE: slice_of(point.id)}
    size = len(json.dumps(metadata, ensure_ascii=False).encode())
    if size > METADATA_BYTES:
        raise BadInput(
            f"the metadata of {point.document_id!r} has {size} bytes, and Pinecone takes {METADATA_BYTES}; shorten it"
        )
    words = sparse_of(point)
    return {
        "_id": point.id,
        DENSE: _numbers(point.vector),
        **({WORDS: words} if words else {}),
        **metadata,
    }


def _numbers(vector: Vector) -> list[float]:
    """Return a vector in short decimals: the catalog keeps 16 bits of each number."""
    return [round(one, 6) for one in vector.tolist()]


def _grouped(documents: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Split documents into requests that are small enough."""
    group: list[dict[str, Any]] = []
    size = 0
    for document in documents:
        length = len(json.dumps(document, ensure_ascii=False).encode())
        if group and (len(group) == GROUP or size + length > GROUP_BYTES):
            yield group
            group, size = [], 0
        group.append(document)
        size += length
    if group:
        yield group


def _pages(ids: Sequence[str]) -> Iterator[list[str]]:
    return (list(ids[at : at + GROUP]) for at in range(0, len(ids), GROUP))
