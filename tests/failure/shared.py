"""A small index in PostgreSQL for tests of several processes on one library: words only, no score worth the name."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import psycopg

from citewell.filters import Filter
from citewell.model import Fields, Point
from citewell.protocols import Scored

if TYPE_CHECKING:
    from citewell.model import Vector

WORD = re.compile(r"\w+")


class SharedIndex:
    """One table, `points`, in a schema of its own; what was put is seen by all at once."""

    def __init__(self, url: str, schema: str) -> None:
        self._sql: Any = psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True)
        self._lock = threading.Lock()
        with self._sql.transaction():
            self._do("SELECT pg_advisory_xact_lock(1)")
            self._do(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
            self._do(f'SET search_path TO "{schema}"')
            self._do("CREATE TABLE IF NOT EXISTS points (id uuid PRIMARY KEY, words text[] NOT NULL)")
            self._do("CREATE INDEX IF NOT EXISTS points_words ON points USING gin (words)")

    def _do(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._lock, self._sql.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall()) if cursor.description else []

    def put(self, points: Sequence[Point]) -> None:
        replace = "INSERT INTO points VALUES (%s, %s) ON CONFLICT (id) DO UPDATE SET words = excluded.words"
        for one in points:  # one by one: a process may be killed between two
            self._do(replace, [one.id, sorted(set(WORD.findall(one.text.lower())))])

    def drop(self, ids: Sequence[str]) -> None:
        for one in ids:
            self._do("DELETE FROM points WHERE id = %s", [one])

    def set_fields(self, ids: Sequence[str], fields: Fields) -> None:
        """Nothing here filters."""

    def dense(self, vector: Vector, limit: int, where: Filter | None) -> Scored:
        return []

    def lexical(
        self, text: str, limit: int, where: Filter | None, scheme: Literal["bm25", "tfidf"]
    ) -> Scored:
        words = WORD.findall(text.lower())
        found = self._do(
            "SELECT id FROM points WHERE words && %s::text[] ORDER BY id LIMIT %s", [words, limit]
        )
        return [(str(row[0]), 1.0) for row in found]

    def knows(self, words: Sequence[str]) -> list[bool]:
        return [True for _ in words]

    def frequencies(self, words: Sequence[str], most: int, where: Filter | None) -> list[int]:
        return [min(1, most) for _ in words]

    def languages(self) -> tuple[str, ...]:
        return ("en",)

    def ids(self) -> Iterator[str]:
        yield from (str(row[0]) for row in self._do("SELECT id FROM points ORDER BY id"))

    def count(self) -> int:
        return int(self._do("SELECT count(*) FROM points")[0][0])

    def flush(self) -> None:
        """PostgreSQL has made durable what it has acknowledged."""

    def optimize(self) -> bool:
        return False

    def close(self) -> None:
        self._sql.close()
