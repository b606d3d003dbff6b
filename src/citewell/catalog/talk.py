"""Kept conversations in SQL. Every method is one transaction, durable when it returns."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Engine

from citewell.catalog import schema
from citewell.catalog.engine import is_postgres, translated
from citewell.errors import NotFound

c, t = schema.conversations.c, schema.turns.c
_FIRST = select(t.question).where(t.conversation == c.id, t.number == 1).scalar_subquery()
_LENGTH = select(func.max(t.number)).where(t.conversation == c.id).scalar_subquery()
_LISTED = select(c.id, _FIRST, c.started_at, c.updated_at, _LENGTH)


class Talk:
    """The tables `conversations` and `turns`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, id: str | None, turn: Mapping[str, Any]) -> str:
        """Add a turn to a conversation, or to a new one; returns its id. NotFound for one that is not there."""
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        name = id or secrets.token_hex(6)
        with translated(), self._engine.begin() as sql:
            if id is None:
                sql.execute(insert(schema.conversations).values(id=name, started_at=now, updated_at=now))
            elif not sql.execute(
                update(schema.conversations).where(c.id == id).values(updated_at=now)
            ).rowcount:
                raise missing(id)
            last = sql.execute(select(func.coalesce(func.max(t.number), 0)).where(t.conversation == name))
            row = {"conversation": name, "number": last.scalar_one() + 1, "created_at": now, **turn}
            sql.execute(insert(schema.turns), [row])
        return name

    def list(self, limit: int, before: str) -> Sequence[Any]:
        """Return (id, first question, started, updated, length), the latest first."""
        query = _LISTED.order_by(c.updated_at.desc()).limit(limit)
        with translated(), self._engine.connect() as sql:
            return sql.execute(query.where(c.updated_at < before) if before else query).all()

    def get(self, id: str) -> tuple[Any, Sequence[Any]]:
        """Return such a row, and (number, question, answer, at) of each turn. NotFound if there is none."""
        turns = select(t.number, t.question, t.answer, t.created_at).where(t.conversation == id)
        with translated(), self._engine.connect() as sql:
            row = sql.execute(_LISTED.where(c.id == id)).one_or_none()
            if row is None:
                raise missing(id)
            return row, sql.execute(turns.order_by(t.number)).all()

    def delete(self, id: str) -> None:
        """Delete a conversation, its text in the file and in the log too. NotFound if there is none."""
        with translated():
            with self._engine.begin() as sql:
                if not sql.execute(delete(schema.conversations).where(c.id == id)).rowcount:
                    raise missing(id)
                sql.execute(delete(schema.turns).where(t.conversation == id))
            if is_postgres(self._engine):
                return  # the server's vacuum overwrites what is deleted, in its own time
            # What is deleted is overwritten in the file; the log before it still holds the pages as they were.
            with self._engine.connect() as sql:
                sql.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def missing(id: str) -> NotFound:
    return NotFound(
        f"no conversation {id[:80]!r}; `citewell chats list` (GET /conversations) shows what is kept"
    )
