"""Kept conversations in SQL. Every method is one transaction, durable when it returns."""

from __future__ import annotations

import json
import secrets
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, insert, select, true, update
from sqlalchemy.engine import Connection, Engine

from citewell.access import Access
from citewell.catalog import schema
from citewell.catalog.engine import empty_log, insert_new, translated
from citewell.conversation import redacted
from citewell.errors import NotFound

c, t, s, v = schema.conversations.c, schema.turns.c, schema.shown.c, schema.versions.c
_FIRST = select(t.question).where(t.conversation == c.id, t.number == 1).scalar_subquery()
_LENGTH = select(func.max(t.number)).where(t.conversation == c.id).scalar_subquery()
_LISTED = select(c.id, _FIRST, c.started_at, c.updated_at, _LENGTH, c.access)


class Talk:
    """The tables `conversations` and `turns`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, id: str | None, turn: Mapping[str, Any], shown: Collection[str], access: Access) -> str:
        """Add a turn to a conversation, or to a new one; returns its id. NotFound for one that is not there.

        `shown` are the documents that it was written from. What is added to is of this very access.
        """
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        name = id or secrets.token_hex(6)
        with translated(), self._engine.begin() as sql:
            if id is None:
                row = {"id": name, "started_at": now, "updated_at": now, "access": str(access)}
                sql.execute(insert(schema.conversations).values(**row))
            elif not sql.execute(
                update(schema.conversations).where(c.id == id, c.access == str(access)).values(updated_at=now)
            ).rowcount:
                raise missing(id)
            last = sql.execute(select(func.coalesce(func.max(t.number), 0)).where(t.conversation == name))
            number = last.scalar_one() + 1
            here = select(v.document_id).where(v.current, v.document_id.in_(list(shown)))
            left = set(sql.execute(here).scalars())
            if gone := set(shown) - left:  # removed while the answer was written
                turn = {**turn, "answer": _redacted(turn["answer"], gone)}
            sql.execute(
                insert(schema.turns), [{"conversation": name, "number": number, "created_at": now, **turn}]
            )
            _note(sql, name, number, left)
        return name

    def list(self, limit: int, before: str, access: Access) -> Sequence[Any]:
        """Return (id, first question, started, updated, length, access), the latest first."""
        query = _LISTED.where(_own(access)).order_by(c.updated_at.desc()).limit(limit)
        with translated(), self._engine.connect() as sql:
            return sql.execute(query.where(c.updated_at < before) if before else query).all()

    def get(self, id: str, access: Access) -> tuple[Any, Sequence[Any]]:
        """Return such a row, and (number, question, answer, at) of each turn. NotFound if there is none."""
        turns = select(t.number, t.question, t.answer, t.created_at).where(t.conversation == id)
        with translated(), self._engine.connect() as sql:
            row = sql.execute(_LISTED.where(c.id == id, _own(access))).one_or_none()
            if row is None:
                raise missing(id)
            return row, sql.execute(turns.order_by(t.number)).all()

    def shown(self, id: str) -> dict[int, set[str]]:
        """Return the documents that each turn of a conversation was written from, by its number."""
        found: dict[int, set[str]] = defaultdict(set)
        with translated(), self._engine.connect() as sql:
            for number, one in sql.execute(select(s.number, s.document_id).where(s.conversation == id)):
                found[number].add(one)
        return found

    def delete(self, id: str, access: Access) -> None:
        """Delete a conversation, its text in the file and in the log too. NotFound if there is none."""
        with translated():
            with self._engine.begin() as sql:
                if not sql.execute(delete(schema.conversations).where(c.id == id, _own(access))).rowcount:
                    raise missing(id)
                sql.execute(delete(schema.shown).where(s.conversation == id))
                sql.execute(delete(schema.turns).where(t.conversation == id))
            empty_log(self._engine)


def redact(sql: Connection, document_id: str) -> None:
    """Take what a document said out of the answers that were written from it, inside somebody else's transaction."""
    here = and_(s.conversation == t.conversation, s.number == t.number, s.document_id == document_id)
    rows = sql.execute(select(t.conversation, t.number, t.answer).join(schema.shown, here)).all()
    for conversation, number, answer in rows:
        one = and_(t.conversation == conversation, t.number == number)
        sql.execute(update(schema.turns).where(one).values(answer=_redacted(answer, {document_id})))
    sql.execute(delete(schema.shown).where(s.document_id == document_id))


def _redacted(answer: str, gone: Collection[str]) -> str:
    return json.dumps(redacted(json.loads(answer), gone), ensure_ascii=False)


def note_shown(sql: Connection) -> None:
    """Note what the answers cite that an older Citewell has kept; once for a library."""
    m = schema.meta.c
    if sql.execute(select(m.value).where(m.name == "shown")).scalar() is None:
        for conversation, number, answer in sql.execute(select(t.conversation, t.number, t.answer)).all():
            cited = {one["document_id"] for one in json.loads(answer).get("citations", ())}
            _note(sql, conversation, number, cited)
        sql.execute(insert_new(sql, schema.meta).values(name="shown", value="1"))


def _note(sql: Connection, conversation: str, number: int, shown: Collection[str]) -> None:
    rows = [{"document_id": one, "conversation": conversation, "number": number} for one in set(shown)]
    if rows:
        sql.execute(insert_new(sql, schema.shown), rows)


def _own(access: Access) -> ColumnElement[bool]:
    return true() if access.everything else c.access == str(access)


def missing(id: str) -> NotFound:
    return NotFound(
        f"no conversation {id[:80]!r}; `citewell chats list` (GET /conversations) shows what is kept"
    )
