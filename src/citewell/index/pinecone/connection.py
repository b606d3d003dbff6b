"""The index at Pinecone: made, asked and written to, and read only once it shows what was written."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, urlsplit

from pinecone import DenseVectorQuery, Pinecone, RetryConfig, SparseValues, SparseVectorQuery
from pinecone.errors import (
    ApiError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    PineconeConnectionError,
    PineconeError,
    PineconeTimeoutError,
    RateLimitError,
    UnauthorizedError,
)

from citewell.errors import ProviderError
from citewell.index.remote import Server, tried
from citewell.language import ENGLISH
from citewell.protocols import Scored

T = TypeVar("T")
NAMESPACE: Final = "passages"
DENSE: Final = "dense"
WORDS: Final = "words"
TAG: Final = "citewell-"
MOST: Final = 10_000
"""Hits of one search."""
MOST_LANGUAGES: Final = 8
STALE: Final = 30.0
"""Seconds after which another process may have put a language that this one does not know of."""
STARTING: Final = 300
"""Seconds that making an index may take."""
SETTLE: Final = 5.0
"""Seconds after a write that a read waits for, where the service does not say how far it is."""
ONCE: Final = RetryConfig(max_retries=0)
"""What may pass is tried again by us, so that one limit of time holds."""


class Connection:
    """An index of the name, made unless it is there and ours."""

    def __init__(self, server: Server, dimensions: int) -> None:
        self.server, self.dimensions = server, dimensions
        self.name = named(server.place.collection)
        self._lock = threading.Lock()
        self._written: int | None = None
        self._wrote = time.monotonic() - SETTLE
        self._languages: tuple[str, ...] = (ENGLISH,)
        self._told = 0.0
        self._client = client(server)
        self._index = self._open()
        self.documents = self._index.documents

    def described(self) -> Any:
        """Return the service's description of the index. Corrupt when it is gone."""
        return self._asked(lambda: self._client.indexes.describe(self.name))

    def count(self) -> int:
        """Return how many points there are, as the service tells it."""
        return int(self.run(lambda: self._index.describe_namespace(name=NAMESPACE)).record_count)

    def close(self) -> None:
        """Close the connections."""
        self._index.close()
        self._client.close()

    def run(self, call: Callable[[], T]) -> T:
        """Run a call of the client, again if what failed may pass."""
        try:
            return self._asked(call)
        except ProviderError as error:
            if error.retryable and error.retry_after is None:
                self.described()  # Corrupt, when it is gone: the address of what was deleted does not answer
            raise

    # -- writing, and reading what was written ------------------------------------------------------

    def write(self, call: Callable[[], Any]) -> None:
        """Run a call that writes, and note how far the index must be to show it."""
        info = self.run(call).response_info
        with self._lock:
            self._wrote = time.monotonic()
            if info is not None and info.lsn_committed is not None:
                self._written = max(self._written or 0, info.lsn_committed)

    def search(self, clause: Any, limit: int, where: dict[str, Any] | None) -> Scored:
        """Return up to `limit` points, at most 10,000, once the index shows all that was written here."""
        until, pause = time.monotonic() + self.server.place.timeout, 0.02
        asked = {"top_k": max(1, min(limit, MOST)), "score_by": [clause], "filter": where}
        while True:
            found = self.run(lambda: self.documents.search(namespace=NAMESPACE, **asked))
            if self._seen(found.response_info):
                return [(one.id, float(one.score or 0)) for one in found.matches]
            if time.monotonic() > until:
                raise self._behind()
            time.sleep(pause)
            pause = min(1.0, pause * 1.5)

    def settle(self) -> None:
        """Wait until what was written is seen."""
        if self._written is not None or time.monotonic() - self._wrote < SETTLE:
            self.search(sparse([0], [1.0]), 1, None)

    def _seen(self, info: Any) -> bool:
        """Say whether an answer knows of everything that was written here."""
        if self._written is not None and info is not None and info.lsn_reconciled is not None:
            return bool(info.is_reconciled(self._written))
        return time.monotonic() - self._wrote >= SETTLE

    def _behind(self) -> ProviderError:
        seconds = self.server.place.timeout
        return ProviderError(
            f"{self.server.store} has not indexed within {seconds:g} s what was written, but will; try again later, "
            "or raise index.timeout",
            retryable=True,
            retry_after=seconds,
        )

    # -- languages: in a tag of the index, where every process sees them ----------------------------

    def languages(self) -> tuple[str, ...]:
        """Return the languages that points are written in, as of half a minute ago at most."""
        if time.monotonic() - self._told > STALE:
            self._hear(self.described().tags)
        return self._languages

    def speak(self, spoken: set[str]) -> None:
        """Note languages that points are written in."""
        with self._lock:
            if spoken <= set(self._languages) or len(self._languages) >= MOST_LANGUAGES:
                return
            self._hear(self.described().tags)
            self._languages = tuple(dict.fromkeys([*self._languages, *sorted(spoken)]))[:MOST_LANGUAGES]
            self._tag(self._languages)

    def _hear(self, tags: Any) -> None:
        told = str((tags or {}).get(f"{TAG}languages", ENGLISH)).split()
        self._languages = tuple(dict.fromkeys([ENGLISH, *told, *self._languages]))[:MOST_LANGUAGES]
        self._told = time.monotonic()

    def _tag(self, languages: Iterable[str]) -> None:
        tags = self._tags(languages)
        self._asked(lambda: self._client.indexes.configure(self.name, tags=tags))

    def _tags(self, languages: Iterable[str]) -> dict[str, str]:
        noted = {**self.server.made(self.dimensions), "languages": " ".join(languages)}
        return {TAG + name: value for name, value in noted.items() if value}

    # -- making it ----------------------------------------------------------------------------------

    def _open(self) -> Any:
        if not self._asked(lambda: self._client.indexes.exists(self.name)):
            self._asked(self._create)
        found = self._ready()
        tags, made = found.tags or {}, self.server.made(self.dimensions)
        ours = self.server.fits({name: tags.get(TAG + name, "") for name in made}, self.dimensions)
        index = self._client.index(host=found.host)
        # The handle takes no such setting: it would try for four times as long as index.timeout.
        index._http._client._transport._config = ONCE  # type: ignore[attr-defined]
        self._asked(lambda: made_once(lambda: index.create_namespace(name=NAMESPACE)))
        if ours:
            self._hear(tags)
        else:
            gone = self._asked(lambda: index.documents.delete(namespace=NAMESPACE, delete_all=True))
            self._wrote = time.monotonic()
            self._written = gone.response_info.lsn_committed if gone.response_info else None
            self._tag((ENGLISH,))
        return index

    def _create(self) -> None:
        place = dict(parse_qsl(urlsplit(self.server.place.url).query))
        dense = {"type": "dense_vector", "dimension": self.dimensions, "metric": "dotproduct"}
        made_once(
            lambda: self._client.indexes.create(
                name=self.name,
                schema={"fields": {DENSE: dense, WORDS: {"type": "sparse_vector"}}},
                deployment={"deployment_type": "managed", **place} if place else None,
                tags=self._tags((ENGLISH,)),
                timeout=-1,
            )
        )

    def _ready(self) -> Any:
        until = time.monotonic() + STARTING
        while True:
            found = self.described()
            if found.status.ready:
                return found
            if time.monotonic() > until or "Failed" in found.status.state:
                raise self.server.failed(f"the index {self.name!r} is {found.status.state}")
            time.sleep(1)

    def _asked(self, call: Callable[[], T]) -> T:
        return tried(lambda: guarded(self.server, call))


def named(collection: str) -> str:
    """Return the name of an index: small letters, digits and hyphens, at most 45."""
    return collection.lower().replace("_", "-")[:45].strip("-")


def client(server: Server) -> Pinecone:
    """Return a client of the control plane."""
    key = server.key()
    if not key:
        raise server.denied()
    address = urlsplit(server.place.url)._replace(query="", fragment="").geturl()
    return Pinecone(key, host=address, timeout=server.place.timeout, retry_config=ONCE)


def made_once(call: Callable[[], Any]) -> None:
    """Make something, unless another process just has."""
    with contextlib.suppress(ConflictError):
        call()


def dense(values: list[float]) -> DenseVectorQuery:
    """Return what scores by a dense vector."""
    return DenseVectorQuery(field=DENSE, values=values)


def sparse(indices: Iterable[int], weights: Iterable[float]) -> SparseVectorQuery:
    """Return what scores by a sparse vector."""
    values = SparseValues(indices=list(indices), values=list(weights))
    return SparseVectorQuery(field=WORDS, sparse_values=values)


def guarded(server: Server, call: Callable[[], T]) -> T:
    """Run a call of the client; its errors become ours."""
    try:
        return call()
    except (UnauthorizedError, ForbiddenError) as error:
        raise server.denied(error) from error
    except NotFoundError as error:
        raise server.gone() from error
    except PineconeTimeoutError as error:
        raise server.slow() from error
    except PineconeConnectionError as error:
        raise server.unreachable(error) from error
    except RateLimitError as error:
        raise server.failed(error, 503) from error
    except ApiError as error:
        raise server.failed(error, error.status_code) from error
    except PineconeError as error:
        raise server.failed(error) from error
