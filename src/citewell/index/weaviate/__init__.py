"""Which passages match, from Weaviate: vectors in its graph, our terms weighed by its own BM25, typed properties.

It has never been run against a Weaviate: only against a stub made from its published schema and protos.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, TypeVar

import weaviate.classes as wvc

from citewell.errors import BadInput, Unsupported
from citewell.filters import Filter
from citewell.index import lexical
from citewell.index.constants import BM25_B, BM25_K1
from citewell.index.remote import Server
from citewell.index.shape import check_length, check_lengths
from citewell.index.weaviate.collection import LANGUAGE, TERMS, VECTOR, Collection
from citewell.index.weaviate.connection import checked, connected, guarded
from citewell.index.weaviate.where import kept_in, stored, to_weaviate
from citewell.language import ENGLISH, language_of
from citewell.model import Fields, Point
from citewell.protocols import Health, Place, Scheme, Scored

if TYPE_CHECKING:
    from weaviate.collections.classes.filters import FilterReturn

    from citewell.model import Vector

T = TypeVar("T")
STORE: Final = "Weaviate"
OWN_KEY: Final = "WEAVIATE_API_KEY"
MOST: Final = 10_000
"""Hits of one search, as a server has it unless it is set otherwise."""
GROUP: Final = 500
"""Points in one request."""
PAGE: Final = 5_000
MOST_LANGUAGES: Final = 8
STALE: Final = 30.0
"""Seconds after which another process may have put a language that this one does not know of."""
AT_ONCE: Final = 8
SCORER: Final = f"Weaviate's own BM25 (k1 {BM25_K1}, b {BM25_B}) over the terms of our analyser; no TF-IDF"
IDF: Final = (
    "Weaviate, at each search, over all objects of a shard of this collection, those without words too"
)


class WeaviateIndex:
    """A collection of its own for each library. Any number of threads and processes.

    Written to and read from a quorum of replicas, so that a write is seen when it returns.
    """

    def __init__(self, place: Place, dimensions: int) -> None:
        self.dimensions = dimensions
        self._at = Collection(Server(STORE, place, OWN_KEY), dimensions)
        self._languages: tuple[str, ...] = (ENGLISH,)
        self._told = 0.0

    def put(self, points: Sequence[Point]) -> None:
        """Insert or replace points, in requests of 500."""
        check_lengths(points, self.dimensions)
        if not points:
            return
        kept = [stored(point.fields) for point in points]
        self._at.declare(kept)
        objects = [
            wvc.data.DataObject(
                {**self._at.declared(one), LANGUAGE: language_of(point.fields), **_terms(point)},
                point.id,
                {VECTOR: point.vector.tolist()},
            )
            for point, one in zip(points, kept, strict=True)
        ]
        self._insert(objects)

    def drop(self, ids: Sequence[str]) -> None:
        """Delete points; unknown ids are ignored."""
        for some in _groups(ids, PAGE):
            chosen = wvc.query.Filter.by_id().contains_any(some)
            done = self._at.run(lambda chosen=chosen: self._at.points.data.delete_many(where=chosen))  # type: ignore[misc]
            if done.failed:
                raise self._at.server.failed(f"{done.failed} of {done.matches} points were not deleted")

    def set_fields(self, ids: Sequence[str], fields: Fields) -> None:
        """Replace the filter fields of points: each is put again, with what else it has."""
        kept = stored(fields)
        self._at.declare([kept])
        for some in _groups(ids, GROUP):
            chosen = wvc.query.Filter.by_id().contains_any(some)
            asked = {"filters": chosen, "limit": len(some), "include_vector": True}
            found = self._at.run(
                lambda asked=asked: self._at.points.query.fetch_objects(  # type: ignore[misc]
                    **asked, return_properties=[LANGUAGE, TERMS]
                )
            )
            self._insert(
                [
                    wvc.data.DataObject(
                        {
                            **self._at.declared(kept),
                            **{k: v for k, v in one.properties.items() if v is not None},
                        },
                        one.uuid,
                        {VECTOR: one.vector[VECTOR]},
                    )
                    for one in found.objects
                ]
            )

    def dense(self, vector: Vector, limit: int, where: Filter | None) -> Scored:
        """Return up to `limit` points, at most 10,000, by dot product with a unit `vector`, best first."""
        check_length(vector, self.dimensions)
        chosen = self._filter(where)
        found = self._at.run(
            lambda: self._at.points.query.near_vector(
                vector.tolist(),
                target_vector=VECTOR,
                limit=min(limit, MOST),
                filters=chosen,
                return_metadata=wvc.query.MetadataQuery(distance=True),
                return_properties=False,
            )
        )
        return [(str(one.uuid), -float(one.metadata.distance or 0)) for one in found.objects]

    def lexical(self, text: str, limit: int, where: Filter | None, scheme: Scheme) -> Scored:
        """Return up to `limit` points by Weaviate's BM25, best first; none when no word is left to look for.

        BadInput for TF-IDF, which it does not have: not Unsupported, as no other filter would help.
        """
        if scheme != "bm25":
            raise BadInput("Weaviate scores words by BM25 only; choose the mode keyword, dense or hybrid")
        terms, chosen = lexical.asked(text, self.languages()), self._filter(where)
        if not terms:
            return []
        found = self._at.run(
            lambda: self._at.points.query.bm25(
                " ".join(terms.elements()),
                query_properties=[TERMS],
                limit=min(limit, MOST),
                filters=chosen,
                return_metadata=wvc.query.MetadataQuery(score=True),
                return_properties=False,
            )
        )
        return [(str(one.uuid), float(one.metadata.score or 0)) for one in found.objects]

    def knows(self, words: Sequence[str]) -> list[bool]:
        """Say of each word in small letters whether a point has its term; True if it has no term."""
        return [count > 0 for count in self.frequencies(words, 1, None)]

    def frequencies(self, words: Sequence[str], most: int, where: Filter | None) -> list[int]:
        """Return how many points have each word, counting up to `most`; `most` for a word that has no term."""
        chosen, languages = self._filter(where), self.languages()
        asked = [list(lexical.asked(word, languages)) for word in words]

        def count(terms: list[str]) -> int:
            having = wvc.query.Filter.by_property(TERMS).contains_any(terms)
            return min(most, self._count(having & chosen if chosen is not None else having))

        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = iter(list(pool.map(count, [terms for terms in asked if terms])))
        return [next(found) if terms else most for terms in asked]

    def languages(self) -> tuple[str, ...]:
        """Return the languages that points are written in: English, then those that most points have, at most 8."""
        if time.monotonic() - self._told > STALE or not self._told:
            by = wvc.aggregate.GroupByAggregate(prop=LANGUAGE, limit=MOST_LANGUAGES)
            found = self._at.run(lambda: self._at.points.aggregate.over_all(group_by=by, total_count=True))
            groups = sorted(found.groups, key=lambda one: -(one.total_count or 0))
            told = [str(one.grouped_by.value) for one in groups]
            self._languages = tuple(dict.fromkeys([ENGLISH, *told]))[:MOST_LANGUAGES]
            self._told = time.monotonic()
        return self._languages

    def ids(self) -> Iterator[str]:
        """Yield every point id."""
        after: Any = None
        while True:
            page = self._at.run(
                lambda after=after: self._at.points.query.fetch_objects(  # type: ignore[misc]
                    limit=PAGE, after=after, return_properties=False
                )
            ).objects
            yield from (str(one.uuid) for one in page)
            if len(page) < PAGE:
                return
            after = page[-1].uuid

    def count(self) -> int:
        """Return the exact number of points."""
        return self._count(None)

    def flush(self) -> None:
        """Do nothing: Weaviate has written down what it has acknowledged."""

    def optimize(self) -> bool:
        """Do nothing: Weaviate builds its graph by itself."""
        return False

    def health(self) -> Health:
        """Ask Weaviate what it is."""
        return _health(self._at.version())

    def close(self) -> None:
        """Close the connections."""
        self._at.client.close()

    def _count(self, where: FilterReturn | None) -> int:
        found = self._at.run(lambda: self._at.points.aggregate.over_all(filters=where, total_count=True))
        return int(found.total_count or 0)

    def _insert(self, objects: Sequence[Any]) -> None:
        for some in _groups(objects, GROUP):
            done = self._at.run(lambda some=some: self._at.points.data.insert_many(some))  # type: ignore[misc]
            if done.errors:
                first = next(iter(done.errors.values())).message
                raise self._at.server.failed(
                    f"{len(done.errors)} of {len(some)} points were not taken: {first}"
                )
        self._told = 0.0

    def _filter(self, where: Filter | None) -> FilterReturn | None:
        """Translate a filter; a property that is not known may have come with another process's points."""
        if where is None:
            return None
        asked = kept_in(where)
        if not asked <= self._at.properties:
            self._at.look()
        if self._at.full() and not asked <= self._at.properties:
            raise Unsupported(f"Weaviate keeps no more fields, and not all of {sorted(asked)}")
        return to_weaviate(where, self._at.properties)


def reach(place: Place) -> Health:
    """Ask Weaviate what it is, changing nothing."""
    server = Server(STORE, place, OWN_KEY)
    client = connected(server)
    try:
        return _health(checked(server, guarded(server, client.get_meta)["version"]))
    finally:
        client.close()


def _health(version: str) -> Health:
    return Health(f"{STORE} {version}; this adapter was only ever run on a stub", SCORER, IDF)


def _terms(point: Point) -> dict[str, str]:
    """Return what words are looked for in; nothing without text."""
    return {TERMS: " ".join(lexical.analyse(point.text, language_of(point.fields)))} if point.text else {}


def _groups(values: Sequence[T], size: int) -> Iterator[list[T]]:
    return (list(values[at : at + size]) for at in range(0, len(values), size))
