"""Keyword search in SQL: which words a passage has (a GIN index finds them), and their weights (a sparse vector).

A question's rare words alone choose what is scored, as long as its common words could not lift anything else among
the best: MaxScore (Turtle & Flood, "Query evaluation: strategies and optimizations", 1995). IDF is Robertson and
Spärck Jones', from a table that counts, in the same transaction as every write, how many passages have each term.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pgvector import SparseVector
from psycopg import sql

from citewell.index import lexical
from citewell.index.constants import BM25_K1
from citewell.index.pgvector.connections import Timed
from citewell.index.pgvector.where import Condition
from citewell.language import language_of
from citewell.model import Point
from citewell.protocols import Scheme, Scored

PLACES: Final = 1_000_000_000
"""Dimensions of pgvector's sparse vectors: hashes are taken modulo this."""
MOST_WEIGHT: Final[dict[Scheme, float]] = {"bm25": BM25_K1 + 1, "tfidf": 1.0}
"""What no weight of a term in a passage exceeds."""
QUESTION: Final = {"bm25": lexical.bm25_query, "tfidf": lexical.tfidf_query}
ENOUGH: Final = 5
"""Passages looked at first, for each that is asked for."""

TABLES: Final = """
CREATE TABLE {words} (id uuid PRIMARY KEY, terms int4[] NOT NULL, bm25 sparsevec({places}) NOT NULL,
    tfidf sparsevec({places}) NOT NULL);
CREATE INDEX ON {words} USING gin (terms);
CREATE TABLE {terms} (term int4 PRIMARY KEY, passages int4 NOT NULL);
"""
INSERT: Final = "INSERT INTO {words} VALUES (%s, %s, %s, %s)"
DELETE: Final = "DELETE FROM {words} WHERE id = ANY(%s) RETURNING terms"
COUNT: Final = """
INSERT INTO {terms} AS t SELECT * FROM unnest(%s::int4[], %s::int4[]) AS c(term, passages) ORDER BY 1
ON CONFLICT (term) DO UPDATE SET passages = t.passages + excluded.passages
"""
HELD: Final = "SELECT term, passages FROM {terms} WHERE term = ANY(%s) AND passages > 0"
BEST: Final = """
SELECT w.id, -(w.{scheme} <#> %s) FROM {words} w {joined} WHERE w.terms && %s::int4[] AND {where}
ORDER BY w.{scheme} <#> %s LIMIT %s
"""
FREQUENCIES: Final = """
SELECT a.n, (SELECT count(*) FROM (
    SELECT 1 FROM {words} w {joined} WHERE w.terms && a.terms AND {where} LIMIT %s) found)
FROM (SELECT n, array_agg(term) AS terms FROM unnest(%s::int4[], %s::int4[]) AS u(n, term) GROUP BY n) a
"""
JOINED: Final = "JOIN {points} p ON p.id = w.id"


@dataclass(frozen=True)
class Words:
    """The tables of one collection, by name. Every method takes part in the caller's transaction."""

    names: dict[str, sql.Composable]

    def statement(self, text: str, **more: sql.Composable) -> sql.Composed:
        """Return SQL with the names of tables in it."""
        return sql.SQL(text).format(**self.names, places=sql.Literal(PLACES), **more)

    def create(self, connection: Timed) -> None:
        """Make the tables."""
        connection.execute(self.statement(TABLES))

    def put(self, connection: Timed, points: Sequence[Point]) -> int:
        """Insert or replace the words of points; return how many more points have words than before."""
        counts, less = self._removed(connection, [point.id for point in points])
        rows = [_row(point) for point in points if point.text]
        for _, terms, _, _ in rows:
            counts.update(terms)
        with connection.cursor() as cursor:
            cursor.executemany(self.statement(INSERT), rows)
        self._count(connection, counts)
        return len(rows) - less

    def drop(self, connection: Timed, ids: Sequence[str]) -> int:
        """Delete the words of points; return how many had any."""
        counts, less = self._removed(connection, ids)
        self._count(connection, counts)
        return less

    def best(self, connection: Timed, question: Question, limit: int, where: Condition | None) -> Scored:
        """Return the passages that score best for a question."""
        weights = sorted(question.weights.items(), key=lambda pair: -pair[1][0])
        chosen, seen = 0, 0
        while chosen < len(weights) and seen < ENOUGH * limit:
            seen += weights[chosen][1][1]
            chosen += 1
        while chosen:
            found = self._best(connection, question, [term for term, _ in weights[:chosen]], limit, where)
            least = found[-1][1] if len(found) == limit else 0.0
            needed = chosen
            most = MOST_WEIGHT[question.scheme]
            while needed < len(weights) and sum(most * one for _, (one, _) in weights[needed:]) > least:
                needed += 1
            if needed == chosen:
                return found
            chosen = needed
        return []

    def held(self, connection: Timed, terms: Sequence[int]) -> dict[int, int]:
        """Return how many passages have each term; those that none has are left out."""
        rows = connection.execute(self.statement(HELD), [list(map(_signed, terms))])
        return {term % (1 << 32): passages for term, passages in rows}

    def frequencies(
        self, connection: Timed, words: Sequence[Sequence[int]], most: int, where: Condition | None
    ) -> list[int]:
        """Return how many passages have one of the terms of each word, counting up to `most`."""
        joined, text, values = self._filtered(where)
        pairs = [(n, _signed(term)) for n, terms in enumerate(words) for term in terms]
        statement = self.statement(FREQUENCIES, joined=joined, where=sql.SQL(text))
        numbers, terms = [n for n, _ in pairs], [term for _, term in pairs]
        found = dict(connection.execute(statement, [*values, most, numbers, terms]).fetchall())
        return [int(found.get(n, 0)) for n in range(len(words))]

    def _best(
        self, connection: Timed, question: Question, terms: list[int], limit: int, where: Condition | None
    ) -> Scored:
        joined, text, values = self._filtered(where)
        statement = self.statement(
            BEST, scheme=sql.Identifier(question.scheme), joined=joined, where=sql.SQL(text)
        )
        asked = _sparse({term: weight for term, (weight, _) in question.weights.items()})
        parameters = [asked, list(map(_signed, terms)), *values, asked, limit]
        return [(str(one), float(score)) for one, score in connection.execute(statement, parameters)]

    def _filtered(self, where: Condition | None) -> tuple[sql.Composable, str, list[Any]]:
        text, values = where or ("TRUE", [])
        return (self.statement(JOINED) if where else sql.SQL("")), text, values

    def _removed(self, connection: Timed, ids: Sequence[str]) -> tuple[Counter[int], int]:
        counts: Counter[int] = Counter()
        rows = connection.execute(self.statement(DELETE), [list(ids)]).fetchall()
        for (terms,) in rows:
            counts.subtract(terms)
        return counts, len(rows)

    def _count(self, connection: Timed, counts: Counter[int]) -> None:
        changed = sorted((term, change) for term, change in counts.items() if change)
        if changed:
            parameters = [[term for term, _ in changed], [change for _, change in changed]]
            connection.execute(self.statement(COUNT), parameters)


@dataclass(frozen=True)
class Question:
    """A question's terms: for each, its weight with IDF, and how many passages have it."""

    scheme: Scheme
    weights: dict[int, tuple[float, int]]


def weighed(asked: lexical.Sparse, scheme: Scheme, held: dict[int, int], passages: int) -> Question:
    """Multiply a question's weights by IDF, among so many passages with words; terms that none has are left out."""
    weights = {}
    for term, weight in zip(*asked, strict=True):
        if count := held.get(term):
            idf = math.log(1 + (passages - count + 0.5) / (count + 0.5))
            weights[term] = (weight * idf, count)
    return Question(scheme, weights)


def _row(point: Point) -> tuple[str, list[int], SparseVector, SparseVector]:
    terms = lexical.analyse(point.text, language_of(point.fields))
    held, weights = lexical.bm25_passage(terms)
    bm25, tfidf = dict(zip(held, weights, strict=True)), dict(zip(*lexical.tfidf_passage(terms), strict=True))
    return point.id, sorted(map(_signed, held)), _sparse(bm25), _sparse(tfidf)


def _sparse(weights: dict[int, float]) -> SparseVector:
    placed: dict[int, float] = {}
    for term, weight in weights.items():
        placed[term % PLACES] = max(weight, placed.get(term % PLACES, 0.0))
    return SparseVector(placed, PLACES)


def _signed(term: int) -> int:
    """Return a hash of 32 bits as PostgreSQL's int4."""
    return term - (1 << 32) if term >= 1 << 31 else term
