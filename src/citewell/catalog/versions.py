"""Writing and erasing one version of a document, inside somebody else's transaction; and reading rows back."""

from __future__ import annotations

import json
import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import ColumnElement, bindparam, delete, func, insert, select
from sqlalchemy.engine import Connection

from citewell.access import READERS
from citewell.catalog import schema
from citewell.catalog.answers import forget_answers
from citewell.catalog.engine import SHARING, alone, insert_new
from citewell.catalog.ids import passage_id
from citewell.catalog.suspicions import note_suspicions, suspicion_of
from citewell.catalog.vectors import pack
from citewell.catalog.written import release, use
from citewell.hostile import Suspicion
from citewell.model import Document, Entry, Fields, Passage
from citewell.split import Span

if TYPE_CHECKING:
    from citewell.model import Vector

v, p, r, s = schema.versions.c, schema.passages.c, schema.representations.c, schema.suspicions.c
_held = schema.suspicions.alias("held")
QUARANTINED = (
    select(func.count())
    .where(_held.c.key == v.key, _held.c.state == "quarantined")
    .correlate(schema.versions)
    .scalar_subquery()
)
ENTRY = (
    v.document_id, v.number, v.title, v.source, v.media_type, v.fields,
    v.passages, v.characters, v.added_at, v.updated_at, QUARANTINED,
)  # fmt: skip
PASSAGE = (v.key, p.position, p.start, p.end, p.line, p.page, p.heading, p.context, p.text, p.written)
SUSPICION = (s.score, s.state, s.parts)


Readers: TypeAlias = tuple[str, ...] | None
"""An access list; None for everybody, or where none was said."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A new version to be: its document, spans, the hash of each span's embedded text, and its digest.

    `places` maps each further point of its passages (the lower half of its id) to the hash of what it embeds;
    `suspicions` has what is suspicious, by position.
    `writings` are the hashes of what a chat model wrote for it; `given` is the access list that came with it, if
    any did: the one in force is in the document's fields.
    """

    document: Document
    spans: Sequence[Span]
    hashes: Sequence[bytes]
    digest: bytes
    places: Mapping[int, bytes] = field(default_factory=dict)
    suspicions: Mapping[int, Suspicion] = field(default_factory=dict)
    writings: frozenset[bytes] = frozenset()
    given: Readers = None


@dataclass(frozen=True, slots=True)
class Proposed:
    """By document: pending versions; the numbers of current ones that say the same. Others have what is in neither."""

    versions: Mapping[str, Version]
    same: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Version:
    """A version's key, how many passages it has, and the places of their further points: its points' names."""

    key: int
    number: int
    passages: int
    places: tuple[int, ...] = ()

    def ids(self) -> list[str]:
        """Return the ids of its points: its passages in order, then what else leads to them."""
        return [passage_id(self.key, place) for place in (*range(self.passages), *self.places)]


def digest(document: Document, settings: str) -> bytes:
    """Hash all that decides a version but who may see it: equal digests, equal passages, vectors and fields."""
    told = {name: value for name, value in document.fields.items() if name != READERS}
    fields = json.dumps(told, sort_keys=True, ensure_ascii=False)
    parts = [settings, document.title, document.media_type, document.source, fields, document.text]
    parts += [f"{one.start} {one.end} {one.how}" for one in document.hidden]
    return sha256(json.dumps(parts).encode()).digest()


def unchanged(sql: Connection, proposals: Mapping[str, Proposal]) -> dict[str, int]:
    """Return the numbers of those documents whose current version already is what is proposed, by their ids."""
    query = select(v.document_id, v.number, v.digest, v.given, v.fields)
    found = {}
    for name, number, hashed, given, fields in sql.execute(
        query.where(v.document_id.in_(proposals), v.current)
    ):
        wanted = proposals[name]
        held = fields_of(fields).get(READERS) == wanted.document.fields.get(READERS)
        if hashed == wanted.digest and held and listed(given) == wanted.given:
            found[name] = number
    return found


def listed(given: str | None) -> Readers:
    """Read an access list as the catalog keeps it."""
    return None if given is None else tuple(json.loads(given))


def store(sql: Connection, proposals: Sequence[Proposal], vectors: Mapping[bytes, Vector]) -> None:
    """Store the vectors that proposals need and that are not there."""
    needed = {one for proposal in proposals for one in (*proposal.hashes, *proposal.places.values())}
    rows = [{"hash": one, "vector": pack(vectors[one])} for one in sorted(needed)]
    if rows:
        sql.execute(insert_new(sql, schema.vectors), rows)


def propose(sql: Connection, proposals: Sequence[Proposal], now: str, worker: str) -> list[Version]:
    """Write new versions, each of another document, as pending; journal them."""
    before: dict[str, tuple[int, str]] = {}
    ids = [proposal.document.id for proposal in proposals]
    query = select(v.document_id, v.number, v.added_at).where(v.document_id.in_(ids)).order_by(v.number)
    for document_id, number, added_at in sql.execute(query):
        before[document_id] = (number, added_at)
    versions, passages, others, made = [], [], [], []
    for proposal in proposals:
        number, added_at = before.get(proposal.document.id, (0, now))
        # 62 bits: the top two stay clear of SQLite's sign.
        version = Version(secrets.randbits(62), number + 1, len(proposal.spans), tuple(proposal.places))
        made.append(version)
        versions.append(_version_row(version, proposal, added_at, now))
        passages += _passage_rows(version, proposal)
        others += [
            {"key": version.key, "place": place, "vector": hashed}
            for place, hashed in proposal.places.items()
        ]
    tables = (schema.versions, versions), (schema.passages, passages), (schema.representations, others)
    for table, rows in tables:
        if rows:
            sql.execute(insert(table), rows)
    for version, proposal in zip(made, proposals, strict=True):
        if proposal.suspicions:
            texts = [proposal.document.text[one.start : one.end] for one in proposal.spans]
            note_suspicions(sql, (version.key, proposal.document.id), proposal.suspicions, texts)
        use(sql, version.key, proposal.document, proposal.writings)
    journal(sql, "put", made, worker)
    return made


def _version_row(version: Version, proposal: Proposal, added_at: str, now: str) -> dict[str, Any]:
    document = proposal.document
    return {
        "key": version.key, "document_id": document.id, "number": version.number, "current": False,
        "title": document.title, "source": document.source, "media_type": document.media_type,
        "fields": document.fields, "digest": proposal.digest,
        "passages": version.passages, "characters": len(document.text),
        "added_at": added_at, "updated_at": now, "text": document.text,
        "given": None if proposal.given is None else json.dumps(proposal.given, ensure_ascii=False),
    }  # fmt: skip


def _passage_rows(version: Version, proposal: Proposal) -> list[dict[str, Any]]:
    return [
        {
            "key": version.key, "position": position, "start": span.start, "end": span.end, "line": span.line,
            "page": span.page, "vector": hashed, "heading": span.heading, "context": span.context,
            "text": proposal.document.text[span.start : span.end], "written": span.written,
        }
        for position, (span, hashed) in enumerate(zip(proposal.spans, proposal.hashes, strict=True))
    ]  # fmt: skip


def forget(sql: Connection, document_ids: Sequence[str], worker: str) -> list[Version]:
    """Erase the current versions of these documents, where there are any, and what was written of the library."""
    alone(sql, SHARING)
    forget_answers(sql, [])
    gone = named(sql, v.document_id.in_(document_ids), v.current)
    erase(sql, gone, worker)
    return gone


def named(sql: Connection, *which: ColumnElement[bool]) -> list[Version]:
    """Return the versions that satisfy conditions on their rows."""
    places: dict[int, list[int]] = defaultdict(list)
    for key, place in sql.execute(select(r.key, r.place).join(schema.versions, v.key == r.key).where(*which)):
        places[key].append(place)
    rows = sql.execute(select(v.key, v.number, v.passages).where(*which))
    return [Version(*row, tuple(places.get(row[0], ()))) for row in rows]


def erase(sql: Connection, versions: Sequence[Version], worker: str) -> None:
    """Delete versions' rows, and vectors that no other passage shares; journal that their points must go."""
    if not versions:
        return
    # Nobody may begin to share a vector, or keep an answer, between our looking and our deleting.
    alone(sql, SHARING)
    keys = [version.key for version in versions]
    hashes = set(sql.execute(select(p.vector).where(p.key.in_(keys))).scalars())
    hashes.update(sql.execute(select(r.vector).where(r.key.in_(keys))).scalars())
    sql.execute(delete(schema.passages).where(p.key.in_(keys)))
    sql.execute(delete(schema.representations).where(r.key.in_(keys)))
    sql.execute(delete(schema.suspicions).where(s.key.in_(keys)))
    sql.execute(delete(schema.versions).where(v.key.in_(keys)))
    forget_answers(sql, keys)
    release(sql, keys)
    orphan: ColumnElement[bytes] = bindparam("hash")
    still = select(p.vector).where(p.vector == orphan).exists()
    also = select(r.vector).where(r.vector == orphan).exists()
    if hashes:
        sql.execute(
            delete(schema.vectors).where(schema.vectors.c.hash == orphan, ~still, ~also),
            [{"hash": h} for h in hashes],
        )
    journal(sql, "drop", versions, worker)


def journal(sql: Connection, op: str, versions: Sequence[Version], worker: str) -> None:
    """Note what the index must be told of these versions: put or drop."""
    rows = [
        {
            "op": op, "key": version.key, "passages": version.passages, "worker": worker,
            "places": json.dumps(version.places),
        }
        for version in versions
    ]  # fmt: skip
    if rows:
        sql.execute(insert(schema.journal), rows)


def hit_of(row: Any) -> tuple[Passage, Entry]:
    """Read a row of PASSAGE, ENTRY and perhaps SUSPICION."""
    key, position, start, end, line, page, heading, context, text, written = row[:10]
    entry = entry_of(row[10:21])
    found = suspicion_of(*row[21:24]) if len(row) > 23 else None
    passage = Passage(
        passage_id(key, position),
        entry.id,
        entry.version,
        text,
        start,
        end,
        heading,
        line,
        page,
        context,
        found,
        written,
    )
    return passage, entry


def entry_of(row: Any) -> Entry:
    document_id, number, title, source, media_type, fields, *rest = row[:11]
    return Entry(document_id, number, title, source, media_type, fields_of(fields), *rest)


def fields_of(found: Mapping[str, Any]) -> Fields:
    """Return a document's fields as they are given: lists are tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in found.items()}
