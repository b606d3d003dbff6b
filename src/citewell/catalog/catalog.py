"""Catalog: the truth in SQL. Every method is one transaction, durable when it returns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.engine import Connection

from citewell.access import READERS
from citewell.catalog import queries, schema, sharing
from citewell.catalog.collections import Collections
from citewell.catalog.contradictions import contradictions
from citewell.catalog.copied import Copies
from citewell.catalog.embedded import Embedded
from citewell.catalog.engine import (
    SHARING,
    At,
    empty_log,
    insert_new,
    is_postgres,
    open_engine,
    replace_in,
    together,
    translated,
)
from citewell.catalog.fields import fields_in_use
from citewell.catalog.ids import split_id
from citewell.catalog.journal import Journal
from citewell.catalog.revision import make_ready
from citewell.catalog.runs import Runs
from citewell.catalog.sharing import Known, missing
from citewell.catalog.suspicions import release, suspicious_counts
from citewell.catalog.taken import Taken
from citewell.catalog.talk import Talk, note_shown, redact
from citewell.catalog.versions import (
    ENTRY,
    Proposal,
    Proposed,
    Readers,
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
from citewell.filters import Filter
from citewell.model import Entry, Fields, FieldUse, Passage

if TYPE_CHECKING:
    from citewell.model import Vector

v, p, r, s = schema.versions.c, schema.passages.c, schema.representations.c, schema.suspicions.c


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
        self.runs = Runs(self._engine)
        self.texts = Texts(self._transaction)
        self.journal = Journal(self._read, self._transaction, self._writing, self.workers)
        self.collections = Collections(self._read)
        self.copies = Copies(self._engine)
        self.embedded = Embedded(self._read)
        with translated():
            make_ready(self._engine, str(at), create)
        with self._transaction() as sql:
            note_shown(sql)
            self._restricts = sharing.restricts(sql)

    # -- writing ------------------------------------------------------------------------------------

    def propose(self, proposals: Sequence[Proposal], new: Mapping[bytes, Vector]) -> Proposed:
        """Claim documents, each once, and store their new versions as pending, with vectors, and journal them."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        me = self.workers.me
        with self._writing() as sql:
            if any(READERS in one.document.fields for one in proposals):
                self._note_restricted(sql)
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

    def claim(self, document_ids: Collection[str]) -> set[str]:
        """Claim documents until they are accepted or abandoned; returns those that no other process is writing."""
        if not self.workers.me:
            return set(document_ids)
        with self._writing() as sql:
            return self.workers.claim(sql, list(document_ids))

    def unclaim(self, document_ids: Collection[str]) -> None:
        """Give back what was claimed."""
        if self.workers.me:
            with self._transaction() as sql:
                self.workers.unclaim(sql, document_ids)

    def remove(self, document_id: str) -> Version:
        """Delete a claimed document, and what it said in kept conversations. NotFound if there is none.

        None of it is left in the catalog's files.
        """
        with self._writing() as sql:
            gone = forget(sql, [document_id], self.workers.me)
            if not gone:
                raise missing(document_id)
            redact(sql, document_id)
        with translated():
            empty_log(self._engine)
        return gone[0]

    def share(self, document_id: str, readers: Readers) -> tuple[Version, Fields]:
        """Set a claimed document's access list, None: everybody; returns its version and fields. NotFound if none."""
        with self._writing() as sql:
            if readers is not None:
                self._note_restricted(sql)
            found = sharing.share(sql, document_id, readers, self.workers.me)
            if found is None:
                raise missing(document_id)
            return found

    # -- reading ------------------------------------------------------------------------------------

    def before(self, document_ids: Sequence[str]) -> dict[str, Known]:
        """Return what is known of the documents among these that there are."""
        with self._read() as sql:
            return sharing.known(sql, document_ids)

    def seen(self, document_ids: Collection[str], where: Filter | None) -> set[str]:
        """Return the documents among these that there are and that satisfy a filter."""
        with self._read() as sql:
            return sharing.seen(sql, document_ids, where)

    def hits(
        self, ids: Sequence[str], where: Filter | None = None, *, quarantined: bool = True
    ) -> dict[str, tuple[Passage, Entry]]:
        """Return what is current (and satisfies `where`) among these passage ids; `quarantined` ones only if wanted."""
        with self._read() as sql:
            return queries.hits(sql, ids, where, quarantined)

    def words_of(self, ids: Sequence[str]) -> dict[str, str]:
        """Return the texts of the passages among these ids that there are."""
        with self._read() as sql:
            return queries.words_of(sql, ids)

    def vectors_of(self, ids: Sequence[str]) -> dict[str, Vector]:
        """Return the vectors of the passages among these ids that there are, as float32."""
        with self._read() as sql:
            return queries.vectors_of(sql, ids)

    def texts_of(self, ids: Sequence[str]) -> dict[str, str]:
        """Return, for each passage id whose version is current, that version's whole text."""
        with self._read() as sql:
            return queries.texts_of(sql, ids)

    def get(self, document_id: str, where: Filter | None = None) -> tuple[Entry, str]:
        """Return the entry and text of a document that satisfies a filter. NotFound if there is none."""
        query = select(*ENTRY, v.text).where(v.document_id == document_id, v.current)
        with self._read() as sql:
            row = sql.execute(self._narrowed(query, where)).one_or_none()
        if row is None:
            raise missing(document_id)
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

    def suspicions(self, where: Filter | None = None) -> dict[str, int]:
        """Return how many passages have something suspicious in them, and how many of those are quarantined."""
        with self._read() as sql:
            return suspicious_counts(sql, where)

    def entries(self, where: Filter | None, limit: int, after: str) -> list[Entry]:
        """Return up to `limit` entries in order of id, from the first id greater than `after`."""
        query = select(*ENTRY).where(v.current, v.document_id > after).order_by(v.document_id).limit(limit)
        with self._read() as sql:
            return [entry_of(row) for row in sql.execute(self._narrowed(query, where))]

    def counts(self, where: Filter | None = None) -> tuple[int, int, int]:
        """Return the numbers of documents and their passages, and of all pending journal rows."""
        query = select(func.count(), func.coalesce(func.sum(v.passages), 0)).where(v.current)
        with self._read() as sql:
            documents, passages = sql.execute(self._narrowed(query, where)).one()
            pending = sql.execute(select(func.count()).select_from(schema.journal)).scalar_one()
            return documents, passages, pending

    def fields(self, where: Filter | None = None) -> list[FieldUse]:
        """Return the metadata fields that documents have."""
        with self._read() as sql:
            return fields_in_use(sql, where)

    def document_ids(self, where: Filter, limit: int) -> list[str]:
        """Return up to `limit` ids of documents that satisfy a filter."""
        query = self._narrowed(select(v.document_id).where(v.current), where).limit(limit)
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
        with self._read() as sql:
            return queries.representations(sql, version)

    def pending(self) -> list[Version]:
        """Return versions that are proposed and not accepted yet."""
        with self._read() as sql:
            return named(sql, ~v.current)

    def ids(self, where: Filter | None = None) -> set[str]:
        """Return the ids of documents."""
        with self._read() as sql:
            return set(sql.execute(self._narrowed(select(v.document_id).where(v.current), where)).scalars())

    def setting(self, name: str, value: str | None = None, keep: bool = False) -> str | None:
        """Read a setting of the library; write it when `value` is given, unless `keep` and it is there."""
        put = insert_new if keep else replace_in
        with self._transaction() as sql:
            if value is not None:
                sql.execute(put(sql, schema.meta).values(name=name, value=value))
            return sql.execute(select(schema.meta.c.value).where(schema.meta.c.name == name)).scalar()

    def integrity(self) -> list[str]:
        """Return what SQLite's own check finds wrong; [] when nothing is. PostgreSQL checks what it reads itself."""
        with self._read() as sql:
            return [] if self._postgres else queries.damage(sql)

    def inconsistencies(self) -> list[str]:
        """Return what the tables contradict each other in; [] when nothing is."""
        with self._read() as sql:
            return contradictions(sql)

    def close(self) -> None:
        """Release the files."""
        self._engine.dispose()

    def _note_restricted(self, sql: Connection) -> None:
        self._restricts = True  # before the commit: who searches from then on asks for what they may see
        sql.execute(replace_in(sql, schema.meta).values(name=READERS, value="1"))

    @property
    def restricts(self) -> bool:
        """Whether a document has, or had, an access list. Another process may have set one: then we ask each time."""
        return self._restricts or (bool(self.workers.me) and not self.workers.exclusive)

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

    def _narrowed(self, query: Select[Any], where: Filter | None) -> Select[Any]:
        return query if where is None else query.where(to_sql(where, v.fields, postgres=self._postgres))
