"""Which passages match, from Chroma: vectors there, on a server or embedded; words in a shard of our own beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast
from urllib.parse import urlsplit
from urllib.request import url2pathname

import chromadb
import httpx
from chromadb.config import Settings
from chromadb.errors import NotFoundError

from citewell.errors import BadInput, CitewellError
from citewell.filters import Filter
from citewell.index.chroma_filter import DOCUMENT, stored, to_chroma
from citewell.index.flat import clean
from citewell.index.qdrant_edge import QdrantEdge, open_edge
from citewell.index.remote import Server, tried
from citewell.index.shape import SCORER, check_length, check_lengths
from citewell.model import Fields, Point
from citewell.protocols import Health, Place, Scheme, Scored

if TYPE_CHECKING:
    from citewell.model import Vector

T = TypeVar("T")
STORE: Final = "Chroma"
OWN_KEY: Final = "CHROMA_API_KEY"
GROUP: Final = 300
"""Points in one request: what every Chroma takes."""
PAGE: Final = 5_000
GRAPH: Final = {"hnsw": {"space": "ip", "ef_search": 200}}
IDF: Final = (
    "an embedded index of words beside it (qdrant-edge), at each search, over all passages of this library; removed "
    "ones count until the next optimize"
)


class Chroma:
    """A collection of a server, or one in a folder where there is no `url`; words are in the folder in any case.

    So one process at a time. A write is seen when it returns.
    """

    def __init__(self, place: Place, dimensions: int) -> None:
        self.dimensions = dimensions
        self.server = Server(STORE, _placed(place), OWN_KEY)
        self._client = _client(self.server)
        self._points = self._collection()
        words = Place(place.folder / "words")
        self._words: QdrantEdge = open_edge(words, 0)
        if self._words.count() != self.count():
            self._same_points()

    def put(self, points: Sequence[Point]) -> None:
        """Insert or replace points, in requests of 300."""
        check_lengths(points, self.dimensions)
        self._words.put(points)
        for at in range(0, len(points), GROUP):
            group = points[at : at + GROUP]
            ids = [point.id for point in group]
            metadata = [{DOCUMENT: clean(one.document_id), **stored(one.fields)} for one in group]
            vectors = [point.vector for point in group]
            kept = self._without(ids, metadata)
            self._run(lambda ids=ids, vectors=vectors, kept=kept: self._points.upsert(ids, vectors, kept))  # type: ignore[misc]

    def drop(self, ids: Sequence[str]) -> None:
        """Delete points; unknown ids are ignored."""
        self._words.drop(ids)
        for at in range(0, len(ids), GROUP):
            some = list(ids[at : at + GROUP])
            self._run(lambda some=some: self._points.delete(some))  # type: ignore[misc]

    def set_fields(self, ids: Sequence[str], fields: Fields) -> None:
        """Replace the filter fields of points."""
        self._words.set_fields(ids, fields)
        for at in range(0, len(ids), GROUP):
            some = list(ids[at : at + GROUP])
            metadata = self._without(some, [stored(fields) for _ in some], DOCUMENT)
            self._run(lambda some=some, kept=metadata: self._points.update(some, metadatas=kept))  # type: ignore[misc]

    def dense(self, vector: Vector, limit: int, where: Filter | None) -> Scored:
        """Return up to `limit` points by dot product with a unit `vector`, best first."""
        check_length(vector, self.dimensions)
        chosen = to_chroma(where) if where is not None else None
        found = self._run(
            lambda: self._points.query(
                query_embeddings=[vector], n_results=limit, where=chosen, include=["distances"]
            )
        )
        distances = cast(list[list[float]], found["distances"])
        return [(one, 1 - float(far)) for one, far in zip(found["ids"][0], distances[0], strict=True)]

    def lexical(self, text: str, limit: int, where: Filter | None, scheme: Scheme) -> Scored:
        """Return up to `limit` points by keyword score, best first; none when no word is left to look for."""
        return self._words.lexical(text, limit, where, scheme)

    def knows(self, words: Sequence[str]) -> list[bool]:
        """Say of each word in small letters whether a point has, or had, its term; True if it has no term."""
        return self._words.knows(words)

    def frequencies(self, words: Sequence[str], most: int, where: Filter | None) -> list[int]:
        """Return how many points have each word, counting up to `most`; `most` for a word that has no term."""
        return self._words.frequencies(words, most, where)

    def languages(self) -> tuple[str, ...]:
        """Return the languages that points are written in: English, then the others, at most 8."""
        return self._words.languages()

    def ids(self) -> Iterator[str]:
        """Yield every point id."""
        offset = 0
        while True:
            page = self._run(lambda at=offset: self._points.get(limit=PAGE, offset=at, include=[]))["ids"]  # type: ignore[misc]
            yield from page
            offset += len(page)
            if len(page) < PAGE:
                return

    def count(self) -> int:
        """Return the exact number of points."""
        return int(self._run(self._points.count))

    def flush(self) -> None:
        """Make the words durable; Chroma has written down what it has acknowledged."""
        self._words.flush()

    def optimize(self) -> bool:
        """Reclaim space among the words; Chroma builds its graph with every write."""
        return self._words.optimize()

    def health(self) -> Health:
        """Ask Chroma what it is."""
        return Health(_named(self.server, self._run(self._client.get_version)), SCORER, IDF)

    def close(self) -> None:
        """Flush the words and release the files."""
        self._words.close()
        self._client.close()

    def _run(self, call: Callable[[], T]) -> T:
        return tried(lambda: guarded(self.server, call))

    def _without(self, ids: list[str], metadata: list[dict[str, Any]], keep: str = "") -> list[Any]:
        """Return metadata that also takes away what was there: Chroma itself adds the new to the old."""
        old = self._run(lambda: self._points.get(ids=ids, include=["metadatas"]))
        before = dict(zip(old["ids"], old["metadatas"] or (), strict=True))
        return [
            {**{name: None for name in before.get(one) or () if name != keep}, **new}
            for one, new in zip(ids, metadata, strict=True)
        ]

    def _collection(self) -> Any:
        """Return the collection, made unless it is there and ours."""
        name, noted = self.server.place.collection, self.server.made(self.dimensions)
        there = {one.name for one in self._run(self._client.list_collections)}
        if name in there:
            found = self._run(lambda: self._client.get_collection(name, embedding_function=None))
            if self.server.fits(cast(dict[str, str], found.metadata or {}), self.dimensions):
                return found
            self._run(lambda: self._client.delete_collection(name))
        return self._run(
            lambda: self._client.create_collection(
                name, metadata=cast(Any, noted), configuration=cast(Any, GRAPH), embedding_function=None
            )
        )

    def _same_points(self) -> None:
        """Drop what only one of the two has; the catalog then puts it into both."""
        vectors, words = set(self.ids()), set(self._words.ids())
        self.drop(sorted(vectors ^ words))


def reach(place: Place) -> Health:
    """Ask Chroma what it is, changing nothing."""
    server = Server(STORE, _placed(place), OWN_KEY)
    if not place.url:
        return Health(_named(server, chromadb.__version__), SCORER, IDF)
    _identity(server)
    with _http(server) as client:
        return Health(_named(server, guarded(server, lambda: client.get("/version").json())), SCORER, IDF)


def _placed(place: Place) -> Place:
    """Return the place with an address in any case: of the folder, where there is no server."""
    return place if place.url else replace(place, url=(place.folder / "chroma").absolute().as_uri())


def _named(server: Server, version: str) -> str:
    where = "embedded" if server.place.url.startswith("file:") else "server"
    return f"{STORE} {version}, {where}"


def _client(server: Server) -> Any:
    """Connect; whose tenant and database a key opens, the server says."""
    settings = Settings(anonymized_telemetry=False)
    if server.place.url.startswith("file:"):
        return chromadb.PersistentClient(url2pathname(urlsplit(server.place.url).path), settings)
    tenant, database = _identity(server)
    parts = urlsplit(server.place.url)
    ssl = parts.scheme == "https"
    port = parts.port or (443 if ssl else 8000)
    client = guarded(
        server,
        lambda: chromadb.HttpClient(
            parts.hostname or "", port, ssl, _headers(server), settings, tenant, database
        ),
    )
    # The client waits for ever, and loses the status of answers that are not Chroma's own.
    session = client._server._session  # type: ignore[attr-defined]
    session.timeout = httpx.Timeout(server.place.timeout)
    session.event_hooks["response"] = [lambda response: _check(server, response)]
    return client


def _identity(server: Server) -> tuple[str, str]:
    """Ask who we are there: the tenant, and the first database that is open to us."""
    with _http(server) as client:
        told = guarded(server, lambda: client.get("/auth/identity").json())
    databases = [one for one in told.get("databases") or () if one != "*"]
    tenant = told.get("tenant")
    return tenant if tenant not in (None, "", "*") else "default_tenant", (*databases, "default_database")[0]


def _http(server: Server) -> httpx.Client:
    if urlsplit(server.place.url).scheme not in ("http", "https"):
        raise BadInput(
            f"index.url is {server.url!r}; write http://HOST:PORT, or nothing for Chroma in the library"
        )
    return httpx.Client(
        base_url=f"{server.place.url.rstrip('/')}/api/v2",
        headers=_headers(server),
        timeout=server.place.timeout,
        event_hooks={"response": [lambda response: _check(server, response)]},
    )


def _headers(server: Server) -> dict[str, str]:
    key = server.key()
    return {"x-chroma-token": key, "Authorization": f"Bearer {key}"} if key else {}


def _check(server: Server, response: httpx.Response) -> None:
    """Raise our error for an answer that is none of Chroma's."""
    if response.status_code in (401, 403):
        raise server.denied(response.reason_phrase)
    if response.status_code == 429 or response.status_code >= 500:
        response.read()
        raise server.failed(response.text or response.reason_phrase, max(500, response.status_code))


def guarded(server: Server, call: Callable[[], T]) -> T:
    """Run a call of the client; its errors become ours. Some are a bare `Exception`, or a `ValueError`."""
    try:
        return call()
    except NotFoundError as error:
        raise server.gone() from error
    except (httpx.TransportError, chromadb.errors.ChromaError, ValueError) as error:
        raise _said(server, error) from error
    except BaseException as error:
        if type(error) is not Exception:
            raise
        raise server.failed(error) from error


def _said(server: Server, error: BaseException) -> CitewellError:
    if isinstance(error, httpx.TimeoutException):
        return server.slow()
    if isinstance(error, httpx.TransportError) or "Could not connect" in str(error):
        return server.unreachable(error)
    return server.failed(error)
