"""Who may see which document, in SQL, inside somebody else's transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from citewell.access import READERS
from citewell.catalog import schema
from citewell.catalog.answers import forget_answers
from citewell.catalog.engine import SHARING, alone, batches, is_postgres
from citewell.catalog.versions import Readers, Version, fields_of, journal, listed, named
from citewell.catalog.where import to_sql
from citewell.collection import COLLECTION
from citewell.errors import NotFound
from citewell.filters import Filter
from citewell.model import Fields

v = schema.versions.c


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a document before it is added again: its current version, and its access lists.

    `given` is the list that the last add said; `held` is the one in force: `share` may have changed it since.
    `collection` is where it is, "" for `main`.
    """

    number: int
    digest: bytes
    passages: int
    given: Readers
    held: Readers
    collection: str

    def after(self, given: Readers) -> tuple[Readers, Readers]:
        """Return (given, held) after an add that says `given`: nothing, or what the last one said, changes nothing."""
        return (self.given, self.held) if given is None or given == self.given else (given, given)


def known(sql: Connection, document_ids: Sequence[str]) -> dict[str, Known]:
    """Return what is known of the current documents among these."""
    found = {}
    query = select(v.document_id, v.number, v.digest, v.passages, v.given, v.fields).where(v.current)
    for some in batches(document_ids):
        for row in sql.execute(query.where(v.document_id.in_(some))):
            given = listed(row[4])
            fields = fields_of(row[5])
            found[row[0]] = Known(*row[1:4], given, _held(fields), str(fields.get(COLLECTION) or ""))
    return found


def share(sql: Connection, document_id: str, readers: Readers, worker: str) -> tuple[Version, Fields] | None:
    """Set a document's access list and journal it; returns its version and all its fields, None if there is none."""
    here = v.document_id == document_id, v.current
    alone(sql, SHARING)
    row = sql.execute(select(v.fields).where(*here)).scalar()
    if row is None:
        return None
    fields: dict[str, Any] = {name: value for name, value in fields_of(row).items() if name != READERS}
    fields |= {} if readers is None else {READERS: readers}
    sql.execute(update(schema.versions).where(*here).values(fields=fields))
    (version,) = named(sql, *here)
    forget_answers(sql, [version.key])
    journal(sql, "put", [version], worker)
    return version, fields


def seen(sql: Connection, document_ids: Collection[str], where: Filter | None) -> set[str]:
    """Return the current documents among these that satisfy a filter."""
    query = select(v.document_id).where(v.current)
    query = query if where is None else query.where(to_sql(where, v.fields, postgres=is_postgres(sql)))
    found: set[str] = set()
    for some in batches(list(document_ids)):
        found.update(sql.execute(query.where(v.document_id.in_(some))).scalars())
    return found


def missing(document_id: str) -> NotFound:
    """Return what is raised for a document that is not there, or not for who asks: in the same words."""
    return NotFound(f"no document {document_id!r}; `citewell list` shows what there is")


def stored(sql: Connection, hashes: Collection[bytes], where: Filter) -> set[bytes]:
    """Return the hashes among these of what was embedded of current documents that satisfy a filter."""
    found: set[bytes] = set()
    for of in (schema.passages, schema.representations):
        query = select(of.c.vector).join(schema.versions, v.key == of.c.key)
        query = query.where(v.current, to_sql(where, v.fields, postgres=is_postgres(sql)))
        for some in batches(list(hashes)):
            found.update(sql.execute(query.where(of.c.vector.in_(some))).scalars())
    return found


def restricts(sql: Connection) -> bool:
    """Say whether a document has, or had, an access list."""
    m = schema.meta.c
    return sql.execute(select(m.value).where(m.name == READERS)).scalar() is not None


def _held(fields: Fields) -> Readers:
    held = fields.get(READERS)
    return (held,) if isinstance(held, str) else cast(Readers, held)
