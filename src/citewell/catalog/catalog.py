"""Catalog: the truth in SQL. Every method is one transaction, durable when it returns."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import ColumnElement, bindparam, create_engine, delete, event, func, insert, select, tuple_, update
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DatabaseError

from citewell.catalog import schema
from citewell.catalog.ids import passage_id, split_id
from citewell.catalog.where import to_sql
from citewell.errors import Corrupt, NotFound, OutOfSpace, Unsupported
from citewell.filters import Filter
from citewell.model import Document, Entry, Fields, Passage
from citewell.split import Span

if TYPE_CHECKING:
    from citewell.model import Vector

v, p = schema.versions.c, schema.passages.c
ENTRY = (
    v.document_id, v.number, v.title, v.source, v.media_type, v.fields,
    v.passages, v.characters, v.added_at, v.updated_at,
)  # fmt: skip
BATCH = 500


@dataclass(frozen=True, slots=True)
class Proposal:
    """A new version to be: its document, spans, the hash of each span's embedded text, and its digest."""

    document: Document
    spans: Sequence[Span]
    hashes: Sequence[bytes]
    digest: bytes


@dataclass(frozen=True, slots=True)
class Version:
    """A version's key, and how many passages it has: enough to name all of its points."""

    key: int
    number: int
    passages: int

    def ids(self) -> list[str]:
        """Return the ids of its passages, in order."""
        return [passage_id(self.key, position) for position in range(self.passages)]


@dataclass(frozen=True, slots=True)
class Change:
    """A journal row: a version whose points the index must be told to put or drop."""

    id: int
    op: str
    version: Version


class Catalog:
    """A SQLite catalog at `path`, in WAL mode with synchronous=FULL: a commit survives a power cut."""

    def __init__(self, path: Path) -> None:
        self._engine = _engine(path)
        with self._transaction() as sql:
            schema.metadata.create_all(sql)
            found = sql.execute(select(schema.meta.c.value).where(schema.meta.c.name == "schema")).scalar()
            if found is None:
                sql.execute(insert(schema.meta).values(name="schema", value=str(schema.VERSION)))
            elif int(found) != schema.VERSION:
                raise Unsupported(
                    f"the library at {str(path.parent)!r} has schema {found}, this Citewell knows "
                    f"{schema.VERSION}; install the Citewell that wrote it"
                )

    # -- writing ------------------------------------------------------------------------------------

    def propose(self, proposals: Sequence[Proposal], new: dict[bytes, Vector]) -> list[Version]:
        """Store new versions as pending, with the vectors that are new, and journal them."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        with self._transaction() as sql:
            if new:
                rows = [{"hash": key, "vector": pack(vector)} for key, vector in new.items()]
                sql.execute(insert(schema.vectors).prefix_with("OR IGNORE"), rows)
            return [_propose(sql, proposal, now) for proposal in proposals]

    def accept(self, versions: Sequence[Version]) -> list[Version]:
        """Make pending versions current; returns the versions that they replaced, now gone."""
        with self._transaction() as sql:
            stale: list[Version] = []
            for version in versions:
                document_id = sql.execute(select(v.document_id).where(v.key == version.key)).scalar_one()
                stale += _forget(sql, document_id)
                sql.execute(update(schema.versions).where(v.key == version.key).values(current=True))
            return stale

    def abandon(self, versions: Sequence[Version]) -> None:
        """Delete pending versions, and journal that their points must go."""
        with self._transaction() as sql:
            for version in versions:
                _erase(sql, version)

    def remove(self, document_id: str) -> Version:
        """Delete a document's current version. NotFound if there is none."""
        with self._transaction() as sql:
            gone = _forget(sql, document_id)
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
            for some in _batches(wanted):
                rows = sql.execute(select(schema.vectors).where(schema.vectors.c.hash.in_(some)))
                found.update((row[0], unpack(row[1])) for row in rows)
        return found

    def hits(self, ids: Sequence[str], where: Filter | None = None) -> dict[str, tuple[Passage, Entry]]:
        """Return what is current (and satisfies `where`) among these passage ids."""
        keys = [split_id(one) for one in ids]
        columns = (v.key, p.position, p.start, p.end, p.line, p.page, p.heading, p.context, p.text, *ENTRY)
        query = select(*columns).join(schema.versions, v.key == p.key).where(v.current)
        if where is not None:
            query = query.where(to_sql(where, v.fields))
        found: dict[str, tuple[Passage, Entry]] = {}
        with self._read() as sql:
            for some in _batches(keys):
                rows = sql.execute(query.where(tuple_(p.key, p.position).in_(some)))
                found.update((passage_id(row[0], row[1]), _hit(row)) for row in rows)
        return found

    def get(self, document_id: str) -> tuple[Entry, str]:
        """Return a document's entry and text. NotFound if there is none."""
        with self._read() as sql:
            query = select(*ENTRY, v.text).where(v.document_id == document_id, v.current)
            row = sql.execute(query).one_or_none()
        if row is None:
            raise NotFound(f"no document {document_id!r}; `citewell list` shows what there is")
        return _entry(row), row[-1]

    def entries(self, where: Filter | None, limit: int, after: str) -> list[Entry]:
        """Return up to `limit` entries in order of id, from the first id greater than `after`."""
        query = select(*ENTRY).where(v.current, v.document_id > after).order_by(v.document_id).limit(limit)
        if where is not None:
            query = query.where(to_sql(where, v.fields))
        with self._read() as sql:
            return [_entry(row) for row in sql.execute(query)]

    def counts(self) -> tuple[int, int, int]:
        """Return the numbers of documents, passages and pending journal rows."""
        with self._read() as sql:
            query = select(func.count(), func.coalesce(func.sum(v.passages), 0)).where(v.current)
            documents, passages = sql.execute(query).one()
            return (
                documents,
                passages,
                sql.execute(select(func.count()).select_from(schema.journal)).scalar_one(),
            )

    def document_ids(self, where: Filter, limit: int) -> list[str]:
        """Return up to `limit` ids of documents that satisfy a filter."""
        query = select(v.document_id).where(v.current, to_sql(where, v.fields)).limit(limit)
        with self._read() as sql:
            return list(sql.execute(query).scalars())

    def current(self) -> list[Version]:
        """Return every current version."""
        with self._read() as sql:
            return [
                Version(*row) for row in sql.execute(select(v.key, v.number, v.passages).where(v.current))
            ]

    def points(self, version: Version) -> Iterator[tuple[Entry, Passage, Vector]]:
        """Yield what an index needs to hold of a version."""
        columns = (v.key, p.position, p.start, p.end, p.line, p.page, p.heading, p.context, p.text, *ENTRY)
        query = (
            select(*columns, schema.vectors.c.vector)
            .join(schema.versions, v.key == p.key)
            .join(schema.vectors, schema.vectors.c.hash == p.vector)
            .where(p.key == version.key)
            .order_by(p.position)
        )
        with self._read() as sql:
            for row in sql.execute(query):
                passage, entry = _hit(row)
                yield entry, passage, unpack(row[-1])

    # -- journal ------------------------------------------------------------------------------------

    def pending(self) -> list[Version]:
        """Return versions that were proposed and never accepted: what a crash left."""
        with self._read() as sql:
            query = select(v.key, v.number, v.passages).where(~v.current)
            return [Version(*row) for row in sql.execute(query)]

    def changes(self) -> list[Change]:
        """Return the journal, oldest first. A put whose version is gone is left out."""
        j = schema.journal.c
        with self._read() as sql:
            live = set(sql.execute(select(v.key).where(v.current)).scalars())
            rows = sql.execute(select(j.id, j.op, j.key, j.passages).order_by(j.id)).all()
        return [Change(i, op, Version(k, 0, n)) for i, op, k, n in rows if op == "drop" or k in live]

    def last_change(self) -> int:
        """Return the id of the newest journal row, 0 if there is none."""
        with self._read() as sql:
            return int(sql.execute(select(func.coalesce(func.max(schema.journal.c.id), 0))).scalar_one())

    def forget_changes(self, upto: int) -> None:
        """Delete journal rows that the index now holds durably; rows of pending versions stay."""
        pending = select(v.key).where(~v.current)
        j = schema.journal.c
        with self._transaction() as sql:
            sql.execute(delete(schema.journal).where(j.id <= upto, j.key.not_in(pending)))

    # -- sources and settings -------------------------------------------------------------------------

    def items(self, source: str) -> dict[str, tuple[str, list[str]]]:
        """Return {item: (stamp, document ids)} of what was last taken in from a source."""
        i = schema.items.c
        with self._read() as sql:
            rows = sql.execute(select(i.item, i.stamp, i.documents).where(i.source == source))
            return {row[0]: (row[1], json.loads(row[2])) for row in rows}

    def others(self, source: str) -> dict[str, str]:
        """Return {item: source} of what other sources have brought in."""
        i = schema.items.c
        with self._read() as sql:
            return {row[0]: row[1] for row in sql.execute(select(i.item, i.source).where(i.source != source))}

    def sources(self) -> list[str]:
        """Return the names of the sources that documents came from."""
        with self._read() as sql:
            return sorted(sql.execute(select(schema.items.c.source).distinct()).scalars())

    def ids(self) -> set[str]:
        """Return the id of every document."""
        with self._read() as sql:
            return set(sql.execute(select(v.document_id).where(v.current)).scalars())

    def note_items(self, source: str, taken: Sequence[tuple[str, str, list[str]]]) -> None:
        """Remember (item, stamp, document ids) of what was taken in."""
        now = datetime.now(UTC).timestamp()
        rows = [
            {"source": source, "item": item, "stamp": stamp, "documents": json.dumps(ids), "synced_at": now}
            for item, stamp, ids in taken
        ]
        if rows:
            with self._transaction() as sql:
                sql.execute(insert(schema.items).prefix_with("OR REPLACE"), rows)

    def forget_items(self, source: str, items: Sequence[str]) -> None:
        """Forget items that a source no longer lists."""
        i = schema.items.c
        with self._transaction() as sql:
            for some in _batches(list(items)):
                sql.execute(delete(schema.items).where(i.source == source, i.item.in_(some)))

    def setting(self, name: str, value: str | None = None) -> str | None:
        """Read a setting of the library, or write it when `value` is given."""
        with self._transaction() as sql:
            if value is not None:
                sql.execute(insert(schema.meta).prefix_with("OR REPLACE").values(name=name, value=value))
            return sql.execute(select(schema.meta.c.value).where(schema.meta.c.name == name)).scalar()

    def integrity(self) -> list[str]:
        """Return what SQLite's own check finds wrong; [] when nothing is."""
        with self._read() as sql:
            rows = [str(row[0]) for row in sql.exec_driver_sql("PRAGMA quick_check")]
        return [] if rows == ["ok"] else rows

    def inconsistencies(self) -> list[str]:
        """Return what the tables contradict each other in; [] when nothing is."""
        texts = select(v.document_id, p.position).join(schema.versions, v.key == p.key)
        wrong = texts.where(p.text != func.substr(v.text, p.start + 1, p.end - p.start))
        bare = texts.where(p.vector.not_in(select(schema.vectors.c.hash)))
        loose = select(func.count()).select_from(schema.passages).where(p.key.not_in(select(v.key)))
        with self._read() as sql:
            found = [f"passage {n} of {d!r} is not what its document says" for d, n in sql.execute(wrong)]
            found += [f"passage {n} of {d!r} has no stored vector" for d, n in sql.execute(bare)]
            orphans = sql.execute(loose).scalar_one()
        return found + ([f"{orphans} passages belong to no version"] if orphans else [])

    def close(self) -> None:
        """Release the files."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with _translated(), self._engine.begin() as sql:
            yield sql

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with _translated(), self._engine.connect() as sql:
            yield sql


def pack(vector: Vector) -> bytes:
    """Store a vector as float16: half the disk, cosine ≥ .99999 to float32."""
    return np.asarray(vector, dtype="<f2").tobytes()


def unpack(data: bytes) -> Vector:
    """Read a stored vector as float32."""
    return np.frombuffer(data, dtype="<f2").astype(np.float32)


def rounded(vector: Vector) -> Vector:
    """Return a vector as it will be read back, so that a rebuilt index equals the first one."""
    return unpack(pack(vector))


def digest(document: Document, settings: str) -> bytes:
    """Hash all that decides a version: equal digests, equal passages, vectors and fields."""
    fields = json.dumps(dict(document.fields), sort_keys=True, ensure_ascii=False)
    parts = (settings, document.title, document.media_type, document.source, fields, document.text)
    return sha256(json.dumps(parts).encode()).digest()


def _propose(sql: Connection, proposal: Proposal, now: str) -> Version:
    document = proposal.document
    before = sql.execute(
        select(v.number, v.added_at).where(v.document_id == document.id).order_by(v.number.desc()).limit(1)
    ).one_or_none()
    # 62 bits: the top two stay clear of SQLite's sign.
    version = Version(secrets.randbits(62), before[0] + 1 if before else 1, len(proposal.spans))
    sql.execute(
        insert(schema.versions).values(
            key=version.key, document_id=document.id, number=version.number, current=False,
            title=document.title, source=document.source, media_type=document.media_type,
            fields=json.dumps(dict(document.fields), ensure_ascii=False), digest=proposal.digest,
            passages=version.passages, characters=len(document.text),
            added_at=before[1] if before else now, updated_at=now, text=document.text,
        )
    )  # fmt: skip
    rows = [
        {
            "key": version.key, "position": position, "start": span.start, "end": span.end, "line": span.line,
            "page": span.page, "vector": hashed, "heading": span.heading, "context": span.context,
            "text": document.text[span.start : span.end],
        }
        for position, (span, hashed) in enumerate(zip(proposal.spans, proposal.hashes, strict=True))
    ]  # fmt: skip
    if rows:
        sql.execute(insert(schema.passages), rows)
    sql.execute(insert(schema.journal).values(op="put", key=version.key, passages=version.passages))
    return version


def _forget(sql: Connection, document_id: str) -> list[Version]:
    """Erase the current version of a document, if there is one."""
    query = select(v.key, v.number, v.passages).where(v.document_id == document_id, v.current)
    gone = [Version(*row) for row in sql.execute(query)]
    for version in gone:
        _erase(sql, version)
    return gone


def _erase(sql: Connection, version: Version) -> None:
    """Delete a version's rows, and vectors that no other passage shares; journal that its points must go."""
    mine = select(p.vector).where(p.key == version.key)
    hashes = list(sql.execute(mine).scalars())
    sql.execute(delete(schema.passages).where(p.key == version.key))
    sql.execute(delete(schema.versions).where(v.key == version.key))
    orphan: ColumnElement[bytes] = bindparam("hash")
    still = select(p.vector).where(p.vector == orphan).exists()
    if hashes:
        sql.execute(
            delete(schema.vectors).where(schema.vectors.c.hash == orphan, ~still),
            [{"hash": h} for h in hashes],
        )
    sql.execute(insert(schema.journal).values(op="drop", key=version.key, passages=version.passages))


def _hit(row: Any) -> tuple[Passage, Entry]:
    key, position, start, end, line, page, heading, context, text = row[:9]
    entry = _entry(row[9:19])
    passage = Passage(
        passage_id(key, position), entry.id, entry.version, text, start, end, heading, line, page, context
    )
    return passage, entry


def _entry(row: Any) -> Entry:
    document_id, number, title, source, media_type, fields, passages, characters, added, updated = row[:10]
    return Entry(
        document_id, number, title, source, media_type, _fields(fields), passages, characters, added, updated
    )


def _fields(text: str) -> Fields:
    pairs = json.loads(text).items()
    return {key: tuple(value) if isinstance(value, list) else value for key, value in pairs}


def _batches(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), BATCH):
        yield values[start : start + BATCH]


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


@contextmanager
def _translated() -> Iterator[None]:
    """Turn SQLite's errors into ours, by what the caller can do."""
    try:
        yield
    except DatabaseError as error:
        text = str(error.orig)
        if any(word in text for word in ("full", "readonly", "unable to open", "disk I/O")):
            raise OutOfSpace(
                f"the catalog cannot be written: {text}; nothing acknowledged is lost: free some space, "
                "or make the folder writable, and try again"
            ) from error
        if "malformed" in text or "not a database" in text:
            raise Corrupt(f"the catalog is damaged: {text}; restore its folder from a backup") from error
        raise
