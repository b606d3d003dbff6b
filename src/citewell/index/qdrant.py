"""Which passages match, from a Qdrant server: the same points, filters and weights as in the embedded shard."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from sys import float_info
from typing import TYPE_CHECKING, Any, Final, TypeVar

import httpx
from qdrant_client import QdrantClient, models
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from citewell.errors import CitewellError, Unsupported
from citewell.filters import Filter
from citewell.index import lexical
from citewell.index.lexical import Sparse
from citewell.index.qdrant_filter import Terms, Translation, payload_path
from citewell.index.qdrant_points import (
    LANGUAGE,
    MOST_FIELD_INDEXES,
    MOST_LANGUAGES,
    OVERSAMPLING,
    QUESTION,
    payload_fields,
    payload_of,
    words_of,
)
from citewell.index.remote import Server, tried
from citewell.index.shape import SCORER, check_length, check_lengths
from citewell.language import ENGLISH, language_of
from citewell.model import Fields, Point
from citewell.protocols import Health, Place, Scheme, Scored

if TYPE_CHECKING:
    from citewell.model import Vector

T = TypeVar("T")
STORE: Final = "Qdrant"
OWN_KEY: Final = "QDRANT_API_KEY"
GROUP: Final = 200
"""Points in one request: a server takes 32 MB."""
SCROLL: Final = 10_000
ASKED: Final = 100
"""Searches in one request."""
IDF: Final = (
    "the server, at each search, over all passages of this collection; removed ones count until it vacuums"
)
RESCORED: Final = models.SearchParams(
    quantization=models.QuantizationSearchParams(rescore=True, oversampling=OVERSAMPLING)
)


def _finite(bounds: dict[str, float]) -> dict[str, float]:
    """Return bounds as JSON can say them."""
    return {name: max(-float_info.max, min(float_info.max, value)) for name, value in bounds.items()}


CLIENT: Final = Terms(
    filter=models.Filter,
    empty=lambda path: models.IsEmptyCondition(is_empty=models.PayloadField(key=path)),
    match=lambda path, match: models.FieldCondition(key=path, match=match),
    range=lambda path, bounds: models.FieldCondition(key=path, range=models.Range(**_finite(bounds))),
    any=lambda values: models.MatchAny(any=values),
    text=lambda value: models.MatchValue(value=value),
    boolean=lambda value: models.MatchValue(value=value),
    prefix=lambda value: models.MatchPrefix(prefix=value),
    substring=lambda value: models.MatchSubstring(substring=value),
)
to_client: Final = Translation(CLIENT)


class Qdrant:
    """A collection of a server. Any number of threads and processes. A write is seen when it returns.

    `client` stands in for the connection in tests: the client's local mode.
    """

    def __init__(self, place: Place, dimensions: int, client: QdrantClient | None = None) -> None:
        self.server, self.dimensions, self.name = Server(STORE, place, OWN_KEY), dimensions, place.collection
        self._client = client or _client(self.server)
        self._fields: set[str] = set()
        self._create()
        self._languages = self._found_languages()

    def put(self, points: Sequence[Point]) -> None:
        """Insert or replace points, in requests of 200."""
        check_lengths(points, self.dimensions)
        if points:
            self._index_fields(points)
            new = {language_of(point.fields) for point in points} - set(self._languages)
            self._languages = (*self._languages, *sorted(new))[:MOST_LANGUAGES]
        for at in range(0, len(points), GROUP):
            group = [_point(point) for point in points[at : at + GROUP]]
            self._run(lambda group=group: self._client.upsert(self.name, group, wait=True))  # type: ignore[misc]

    def drop(self, ids: Sequence[str]) -> None:
        """Delete points; unknown ids are ignored."""
        if ids:
            chosen = models.PointIdsList(points=list(ids))
            self._run(lambda: self._client.delete(self.name, chosen, wait=True))

    def set_fields(self, ids: Sequence[str], fields: Fields) -> None:
        """Replace the filter fields of points."""
        payload = {"f": payload_fields(fields)}
        self._run(lambda: self._client.set_payload(self.name, payload, points=list(ids), wait=True))

    def dense(self, vector: Vector, limit: int, where: Filter | None) -> Scored:
        """Return up to `limit` points by dot product with a unit `vector`, best first."""
        check_length(vector, self.dimensions)
        return self._query([_request(vector.tolist(), "dense", limit, where)])[0]

    def lexical(self, text: str, limit: int, where: Filter | None, scheme: Scheme) -> Scored:
        """Return up to `limit` points by keyword score, best first; none when no word is left to look for."""
        asked = QUESTION[scheme](text, self._languages)
        return self._query([_request(_sparse(asked), scheme, limit, where)])[0] if asked[0] else []

    def knows(self, words: Sequence[str]) -> list[bool]:
        """Say of each word in small letters whether a point has its term; True if it has no term."""
        asked = [sorted(lexical.hashes(word, self._languages)) for word in words]
        found = self._counted([(some, [1.0] * len(some)) for some in asked], 1, None)
        return [count > 0 for count in found]

    def frequencies(self, words: Sequence[str], most: int, where: Filter | None) -> list[int]:
        """Return how many points have each word, counting up to `most`; `most` for a word that has no term."""
        return self._counted([lexical.bm25_query(word, self._languages) for word in words], most, where)

    def languages(self) -> tuple[str, ...]:
        """Return the languages that points are written in: English, then the others, at most 8."""
        return self._languages

    def ids(self) -> Iterator[str]:
        """Yield every point id."""
        offset: Any = None
        while True:
            records, offset = self._run(
                lambda offset=offset: self._client.scroll(  # type: ignore[misc]
                    self.name, limit=SCROLL, offset=offset, with_payload=False, with_vectors=False
                )
            )
            yield from (str(record.id) for record in records)
            if offset is None:
                return

    def count(self) -> int:
        """Return the exact number of points."""
        return int(self._run(lambda: self._client.count(self.name, exact=True)).count)

    def flush(self) -> None:
        """Do nothing: the server has written down what it has acknowledged."""

    def optimize(self) -> bool:
        """Do nothing: the server builds its graphs by itself."""
        return False

    def health(self) -> Health:
        """Ask the server what it is."""
        return Health(f"{STORE} {self._run(self._client.info).version}", SCORER, IDF)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _run(self, call: Callable[[], T]) -> T:
        return tried(lambda: guarded(self.server, call))

    def _query(self, requests: list[models.QueryRequest]) -> list[Scored]:
        found: list[Scored] = []
        for at in range(0, len(requests), ASKED):
            some = requests[at : at + ASKED]
            answers = self._run(lambda some=some: self._client.query_batch_points(self.name, some))  # type: ignore[misc]
            found += [[(str(point.id), float(point.score)) for point in one.points] for one in answers]
        return found

    def _counted(self, asked: Sequence[Sparse], most: int, where: Filter | None) -> list[int]:
        """Return how many points have a term of each question, up to `most`; `most` where it has none."""
        requests = [_request(_sparse(one), "bm25", most, where) for one in asked if one[0]]
        found = iter(self._query(requests))
        return [len(next(found)) if one[0] else most for one in asked]

    def _create(self) -> None:
        """Make the collection, unless it is there and ours."""
        if self._run(lambda: self._client.collection_exists(self.name)):
            told = self._run(lambda: self._client.get_collection(self.name))
            if self.server.fits(dict(told.config.metadata or {}), self.dimensions):
                self._fields = set(told.payload_schema)
                return
            self._run(lambda: self._client.delete_collection(self.name))
        self._run(lambda: self._client.create_collection(self.name, **self._config()))
        self._index_field(LANGUAGE, models.PayloadSchemaType.KEYWORD)

    def _config(self) -> dict[str, Any]:
        """How points are kept: as in the embedded shard."""
        dense = models.VectorParams(
            size=self.dimensions,
            distance=models.Distance.DOT,
            on_disk=True,
            datatype=models.Datatype.FLOAT16,  # as the catalog keeps them: nothing is lost
            quantization_config=models.ScalarQuantization(
                scalar=models.ScalarQuantizationConfig(type=models.ScalarType.INT8, always_ram=False)
            ),
        )
        words = models.SparseVectorParams(modifier=models.Modifier.IDF)
        return {
            "vectors_config": {"dense": dense},
            "sparse_vectors_config": {"bm25": words, "tfidf": words},
            "metadata": self.server.made(self.dimensions),
        }

    def _index_fields(self, points: Sequence[Point]) -> None:
        """Give each new metadata field a payload index, so that filters stay fast as the library grows."""
        kinds = {key: value for point in points for key, value in point.fields.items() if value is not None}
        for key, value in kinds.items():
            try:
                path = payload_path(key)
            except Unsupported:
                continue  # a name that no filter can speak of either
            if path not in self._fields and len(self._fields) < MOST_FIELD_INDEXES:
                self._index_field(path, _schema(value))
                self._fields.add(path)

    def _index_field(self, path: str, schema: models.PayloadSchemaType) -> None:
        self._run(lambda: self._client.create_payload_index(self.name, path, schema))

    def _found_languages(self) -> tuple[str, ...]:
        """Return English and the languages, besides it, that most points have."""
        found = self._run(lambda: self._client.facet(self.name, LANGUAGE, limit=MOST_LANGUAGES - 1))
        return (ENGLISH, *(str(one.value) for one in found.hits))


def reach(place: Place) -> Health:
    """Ask the server what it is, changing nothing."""
    server = Server(STORE, place, OWN_KEY)
    client = _client(server)
    try:
        return Health(f"{STORE} {tried(lambda: guarded(server, client.info)).version}", SCORER, IDF)
    finally:
        client.close()


def _client(server: Server) -> QdrantClient:
    # The key goes into a header, so it is only sent; the client's own message about versions would go to stderr.
    return QdrantClient(
        server.place.url,
        api_key=server.key() or None,
        timeout=max(1, round(server.place.timeout)),
        check_compatibility=False,
    )


def guarded(server: Server, call: Callable[[], T]) -> T:
    """Run a call of the client; its errors become ours."""
    try:
        return call()
    except ResponseHandlingException as error:
        raise _broken(server, error.source) from error
    except ResourceExhaustedResponse as error:
        raise server.failed(error, 503) from error
    except UnexpectedResponse as error:
        raise _refused(server, error.status_code or 0, error.content.decode("utf-8", "replace")) from error


def _broken(server: Server, source: Exception) -> CitewellError:
    if isinstance(source, httpx.ConnectError):
        return server.unreachable()
    if isinstance(source, httpx.TimeoutException):
        return server.slow()
    return server.unreachable(source) if isinstance(source, httpx.TransportError) else server.failed(source)


def _refused(server: Server, status: int, said: str) -> CitewellError:
    if status in (401, 403):
        return server.denied(said)
    if status == 404 and "ollection" in said:
        return server.gone()
    return server.failed(said, status)


def _point(point: Point) -> models.PointStruct:
    vectors: dict[str, Any] = {name: _sparse(sparse) for name, sparse in words_of(point).items()}
    return models.PointStruct(
        id=point.id, vector={**vectors, "dense": point.vector.tolist()}, payload=payload_of(point)
    )


def _request(query: Any, using: str, limit: int, where: Filter | None) -> models.QueryRequest:
    chosen = to_client(where) if where is not None else None
    return models.QueryRequest(
        query=query,
        using=using,
        limit=limit,
        filter=chosen,
        params=RESCORED,
        with_payload=False,
        with_vector=False,
    )


def _sparse(weights: Sparse) -> models.SparseVector:
    return models.SparseVector(indices=weights[0], values=weights[1])


def _schema(value: Any) -> models.PayloadSchemaType:
    if isinstance(value, bool):
        return models.PayloadSchemaType.BOOL
    return (
        models.PayloadSchemaType.FLOAT if isinstance(value, int | float) else models.PayloadSchemaType.KEYWORD
    )
