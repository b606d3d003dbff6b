"""The processes that write to one catalog: their leases, the documents that they claim, and what dead ones left.

On SQLite there is one process, held by a lock on the folder; it has no name here, and all of this is nothing to it. On
PostgreSQL a worker is a row whose lease is renewed while the process lives. Whoever finds one that has run out deletes
the row and takes over what is left. Every transaction that writes first looks for its own row: that row is the fencing
token, its name is never used again, so a worker that comes back late can commit nothing.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Float, cast, delete, extract, func, insert, literal, select, update
from sqlalchemy.engine import Connection, Engine

from citewell.catalog import schema
from citewell.catalog.engine import alone, insert_new, translated
from citewell.errors import InUse

w, c = schema.workers.c, schema.claims.c
LEASE: Final = 15.0
"""Seconds after which a worker that was not heard of counts as dead."""


class Fenced(InUse):
    """Others have taken this process for dead, and taken over its work: nothing of it was committed."""


class Workers:
    """The tables `workers` and `claims`. `me` is this process's name, "" on SQLite and before `join`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.me, self.lease, self.exclusive = "", LEASE, False

    def join(self, exclusive: bool, lease: float = LEASE) -> None:
        """Become a worker, with a new name. InUse where another is `exclusive`, or any other is and we are to be."""
        me = secrets.token_hex(8)
        with translated(), self._engine.begin() as sql:
            alone(sql, "join")
            others = select(w.id, w.host, w.pid, w.url, w.expires_at - _now()).where(w.expires_at > _now())
            if not exclusive:
                others = others.where(w.exclusive)
            dead = [_checked(row) for row in sql.execute(others)]
            sql.execute(update(schema.workers).where(w.id.in_(dead)).values(expires_at=0.0))
            row = {
                "id": me,
                "exclusive": exclusive,
                "host": socket.gethostname(),
                "pid": os.getpid(),
                "url": "",
            }
            sql.execute(insert(schema.workers).values(**row, expires_at=_now() + literal(lease, Float())))
        self.me, self.lease, self.exclusive = me, lease, exclusive

    def rejoin(self) -> None:
        """Take a new name after others took this process for dead. Fenced where its index has missed what they did."""
        if self.exclusive:
            raise Fenced(
                "this process was not heard of for so long that another may have written to the library; its index "
                "does not know: restart it"
            )
        self.join(False, self.lease)

    def beat(self) -> bool:
        """Renew the lease; False when it is too late."""
        with translated(), self._engine.begin() as sql:
            mine = update(schema.workers).where(w.id == self.me)
            return sql.execute(mine.values(expires_at=_now() + literal(self.lease, Float()))).rowcount == 1

    def keep(self) -> None:
        """Renew the lease; under a new name where it is too late, see `rejoin`."""
        if self.me and not self.beat():
            self.rejoin()

    def announce(self, url: str) -> None:
        """Tell others where this process serves the library."""
        if self.me:
            with translated(), self._engine.begin() as sql:
                sql.execute(update(schema.workers).where(w.id == self.me).values(url=url))

    def leave(self) -> None:
        """End the lease; others take over what is left."""
        if self.me:
            with translated(), self._engine.begin() as sql:
                sql.execute(delete(schema.workers).where(w.id == self.me))
            self.me = ""

    def any_dead(self) -> bool:
        """Say whether somebody's lease has run out."""
        if not self.me:
            return False
        with translated(), self._engine.connect() as sql:
            return sql.execute(select(w.id).where(w.expires_at < _now()).limit(1)).first() is not None

    def holders(self, document_ids: Iterable[str]) -> str:
        """Say who is writing these documents, for a message."""
        query = select(w.host, w.pid).join(schema.claims, c.worker == w.id)
        with translated(), self._engine.connect() as sql:
            rows = sql.execute(query.where(c.document_id.in_(list(document_ids))).distinct()).all()
        return ", ".join(f"process {pid} on {host}" for host, pid in rows) or "another process"

    def fence(self, sql: Connection) -> None:
        """Keep our row until the transaction ends. Fenced if it is gone."""
        if not self.me:
            return
        mine = select(w.id).where(w.id == self.me).with_for_update(read=True, key_share=True)
        if sql.execute(mine).first() is None:
            raise Fenced("other processes took this one for dead, its lease had run out; try again")

    def claim(self, sql: Connection, document_ids: Sequence[str]) -> set[str]:
        """Claim documents, and return those that nobody else is writing."""
        if not self.me or not document_ids:
            return set(document_ids)
        # In one order everywhere, so that no two transactions wait for each other.
        rows = [{"document_id": one, "worker": self.me} for one in sorted(set(document_ids))]
        taken = insert_new(sql, schema.claims).returning(c.document_id)
        found = set(sql.execute(taken, rows).scalars())
        ours = select(c.document_id).where(c.document_id.in_(document_ids), c.worker == self.me)
        return found | set(sql.execute(ours).scalars())

    def unclaim(self, sql: Connection, document_ids: Iterable[str]) -> None:
        """Give documents back."""
        ids = list(document_ids)
        if self.me and ids:
            sql.execute(delete(schema.claims).where(c.document_id.in_(ids), c.worker == self.me))


def bury(sql: Connection, me: str) -> None:
    """Delete the rows of the dead, and what they claimed. A worker that is committing at this moment is left alone."""
    dead = select(w.id).where(w.expires_at < _now(), w.id != me).with_for_update(skip_locked=True)
    names = list(sql.execute(dead).scalars())
    if names:
        sql.execute(delete(schema.workers).where(w.id.in_(names)))
    sql.execute(delete(schema.claims).where(c.worker.not_in(select(w.id))))


def _checked(row: Any) -> str:
    """Return the name of a worker that has died on this machine, though its lease still runs. InUse if it lives."""
    name, host, pid, url, left = row
    if host == socket.gethostname() and not _runs(pid):
        return str(name)
    remedy = (
        f"use it with --server {url}" if url else "stop it, or use an index that several processes can share"
    )
    raise InUse(
        f"the library is held by process {pid} on {host}, for {left:.0f} s more unless it goes on living; {remedy}",
        pid=pid,
        url=url or None,
    )


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _now() -> ColumnElement[float]:
    return cast(extract("epoch", func.clock_timestamp()), Float(53))
