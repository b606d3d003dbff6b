"""The collection at Weaviate: made, given a property for each field, and asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, urlencode

from weaviate.classes.config import (
    Configure,
    ConsistencyLevel,
    DataType,
    Property,
    StopwordsPreset,
    Tokenization,
    VectorDistances,
)

from citewell.errors import ProviderError
from citewell.index.constants import BM25_B, BM25_K1
from citewell.index.flat import HAS
from citewell.index.remote import Server, tried
from citewell.index.weaviate.connection import checked, connected, guarded

T = TypeVar("T")
VECTOR: Final = "dense"
TERMS: Final = "terms"
LANGUAGE: Final = "lang"
MOST_FIELDS: Final = 200
"""Properties for metadata. Each costs Weaviate files of its own."""


class Collection:
    """A collection of the name, made unless it is there and ours. Written to and read from a quorum of replicas."""

    def __init__(self, server: Server, dimensions: int) -> None:
        self.server, self.name = server, named(server.place.collection)
        self.properties: frozenset[str] = frozenset()
        self._lock = threading.Lock()
        self.client = connected(server)
        try:
            self.version()
            self.points = self.client.collections.use(self.name).with_consistency_level(
                ConsistencyLevel.QUORUM
            )
            self._create(dimensions)
        except BaseException:
            self.client.close()
            raise

    def version(self) -> str:
        """Ask the server for its version."""
        return checked(self.server, self._asked(self.client.get_meta)["version"])

    def run(self, call: Callable[[], T]) -> T:
        """Run a call of the client, again if what failed may pass. Corrupt when the collection is gone."""
        try:
            return self._asked(call)
        except ProviderError as error:
            if not error.retryable and not self._asked(lambda: self.client.collections.exists(self.name)):
                raise self.server.gone() from error
            raise

    def look(self) -> None:
        """See which properties there are. Corrupt when the collection is gone: a put would make another one."""
        found = self.run(self.points.config.get)
        self.properties = frozenset(one.name for one in found.properties)

    def declare(self, kept: Sequence[dict[str, Any]]) -> None:
        """Make sure that the collection is there, and has a property for each field, up to 200."""
        with self._lock:
            self.look()
            new = {name for one in kept for name in one} - self.properties
            for name in sorted(new)[: max(0, MOST_FIELDS - len(self.properties))]:
                self._add(name)

    def declared(self, kept: dict[str, Any]) -> dict[str, Any]:
        """Return what there are properties for."""
        return {name: value for name, value in kept.items() if name in self.properties}

    def full(self) -> bool:
        """Say whether no more properties are made."""
        return len(self.properties) >= MOST_FIELDS

    def _add(self, name: str) -> None:
        try:
            self.run(lambda: self.points.config.add_property(_property(name)))
        except ProviderError:
            self.look()
            if name not in self.properties:
                raise  # else another process was quicker
        self.properties |= {name}

    def _asked(self, call: Callable[[], T]) -> T:
        return tried(lambda: guarded(self.server, call))

    def _create(self, dimensions: int) -> None:
        if self._asked(lambda: self.client.collections.exists(self.name)):
            found = self._asked(self.points.config.get)
            if self.server.fits(dict(parse_qsl(found.description or "", True)), dimensions):
                self.properties = frozenset(one.name for one in found.properties)
                return
            self._asked(lambda: self.client.collections.delete(self.name))
        graph = Configure.VectorIndex.hnsw(distance_metric=VectorDistances.DOT)
        self._asked(
            lambda: self.client.collections.create(
                self.name,
                description=urlencode(self.server.made(dimensions)),
                properties=[_text(TERMS, Tokenization.WHITESPACE, True), _text(LANGUAGE), _property(HAS)],
                vector_config=Configure.Vectors.self_provided(name=VECTOR, vector_index_config=graph),
                inverted_index_config=Configure.inverted_index(
                    bm25_b=BM25_B, bm25_k1=BM25_K1, stopwords_preset=StopwordsPreset.NONE
                ),
            )
        )
        self.properties = frozenset({TERMS, LANGUAGE, HAS})


def named(collection: str) -> str:
    """Return the name of a collection: a capital letter first, then letters, digits and _."""
    name = collection.replace("-", "_")
    return name[0].upper() + name[1:] if name[0].isalpha() else f"C{name}"


def _property(name: str) -> Property:
    """Return the property that a field's values of a kind are kept in."""
    if name.startswith("n_"):
        return Property(name=name, data_type=DataType.NUMBER, index_filterable=True, index_range_filters=True)
    if name.startswith("b_"):
        return Property(name=name, data_type=DataType.BOOL, index_filterable=True)
    return _text(name, of=DataType.TEXT_ARRAY)


def _text(
    name: str,
    split: Tokenization = Tokenization.FIELD,
    searchable: bool = False,
    of: DataType = DataType.TEXT,
) -> Property:
    return Property(
        name=name, data_type=of, tokenization=split, index_filterable=True, index_searchable=searchable
    )
