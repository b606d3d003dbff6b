"""Writing and erasing one version of a document, inside somebody else's transaction; and reading rows back."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, insert, select
from sqlalchemy.engine import Connection

from citewell.catalog import schema
from citewell.catalog.ids import passage_id
from citewell.model import Document, Entry, Fields, Passage
from citewell.split import Span

v, p = schema.versions.c, schema.passages.c
ENTRY = (
    v.document_id, v.number, v.title, v.source, v.media_type, v.fields,
    v.passages, v.characters, v.added_at, v.updated_at,
)  # fmt: skip


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


def digest(document: Document, settings: str) -> bytes:
    """Hash all that decides a version: equal digests, equal passages, vectors and fields."""
    fields = json.dumps(dict(document.fields), sort_keys=True, ensure_ascii=False)
    parts = (settings, document.title, document.media_type, document.source, fields, document.text)
    return sha256(json.dumps(parts).encode()).digest()


def propose(sql: Connection, proposal: Proposal, now: str) -> Version:
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


def forget(sql: Connection, document_id: str) -> list[Version]:
    """Erase the current version of a document, if there is one."""
    query = select(v.key, v.number, v.passages).where(v.document_id == document_id, v.current)
    gone = [Version(*row) for row in sql.execute(query)]
    for version in gone:
        erase(sql, version)
    return gone


def erase(sql: Connection, version: Version) -> None:
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


def hit_of(row: Any) -> tuple[Passage, Entry]:
    key, position, start, end, line, page, heading, context, text = row[:9]
    entry = entry_of(row[9:19])
    passage = Passage(
        passage_id(key, position), entry.id, entry.version, text, start, end, heading, line, page, context
    )
    return passage, entry


def entry_of(row: Any) -> Entry:
    document_id, number, title, source, media_type, fields, passages, characters, added, updated = row[:10]
    return Entry(
        document_id, number, title, source, media_type, _fields(fields), passages, characters, added, updated
    )


def _fields(text: str) -> Fields:
    pairs = json.loads(text).items()
    return {key: tuple(value) if isinstance(value, list) else value for key, value in pairs}
