"""Connections to PostgreSQL for threads to share, each answer with a time limit, and what their errors mean."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, LifoQueue
from typing import Any, Final, TypeVar

import psycopg
from pgvector.psycopg import register_vector
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import _WaitTimeout

from citewell.errors import CitewellError, OutOfSpace, ProviderError, Unsupported
from citewell.index.remote import Server, tried

T = TypeVar("T")
MOST: Final = 8
"""Connections at once; further threads wait for one."""
REFUSALS: Final = ("authentication failed", "no password supplied", "pg_hba.conf", "does not exist")
OLDEST: Final = (0, 8)
"""The version of the extension that searches on when a filter lets too little through (iterative scans)."""
SETTINGS: Final = "-c hnsw.ef_search=200 -c hnsw.iterative_scan=strict_order -c hnsw.max_scan_tuples=100000"


class Timed(psycopg.Connection[tuple[Any, ...]]):
    """A connection that waits for each answer no longer than `seconds`, whatever the network does."""

    seconds: float | None = None

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Consume a generator of the driver; _WaitTimeout when it takes too long."""
        return super().wait(gen, interval, timeout or self.seconds)


class Connections:
    """As many connections as threads ask at once, at most 8, kept for the next ones.

    Unless `ready`, they are not made ready for vectors, which may mean to add the extension.
    """

    def __init__(self, server: Server, ready: bool = True) -> None:
        self.server, self._ready = server, ready
        self._room = threading.Semaphore(MOST)
        self._free: LifoQueue[Timed] = LifoQueue()

    def run(self, work: Callable[[Timed], T], seconds: float | None = -1) -> T:
        """Return what `work` returns, in one transaction; tried again when the connection broke.

        `seconds` limits each answer; by default as configured, None not at all.
        """

        def once() -> T:
            limit = self.server.place.timeout if seconds == -1 else seconds
            with self._room, self._one(limit) as connection, connection.transaction():
                return work(connection)

        return tried(once)

    @contextmanager
    def alone(self) -> Iterator[Timed]:
        """Yield a connection without a transaction and without a limit, for what builds and cleans up."""
        with self._one(None) as connection:
            try:
                yield connection
            finally:
                connection.close()

    def close(self) -> None:
        """Close those that are free."""
        while True:
            try:
                self._free.get_nowait().close()
            except Empty:
                return

    @contextmanager
    def _one(self, seconds: float | None) -> Iterator[Timed]:
        """Yield a connection, kept afterwards if it is still good; psycopg's errors become ours."""
        connection: Timed | None = None
        try:
            connection = self._taken()
            connection.seconds = seconds
            yield connection
        except psycopg.Error as error:
            if connection is not None and (isinstance(error, _WaitTimeout) or connection.broken):
                connection.close()
                self.close()  # the others are no better: the next try connects anew
            raise self._said(error) from error
        finally:
            if connection is not None and not connection.closed:
                self._free.put(connection)

    def _taken(self) -> Timed:
        try:
            return self._free.get_nowait()
        except Empty:
            return self._connected()

    def _connected(self) -> Timed:
        timeout = max(2, round(self.server.place.timeout))
        url = self.server.place.url
        options = f"{SETTINGS} {conninfo_to_dict(url).get('options') or ''}"
        connection = Timed.connect(
            url,
            autocommit=True,
            password=self.server.key() or None,
            connect_timeout=timeout,
            options=options,
            application_name="citewell",
        )
        if self._ready:
            _make_ready(connection, self.server)
        return connection

    def _said(self, error: psycopg.Error) -> CitewellError:
        """Return what an error of the driver means."""
        said = str(error.diag.message_primary or error)
        if isinstance(error, psycopg.errors.ConnectionTimeout | _WaitTimeout | psycopg.errors.QueryCanceled):
            return self.server.slow()
        if isinstance(error, psycopg.errors.UndefinedTable):
            return self.server.gone()
        if isinstance(error, psycopg.errors.InsufficientPrivilege):
            return ProviderError(
                f"{self.server.store} at {self.server.url!r}: {said}; ask its owner for that right"
            )
        if isinstance(error, psycopg.errors.DiskFull):
            return OutOfSpace(f"{self.server.store} at {self.server.url!r} is full ({said}); make room there")
        if isinstance(error, psycopg.OperationalError):
            refused = any(word in said for word in REFUSALS)
            return self.server.denied(said) if refused else self.server.unreachable(said)
        return self.server.failed(said)


def _make_ready(connection: Timed, server: Server) -> None:
    """Make the extension's types known to a new connection. Unsupported where there is no pgvector, or an old one."""
    with connection.transaction():
        version = extension(connection)
        if version is None:
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
            version = extension(connection)
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise Unsupported(f"the database at {server.url!r} is encoded as {encoding!r}; make one in UTF8")
    if tuple(int(part) for part in (version or "0.0").split(".")[:2]) < OLDEST:
        raise Unsupported(
            f"pgvector {version!r} at {server.url!r} is too old; ALTER EXTENSION vector UPDATE, to 0.8"
        )
    register_vector(connection)


def extension(connection: Timed) -> str | None:
    """Return the version of pgvector in the database, None without it."""
    row = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
    return row[0] if row else None
