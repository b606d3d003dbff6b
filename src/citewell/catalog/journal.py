"""The journal: what the index may not hold durably yet, whose it is, and how it passes on from the dead."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.engine import Connection

from citewell.catalog import schema
from citewell.catalog.engine import batches
from citewell.catalog.versions import Version, erase, named
from citewell.catalog.workers import Workers, bury

j, v, w = schema.journal.c, schema.versions.c, schema.workers.c


@dataclass(frozen=True, slots=True)
class Change:
    """A journal row: a version whose points the index must be told to put or drop."""

    id: int
    op: str
    version: Version


@dataclass(frozen=True)
class Journal:
    """This process's part of the journal. Every method is one transaction."""

    read: Callable[[], AbstractContextManager[Connection]]
    transaction: Callable[[], AbstractContextManager[Connection]]
    writing: Callable[[], AbstractContextManager[Connection]]
    workers: Workers

    def adopt(self) -> bool:
        """Take over what a crash, or dead workers, left: see `adopt`."""
        with self.writing() as sql:
            return adopt(sql, self.workers.me)

    def changes(self) -> list[Change]:
        """Return our changes, oldest first."""
        with self.read() as sql:
            return changes(sql, self.workers.me)

    def last(self) -> int:
        """Return the id of our newest change, 0 if there is none."""
        with self.read() as sql:
            return last_change(sql, self.workers.me)

    def forget(self, upto: int) -> None:
        """Delete changes of ours that the index now holds durably; those of pending versions stay."""
        with self.transaction() as sql:
            forget_changes(sql, self.workers.me, upto)


def changes(sql: Connection, worker: str) -> list[Change]:
    """Return a worker's changes, oldest first. A put whose version is gone is a drop."""
    query = select(j.id, j.op, j.key, j.passages, j.places).where(j.worker == worker).order_by(j.id)
    rows = sql.execute(query).all()
    live: set[int] = set()
    for some in batches([row[2] for row in rows if row[1] == "put"]):
        live.update(sql.execute(select(v.key).where(v.key.in_(some), v.current)).scalars())
    pending = set(sql.execute(select(v.key).where(~v.current)).scalars())
    return [
        Change(at, op if key in live else "drop", Version(key, 0, passages, tuple(json.loads(places))))
        for at, op, key, passages, places in rows
        if key not in pending
    ]


def last_change(sql: Connection, worker: str) -> int:
    """Return the id of a worker's newest change, 0 if there is none."""
    return int(sql.execute(select(func.coalesce(func.max(j.id), 0)).where(j.worker == worker)).scalar_one())


def forget_changes(sql: Connection, worker: str, upto: int) -> None:
    """Delete a worker's changes that the index now holds durably; those of pending versions stay."""
    pending = select(v.key).where(~v.current)
    sql.execute(delete(schema.journal).where(j.worker == worker, j.id <= upto, j.key.not_in(pending)))


def adopt(sql: Connection, worker: str) -> bool:
    """Take over what dead workers left: erase what they had not acknowledged; their changes become ours.

    They come after all that is ours by then, so that nothing is forgotten before it was done. True if there were any.
    """
    if not worker:
        left = named(sql, ~v.current)
        erase(sql, left, worker)
        return bool(left)
    bury(sql, worker)
    lost = j.worker.not_in(select(w.id))
    query = select(j.id, j.op, j.key, j.passages, j.places).where(lost).order_by(j.id)
    rows = sql.execute(query.with_for_update(skip_locked=True)).all()
    for some in batches([row[0] for row in rows]):
        sql.execute(delete(schema.journal).where(j.id.in_(some)))
    if rows:
        sql.execute(insert(schema.journal), [_of(row, worker) for row in rows])
    for some in batches([row[2] for row in rows]):
        erase(sql, named(sql, v.key.in_(some), ~v.current), worker)
    return bool(rows)


def _of(row: Sequence[Any], worker: str) -> dict[str, Any]:
    _, op, key, passages, places = row
    return {"op": op, "key": key, "passages": passages, "places": places, "worker": worker}
