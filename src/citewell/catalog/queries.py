"""Passages with their documents: read for a search, for an index, for a person who looks at what is suspicious."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select
from sqlalchemy.engine import Connection

from citewell.catalog import schema
from citewell.catalog.engine import among, batches, is_postgres
from citewell.catalog.ids import passage_id, split_id
from citewell.catalog.vectors import unpack
from citewell.catalog.versions import ENTRY, PASSAGE, SUSPICION, Version, hit_of
from citewell.catalog.where import to_sql
from citewell.filters import Filter
from citewell.model import Entry, Passage

if TYPE_CHECKING:
    from citewell.model import Vector

v, p, r, s = schema.versions.c, schema.passages.c, schema.representations.c, schema.suspicions.c
_SAME = and_(s.key == p.key, s.position == p.position)


def hits(
    sql: Connection, ids: Sequence[str], where: Filter | None, quarantined: bool
) -> dict[str, tuple[Passage, Entry]]:
    """Return what is current (and satisfies `where`) among these passage ids; `quarantined` ones only if wanted."""
    query = select(*PASSAGE, *ENTRY, *SUSPICION).join(schema.versions, v.key == p.key).where(v.current)
    query = query.outerjoin(schema.suspicions, _SAME)
    if where is not None:
        query = query.where(to_sql(where, v.fields, postgres=is_postgres(sql)))
    if not quarantined:
        query = query.where(or_(s.state.is_(None), s.state != "quarantined"))
    asked = json.dumps([split_id(one) for one in ids])
    rows = sql.execute(query.where(among(sql, p.key, p.position)), {"pairs": asked})
    return {passage_id(row[0], row[1]): hit_of(row) for row in rows}


def suspicious(sql: Connection, document_id: str) -> list[Passage]:
    """Return the passages of a document that have something suspicious, in order."""
    query = select(*PASSAGE, *ENTRY, *SUSPICION).join(schema.versions, v.key == p.key)
    query = query.join(schema.suspicions, _SAME)
    query = query.where(v.document_id == document_id, v.current).order_by(p.position)
    return [hit_of(row)[0] for row in sql.execute(query)]


def points(sql: Connection, version: Version) -> Iterator[tuple[Entry, Passage, Vector]]:
    """Yield what an index needs to hold of a version's passages."""
    query = (
        select(*PASSAGE, *ENTRY, schema.vectors.c.vector)
        .join(schema.versions, v.key == p.key)
        .join(schema.vectors, schema.vectors.c.hash == p.vector)
        .where(p.key == version.key)
        .order_by(p.position)
    )
    for row in sql.execute(query):
        passage, entry = hit_of(row)
        yield entry, passage, unpack(row[-1])


def words_of(sql: Connection, ids: Sequence[str]) -> dict[str, str]:
    """Return the texts of the passages among these ids that there are."""
    query = select(p.key, p.position, p.text).where(among(sql, p.key, p.position))
    return {passage_id(row[0], row[1]): row[2] for row in sql.execute(query, _pairs(ids))}


def vectors_of(sql: Connection, ids: Sequence[str]) -> dict[str, Vector]:
    """Return the vectors of the passages among these ids that there are."""
    query = select(p.key, p.position, schema.vectors.c.vector)
    query = query.join(schema.vectors, schema.vectors.c.hash == p.vector).where(among(sql, p.key, p.position))
    return {passage_id(row[0], row[1]): unpack(row[2]) for row in sql.execute(query, _pairs(ids))}


def texts_of(sql: Connection, ids: Sequence[str]) -> dict[str, str]:
    """Return, for each passage id whose version is current, that version's whole text."""
    keys = {one: split_id(one)[0] for one in ids}
    query = select(v.key, v.text).where(v.key.in_(set(keys.values())), v.current)
    texts = {row[0]: row[1] for row in sql.execute(query)}
    return {one: texts[key] for one, key in keys.items() if key in texts}


def known(sql: Connection, hashes: Iterable[bytes]) -> dict[bytes, Vector]:
    """Return the stored vectors among these hashes."""
    found: dict[bytes, Vector] = {}
    for some in batches(list(set(hashes))):
        rows = sql.execute(select(schema.vectors).where(schema.vectors.c.hash.in_(some)))
        found.update((row[0], unpack(row[1])) for row in rows)
    return found


def representations(sql: Connection, version: Version) -> list[tuple[str, Vector]]:
    """Return the further points of a version's passages: their ids and vectors."""
    query = select(r.place, schema.vectors.c.vector).where(r.key == version.key)
    rows = sql.execute(query.join(schema.vectors, schema.vectors.c.hash == r.vector))
    return [(passage_id(version.key, row[0]), unpack(row[1])) for row in rows]


def damage(sql: Connection) -> list[str]:
    """Return what SQLite's own check finds wrong; [] when nothing is."""
    rows = [str(row[0]) for row in sql.exec_driver_sql("PRAGMA quick_check")]
    return [] if rows == ["ok"] else rows


def _pairs(ids: Sequence[str]) -> dict[str, str]:
    return {"pairs": json.dumps([split_id(one) for one in ids])}
