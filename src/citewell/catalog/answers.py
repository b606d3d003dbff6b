"""What models wrote to prompts before. A change of any document that a prompt showed erases what was written to it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Float,
    LargeBinary,
    String,
    and_,
    cast,
    delete,
    false,
    func,
    literal,
    select,
    true,
    update,
)
from sqlalchemy.engine import Connection

from citewell.catalog import schema
from citewell.catalog.engine import SHARING, At, insert_new, open_engine, replace_in, together, translated
from citewell.catalog.ids import split_id

a, of, v, m = schema.answers.c, schema.answer_versions.c, schema.versions.c, schema.meta.c
CHANGES: Final = "changes"
"""The row of `meta` that counts what was made current or erased: in the very transaction that does so."""
COUNTED: Final = {"preserve_rowcount": True}
"""Psycopg's cursor forgets how many rows it inserted when SQLAlchemy closes it."""
KEPT_SECONDS = 30 * 24 * 3600.0
"""A model behind a name may change: what it wrote is not served for longer."""


class Answers:
    """Keeps at most `most` texts, the newest. Every method is one transaction."""

    def __init__(self, at: At, most: int) -> None:
        self._engine = open_engine(at)
        self._most = most

    def get(self, key: bytes) -> tuple[str, str] | None:
        """Return (text, model) of what was written to a prompt, if it is kept."""
        query = select(a.text, a.model).where(a.key == key, a.made_at > time.time() - KEPT_SECONDS)
        with translated(), self._engine.connect() as sql:
            row = sql.execute(query).one_or_none()
        return (row[0], row[1]) if row else None

    def revision(self) -> int:
        """Return a number that grows with every change of a document."""
        with translated(), self._engine.connect() as sql:
            return _revision(sql)

    def put(self, key: bytes, written: tuple[str, str], passages: Sequence[str], library: int | None) -> None:
        """Keep (text, model), unless a document that was shown has changed since.

        `passages` are the ids of those that the prompt showed; `library` is the revision at which it was written, where
        it may hold words of any document.
        """
        versions = sorted({split_id(one)[0] for one in passages})
        there = select(func.count()).where(v.key.in_(versions), v.current).scalar_subquery()
        row = select(
            literal(key, LargeBinary),
            literal(written[0], String),
            literal(written[1], String),
            literal(library is not None, Boolean),
            literal(time.time(), Float),
        ).where(and_(there == len(versions), true()))
        with translated(), self._engine.begin() as sql:
            # What is looked at cannot change between looking and writing: on SQLite because it is one statement.
            together(sql, SHARING)
            made = sql.execute(replace_in(sql, schema.answers, row), execution_options=COUNTED)
            if made.rowcount < 1:
                return
            if library is not None and _revision(sql) != library:
                sql.execute(delete(schema.answers).where(a.key == key))
                return
            rows = [{"version": version, "answer": key} for version in versions]
            if rows:
                sql.execute(insert_new(sql, schema.answer_versions), rows)
            _forget(sql, self._beyond(sql))

    def close(self) -> None:
        """Release the files."""
        self._engine.dispose()

    def _beyond(self, sql: Connection) -> list[bytes]:
        query = select(a.key).order_by(a.made_at.desc()).offset(self._most)
        return list(sql.execute(query).scalars())


def forget_answers(sql: Connection, versions: Sequence[int]) -> None:
    """Erase, in somebody's transaction, what was written to prompts that showed these versions, or may have.

    Who calls this is `alone` in SHARING.
    """
    number = cast(cast(m.value, BigInteger) + 1, String)
    if not sql.execute(update(schema.meta).where(m.name == CHANGES).values(value=number)).rowcount:
        sql.execute(insert_new(sql, schema.meta).values(name=CHANGES, value="1"))
    shown = list(sql.execute(select(of.answer).where(of.version.in_(versions))).scalars())
    whole = list(sql.execute(select(a.key).where(a.library != false())).scalars())
    _forget(sql, [*shown, *whole])


def _forget(sql: Connection, keys: Sequence[bytes]) -> None:
    for start in range(0, len(keys), 500):
        some = keys[start : start + 500]
        sql.execute(delete(schema.answer_versions).where(of.answer.in_(some)))
        sql.execute(delete(schema.answers).where(a.key.in_(some)))


def _revision(sql: Connection) -> int:
    return int(sql.execute(select(m.value).where(m.name == CHANGES)).scalar() or 0)
