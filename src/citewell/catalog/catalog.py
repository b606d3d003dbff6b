"""Catalog: the truth in SQL. Every method is one transaction, durable when it returns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update
from sqlalchemy.engine import Connection

from citewell.catalog import journal, queries, schema
from citewell.catalog.contradictions import contradictions
from citewell.catalog.copied import Copies
from citewell.catalog.engine import (
    SHARING,
    At,
    among,
    batches,
    is_postgres,
    open_engine,
    replace_in,
    together,
    translated,
)
from citewell.catalog.fields import fields_in_use
from citewell.catalog.ids import passage_id, split_id
from citewell.catalog.journal import Change
from citewell.catalog.revision import make_ready
from citewell.catalog.suspicions import release, suspicious_counts
from citewell.catalog.taken import Taken
from citewell.catalog.talk import Talk
from citewell.catalog.vectors import unpack
from citewell.catalog.versions import (
    ENTRY,
    Proposal,
    Version,
    entry_of,
    erase,
    forget,
    named,
    propose,
    store,
    unchanged,
)
from citewell.catalog.where import to_sql
from citewell.catalog.workers import Fenced, Workers
from citewell.catalog.written import Texts
from citewell.errors import NotFound
from citewell.filters import Filter
from citewell.model import Entry, FieldUse, Passage

if TYPE_CHECKING:
    from citewell.model import Vector

v, p, r, s = schema.versions.c, schema.passages.c, schema.representations.c, schema.suspicions.c


@dataclass(frozen=True, slots=True)
class Proposed:
    """What became of proposals, by document: pending versions; the numbers of current ones that say the same.

    What is in neither is being written by another process.
    """

    versions: Mapping[str, Version]
    same: Mapping[str, int]


class Catalog:
    """A catalog in SQLite's file or on a PostgreSQL server."""

    def __init__(self, at: At, *, create: bool = True) -> None:
        self._engine = open_engine(at)
        self._postgres = is_postgres(self._engine)
        level = {"isolation_level": "REPEATABLE READ"} if self._postgres else {}
        self._reader = self._engine.execution_options(**level)
        self.workers = Workers(self._engine)
        self.talk = Talk(self._engine)
        self.taken = Taken(self._engine)
        self.texts = Texts(self._transaction)
        self.copies = Copies(self._engine)
        with translated():
            make_ready(self._engine, str(at), create)

    # -- writing ------------------------------------------------------------------------------------

    def propose(self, proposals: Sequence[Proposal], new: Mapping[bytes, Vector]) -> Proposed:
        """Claim documents, each once, and store their new versions as pending, with vectors, and journal them."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        me = self.workers.me
        with self._writing() as sql:
            mine = self.workers.claim(sql, [one.document.id for one in proposals])
            ours = {one.document.id: one for one in proposals if one.document.id in mine}
            # Whatever of ours is pending was given up when the server could not be told so.
            erase(sql, named(sql, v.document_id.in_(ours), ~v.current), me)
            same = unchanged(sql, ours)
            self.workers.unclaim(sql, same)
            todo = [one for name, one in ours.items() if name not in same]
            together(sql, SHARING)
            store(sql, todo, new)
            made = propose(sql, todo, now, me)
        pairs = zip(todo, made, strict=True)
        return Proposed({one.document.id: version for one, version in pairs}, same)

    def accept(self, versions: Sequence[Version]) -> list[Version]:
        """Make pending versions current; returns the versions that they replaced, now gone.

        Fenced where another process has taken ours for dead, and erased them.
        """
        mine = v.key.in_([version.key for version in versions])
        with self._writing() as sql:
            ids = list(sql.execute(select(v.document_id).where(mine, ~v.current)).scalars())
            if len(ids) != len(versions):
                raise Fenced("others took this process for dead, and erased what it was writing; try again")
            stale = forget(sql, ids, self.workers.me)
            sql.execute(update(schema.versions).where(mine).values(current=True))
            self.workers.unclaim(sql, ids)
            return stale

    def abandon(self, versions: Sequence[Version]) -> None:
        """Delete those of these versions that are still pending, and journal that their points must go."""
        mine = v.key.in_([version.key for version in versions])
        with self._transaction() as sql:
            ids = list(sql.execute(select(v.document_id).where(mine, ~v.current)).scalars())
            erase(sql, named(sql, mine, ~v.current), self.workers.me)
            self.workers.unclaim(sql, ids)

    def remove(self, document_id: str) -> Version | None:
        """Delete a document's current version; None while another process writes it. NotFound if there is none."""
        with self._writing() as sql:
            if not self.workers.claim(sql, [document_id]):
                return None
            gone = forget(sql, [document_id], self.workers.me)
            self.workers.unclaim(sql, [document_id])
            if not gone:
                raise NotFound(f"no document {document_id!r}; `citewell list` shows what there is")
            return gone[0]

    # -- reading ------------------------------------------------------------------------------------

    def digest(self, document_id: str) -> tuple[int, bytes, int] | None:
        """Return (number, digest, passages) of the current version, or None."""
        with self._read() as sql:
            row = sql.execute(
                select(v.number, v.digest, v.passages).where(v.document_id == document_id, v.current)
            ).one_or_none()
        return (row[0], row[1], row[2]) if row else None

    def known(self, hashes: Iterable[bytes]) -> dict[bytes, Vector]:
        """Return the stored vectors among these hashes, as float32."""
        wanted = list(set(hashes))
        found: dict[bytes, Vector] = {}
        with self._read() as sql:
            for some in batches(wanted):
                rows = sql.execute(select(schema.vectors).where(schema.vectors.c.hash.in_(some)))
                found.update((row[0], unpack(row[1])) for row in rows)
        return found

    def hits(
        self, ids: Sequence[str], where: Filter | None = None, *, quarantined: bool = True
    ) -> dict[str, tuple[Passage, Entry]]:
        """Return what is current (and satisfies `where`) among these passage ids; `quarantined` ones only if wanted."""
        with self._read() as sql:
            return queries.hits(sql, ids, where, quarantined)

    def words_of(self, ids: Sequence[str]) -> dict[str, str]:
        """Return the texts of the passages among these ids that there are."""
        query = select(p.key, p.position, p.text)
        asked = json.dumps([split_id(one) for one in ids])
        with self._read() as sql:
            rows = sql.execute(query.where(among(sql, p.key, p.position)), {"pairs": asked})
            return {passage_id(row[0], row[1]): row[2] for row in rows}

    def vectors_of(self, ids: Sequence[str]) -> dict[str, Vector]:
        """Return the vectors of the passages among these ids that there are, as float32."""
        query = select(p.key, p.position, schema.vectors.c.vector)
        query = query.join(schema.vectors, schema.vectors.c.hash == p.vector)
        asked = json.dumps([split_id(one) for one in ids])
        with self._read() as sql:
            rows = sql.execute(query.where(among(sql, p.key, p.position)), {"pairs": asked})
            return {passage_id(row[0], row[1]): unpack(row[2]) for row in rows}

    def texts_of(self, ids: Sequence[str]) -> dict[str, str]:
        """Return, for each passage id whose version is current, that version's whole text."""
        keys = {one: split_id(one)[0] for one in ids}
        query = select(v.key, v.text).where(v.key.in_(set(keys.values())), v.current)
        with self._read() as sql:
            texts = {row[0]: row[1] for row in sql.execute(query)}
        return {one: texts[key] for one, key in keys.items() if key in texts}

    def get(self, document_id: str) -> tuple[Entry, str]:
        """Return a document's entry and text. NotFound if there is none."""
        with self._read() as sql:
            query = select(*ENTRY, v.text).where(v.document_id == document_id, v.current)
            row = sql.execute(query).one_or_none()
        if row is None:
            raise NotFound(f"no document {document_id!r}; `citewell list` shows what there is")
        return entry_of(row), row[-1]

    def suspicious(self, document_id: str) -> list[Passage]:
        """Return a document's passages that have something suspicious, in order. NotFound if there is no document."""
        with self._read() as sql:
            found = queries.suspicious(sql, document_id)
        if not found:
            self.get(document_id)
        return found

    def release(self, document_id: str, passage_id: str | None = None) -> int:
        """Let a document's quarantined passages go, or the one named; returns how many. Later versions keep that."""
        found = [one for one in self.suspicious(document_id) if passage_id in (None, one.id)]
        places = [(*split_id(one.id), one.text) for one in found]
        with self._transaction() as sql:
            return release(sql, document_id, places)

    def suspicions(self) -> dict[str, int]:
        """Return how many passages have something suspicious in them, and how many of those are quarantined."""
        with self._read() as sql:
            return suspicious_counts(sql)

    def entries(self, where: Filter | None, limit: int, after: str) -> list[Entry]:
        """Return up to `limit` entries in order of id, from the first id greater than `after`."""
        query = select(*ENTRY).where(v.current, v.document_id > after).order_by(v.document_id).limit(limit)
        if where is not None:
            query = query.where(to_sql(where, v.fields, postgres=self._postgres))
        with self._read() as sql:
            return [entry_of(row) for row in sql.execute(query)]

    def counts(self) -> tuple[int, int, int]:
        """Return the numbers of documents, passages and pending journal rows."""
        with self._read() as sql:
            query = select(func.count(), func.coalesce(func.sum(v.passages), 0)).where(v.current)
            documents, passages = sql.execute(query).one()
            pending = sql.execute(select(func.count()).select_from(schema.journal)).scalar_one()
            return documents, passages, pending

    def fields(self) -> list[FieldUse]:
        """Return the metadata fields that documents have."""
        with self._read() as sql:
            return fields_in_use(sql)

    def document_ids(self, where: Filter, limit: int) -> list[str]:
        """Return up to `limit` ids of documents that satisfy a filter."""
        query = (
            select(v.document_id)
            .where(v.current, to_sql(where, v.fields, postgres=self._postgres))
            .limit(limit)
        )
        with self._read() as sql:
            return list(sql.execute(query).scalars())

    def current(self, keys: Iterable[int] | None = None) -> list[Version]:
        """Return every current version, or those among these keys."""
        with self._read() as sql:
            return named(sql, v.current, *([] if keys is None else [v.key.in_(list(keys))]))

    def points_total(self) -> int:
        """Return the number of points that an index holds of current versions, when none is pending."""
        with self._read() as sql:
            others = sql.execute(select(func.count()).select_from(schema.representations)).scalar_one()
        return self.counts()[1] + int(others)

    def points(self, version: Version) -> Iterator[tuple[Entry, Passage, Vector]]:
        """Yield what an index needs to hold of a version's passages."""
        with self._read() as sql:
            yield from queries.points(sql, version)

    def representations(self, version: Version) -> list[tuple[str, Vector]]:
        """Return the further points of a version's passages: their ids and vectors."""
        query = select(r.place, schema.vectors.c.vector).where(r.key == version.key)
        query = query.join(schema.vectors, schema.vectors.c.hash == r.vector)
        with self._read() as sql:
            return [(passage_id(version.key, row[0]), unpack(row[1])) for row in sql.execute(query)]

    # -- journal ------------------------------------------------------------------------------------

    def adopt(self) -> bool:
        """Take over what a crash, or dead workers, left: see `journal.adopt`."""
        with self._writing() as sql:
            return journal.adopt(sql, self.workers.me)

    def pending(self) -> list[Version]:
        """Return versions that are proposed and not accepted yet."""
        with self._read() as sql:
            return named(sql, ~v.current)

    def changes(self) -> list[Change]:
        """Return our part of the journal, oldest first."""
        with self._read() as sql:
            return journal.changes(sql, self.workers.me)

    def last_change(self) -> int:
        """Return the id of our newest change, 0 if there is none."""
        with self._read() as sql:
            return journal.last_change(sql, self.workers.me)

    def forget_changes(self, upto: int) -> None:
        """Delete changes of ours that the index now holds durably; those of pending versions stay."""
        with self._transaction() as sql:
            journal.forget_changes(sql, self.workers.me, upto)

    def ids(self) -> set[str]:
        """Return the id of every document."""
        with self._read() as sql:
            return set(sql.execute(select(v.document_id).where(v.current)).scalars())

    def setting(self, name: str, value: str | None = None) -> str | None:
        """Read a setting of the library, or write it when `value` is given."""
        with self._transaction() as sql:
            if value is not None:
                sql.execute(replace_in(sql, schema.meta).values(name=name, value=value))
            return sql.execute(select(schema.meta.c.value).where(schema.meta.c.name == name)).scalar()

    def integrity(self) -> list[str]:
        """Return what SQLite's own check finds wrong; [] when nothing is. PostgreSQL checks what it reads itself."""
        if self._postgres:
            return []
        with self._read() as sql:
            rows = [str(row[0]) for row in sql.exec_driver_sql("PRAGMA quick_check")]
        return [] if rows == ["ok"] else rows

    def inconsistencies(self) -> list[str]:
        """Return what the tables contradict each other in; [] when nothing is."""
        with self._read() as sql:
            return contradictions(sql)

    def close(self) -> None:
        """Release the files."""
        self._engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction that cannot commit once others have taken this process for dead."""
        with self._transaction() as sql:
            self.workers.fence(sql)
            yield sql

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with translated(), self._engine.begin() as sql:
            yield sql

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        # Several statements see the same: SQLite's transactions are so anyhow.
        with translated(), self._reader.connect() as sql:
            yield sql
