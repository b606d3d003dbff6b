"""Which passages match, from PostgreSQL with pgvector: vectors in a graph, words in sparse vectors, filters as SQL."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from pgvector import HalfVector
from psycopg import sql

from citewell.errors import Unsupported
from citewell.filters import Filter
from citewell.index import lexical
from citewell.index.pgvector.connections import Connections, Timed, extension
from citewell.index.pgvector.where import clean, stored, to_sql
from citewell.index.pgvector.words import QUESTION, Words, weighed
from citewell.index.remote import Server
from citewell.index.shape import SCORER, check_length, check_lengths
from citewell.language import ENGLISH, language_of
from citewell.model import Fields, Point
from citewell.protocols import Health, Place, Scheme, Scored

if TYPE_CHECKING:
    from citewell.model import Vector

STORE: Final = "PostgreSQL"
OWN_KEY: Final = "PGPASSWORD"
MOST_DIMENSIONS: Final = 4_000
"""That pgvector's graph takes, of half precision."""
FULL_SCAN: Final = 10_000
"""Fewer points than this are searched one by one: that is exact, and fast enough."""
PAGE: Final = 10_000
MOST_LANGUAGES: Final = 8
STALE: Final = 30.0
"""Seconds after which another process may have put a language that this one does not know of."""

TABLES: Final = """
CREATE TABLE {about} (name text PRIMARY KEY, value text NOT NULL);
CREATE TABLE {points} (id uuid PRIMARY KEY, document_id text NOT NULL, lang text NOT NULL, fields jsonb NOT NULL,
    vector halfvec({dimensions}) NOT NULL);
CREATE INDEX ON {points} USING hash (document_id);
CREATE INDEX ON {points} USING gin (fields jsonb_path_ops);
CREATE INDEX ON {points} (lang) WHERE lang <> 'en';
"""
DROP_ALL: Final = "DROP TABLE IF EXISTS {about}, {points}, {words}, {terms}"
NOTED: Final = "SELECT name, value FROM {about}"
NOTE: Final = "INSERT INTO {about} VALUES (%s, %s)"
PUT: Final = """
INSERT INTO {points} VALUES (%s, %s, %s, %s, %s) ON CONFLICT (id) DO UPDATE SET document_id = excluded.document_id,
    lang = excluded.lang, fields = excluded.fields, vector = excluded.vector
"""
WORDED: Final = "UPDATE {about} SET value = value::bigint + %s WHERE name = 'worded'"
DROP: Final = "DELETE FROM {points} WHERE id = ANY(%s)"
FIELDS: Final = "UPDATE {points} SET fields = %s WHERE id = ANY(%s)"
NEAREST: Final = (
    "SELECT p.id, -(p.vector <#> %s) FROM {points} p WHERE {where} ORDER BY p.vector <#> %s LIMIT %s"
)
EXACT: Final = (
    "SELECT p.id, -(p.vector <#> %s) FROM {points} p WHERE {where} ORDER BY -(p.vector <#> %s) DESC LIMIT %s"
)
"""The order by the opposite: one that the graph does not know."""
LANGUAGES: Final = (
    "SELECT lang FROM {points} WHERE lang <> 'en' GROUP BY lang ORDER BY count(*) DESC, lang LIMIT %s"
)
IDS: Final = "SELECT id FROM {points} WHERE id > %s ORDER BY id LIMIT %s"
GRAPH: Final = "CREATE INDEX CONCURRENTLY {graph} ON {points} USING hnsw (vector halfvec_ip_ops)"
GRAPHS: Final = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"
VERSION: Final = "SELECT current_setting('server_version')"


class PgVector:
    """A collection in PostgreSQL: four tables whose names begin with it. Any number of threads and processes.

    A write is durable when it returns. Until `optimize` has built the graph, dense search looks at every point.
    """

    def __init__(self, place: Place, dimensions: int) -> None:
        if dimensions > MOST_DIMENSIONS:
            raise Unsupported(
                f"pgvector's graph takes vectors of up to {MOST_DIMENSIONS} numbers, the embedder makes "
                f"{dimensions}; set embed.dimensions, or choose another index.store"
            )
        self.dimensions = dimensions
        self.server = Server(STORE, place, OWN_KEY)
        self._connections = Connections(self.server)
        parts = ("points", "words", "terms", "about", "graph")
        names = {part: sql.Identifier(f"{place.collection}_{part}") for part in parts}
        self._words = Words({**names, "dimensions": sql.Literal(dimensions)})
        self._languages, self._told = (ENGLISH,), 0.0
        self._building = threading.Lock()
        self._connections.run(self._create)

    def put(self, points: Sequence[Point]) -> None:
        """Insert or replace points, in one transaction."""
        check_lengths(points, self.dimensions)
        if not points:
            return
        rows = [_row(point) for point in points]

        def work(connection: Timed) -> None:
            with connection.cursor() as cursor:
                cursor.executemany(self._sql(PUT), rows)
            self._worded(connection, self._words.put(connection, points))

        self._connections.run(work)
        self._told = 0.0

    def drop(self, ids: Sequence[str]) -> None:
        """Delete points; unknown ids are ignored."""

        def work(connection: Timed) -> None:
            connection.execute(self._sql(DROP), [list(ids)])
            self._worded(connection, -self._words.drop(connection, ids))

        if ids:
            self._connections.run(work)

    def set_fields(self, ids: Sequence[str], fields: Fields) -> None:
        """Replace the filter fields of points."""
        self._connections.run(
            lambda connection: connection.execute(self._sql(FIELDS), [stored(fields), list(ids)])
        )

    def dense(self, vector: Vector, limit: int, where: Filter | None) -> Scored:
        """Return up to `limit` points by dot product with a unit `vector`, best first."""
        check_length(vector, self.dimensions)
        text, values = to_sql(where) if where is not None else ("TRUE", [])
        half = HalfVector(vector)

        def work(connection: Timed) -> Scored:
            for statement in (NEAREST, EXACT):
                query = self._sql(statement, where=sql.SQL(text))
                rows = connection.execute(query, [half, *values, half, limit]).fetchall()
                if len(rows) == limit:
                    break  # else the graph gave up on a filter that lets little through
            return [(str(one), float(score)) for one, score in rows]

        return self._connections.run(work)

    def lexical(self, text: str, limit: int, where: Filter | None, scheme: Scheme) -> Scored:
        """Return up to `limit` points by keyword score, best first; none when no word is left to look for."""
        asked = QUESTION[scheme](text, self.languages())
        condition = to_sql(where) if where is not None else None

        def work(connection: Timed) -> Scored:
            held = self._words.held(connection, asked[0])
            worded = int(self._noted(connection)["worded"])
            return self._words.best(connection, weighed(asked, scheme, held, worded), limit, condition)

        return self._connections.run(work) if asked[0] else []

    def knows(self, words: Sequence[str]) -> list[bool]:
        """Say of each word in small letters whether a point has its term; True if it has no term."""
        languages = self.languages()
        asked = [lexical.hashes(word, languages) for word in words]
        terms = list({term for some in asked for term in some})
        held = self._connections.run(lambda connection: self._words.held(connection, terms)) if terms else {}
        return [not some or not some.isdisjoint(held) for some in asked]

    def frequencies(self, words: Sequence[str], most: int, where: Filter | None) -> list[int]:
        """Return how many points have each word, counting up to `most`; `most` for a word that has no term."""
        languages = self.languages()
        asked = [lexical.bm25_query(word, languages)[0] for word in words]
        if not any(asked):
            return [most for _ in words]
        condition = to_sql(where) if where is not None else None
        found = self._connections.run(lambda one: self._words.frequencies(one, asked, most, condition))
        return [count if terms else most for terms, count in zip(asked, found, strict=True)]

    def languages(self) -> tuple[str, ...]:
        """Return the languages that points are written in: English, then those that most points have, at most 8."""
        if time.monotonic() - self._told > STALE or not self._told:
            query, most = self._sql(LANGUAGES), MOST_LANGUAGES - 1
            rows = self._connections.run(lambda connection: connection.execute(query, [most]).fetchall())
            self._languages, self._told = (ENGLISH, *(row[0] for row in rows)), time.monotonic()
        return self._languages

    def ids(self) -> Iterator[str]:
        """Yield every point id."""
        after = "00000000-0000-0000-0000-000000000000"
        query = self._sql(IDS)
        while True:
            page = [after, PAGE]
            rows = self._connections.run(lambda one, page=page: one.execute(query, page).fetchall())  # type: ignore[misc]
            yield from (str(row[0]) for row in rows)
            if len(rows) < PAGE:
                return
            after = str(rows[-1][0])

    def count(self) -> int:
        """Return the exact number of points."""
        query = self._sql("SELECT count(*) FROM {points}")
        return self._connections.run(lambda connection: int(_first(connection.execute(query))))

    def flush(self) -> None:
        """Do nothing: PostgreSQL has made durable what it has acknowledged."""

    def optimize(self) -> bool:
        """Build the graph, once there are enough points for one; reclaim space. Others go on meanwhile."""
        if self.count() < FULL_SCAN:
            return False
        name = f'"{self.server.place.collection}_graph"'
        with self._building, self._connections.alone() as connection:
            built = connection.execute(GRAPHS, [name]).fetchone()
            if built is not None and not built[0]:
                connection.execute(self._sql("DROP INDEX {graph}"))  # somebody stopped while building it
            if built is None or not built[0]:
                connection.execute(self._sql(GRAPH))
            connection.execute(self._sql("VACUUM (ANALYZE) {points}, {words}, {terms}"))
        return built is None

    def health(self) -> Health:
        """Ask the server what it is."""
        return self._connections.run(_health)

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()

    def _sql(self, text: str, **more: sql.Composable) -> sql.Composed:
        return self._words.statement(text, **more)

    def _create(self, connection: Timed) -> None:
        """Make the tables, unless they are there and ours."""
        connection.execute(
            "SELECT pg_advisory_xact_lock(hashtext(%s))", [f"citewell {self.server.place.collection}"]
        )
        there = _first(
            connection.execute("SELECT to_regclass(%s)", [f'"{self.server.place.collection}_about"'])
        )
        if there is not None and self.server.fits(self._noted(connection), self.dimensions):
            return
        connection.execute(self._sql(DROP_ALL))
        connection.execute(self._sql(TABLES))
        self._words.create(connection)
        noted = {**self.server.made(self.dimensions), "worded": "0"}
        with connection.cursor() as cursor:
            cursor.executemany(self._sql(NOTE), list(noted.items()))

    def _noted(self, connection: Timed) -> dict[str, str]:
        return dict(connection.execute(self._sql(NOTED)).fetchall())

    def _worded(self, connection: Timed, change: int) -> None:
        """Count how many points have words: last, so that writers wait for each other only here."""
        if change:
            connection.execute(self._sql(WORDED), [change])


def reach(place: Place) -> Health:
    """Ask the server what it is, changing nothing."""
    connections = Connections(Server(STORE, place, OWN_KEY), ready=False)
    try:
        return connections.run(_health)
    finally:
        connections.close()


def _health(connection: Timed) -> Health:
    version = _first(connection.execute(VERSION))
    return Health(
        f"{STORE} {version}, pgvector {extension(connection) or 'not yet in this database'}",
        SCORER,
        "a table of the index, counted in the transaction of each write, over all passages of this collection",
    )


def _row(point: Point) -> tuple[Any, ...]:
    language = language_of(point.fields)
    return point.id, clean(point.document_id), language, stored(point.fields), HalfVector(point.vector)


def _first(found: Any) -> Any:
    row = found.fetchone()
    return row[0] if row else None
