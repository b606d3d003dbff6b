"""Suspicions in SQL: noted with a version, read with its passages, let go by a person."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import and_, func, insert, select, update
from sqlalchemy.engine import Connection

from citewell.catalog import schema
from citewell.catalog.engine import insert_new, is_postgres
from citewell.catalog.where import to_sql
from citewell.filters import Filter
from citewell.hostile import Suspect, Suspicion

s, f, v = schema.suspicions.c, schema.releases.c, schema.versions.c


def note_suspicions(
    sql: Connection, version: tuple[int, str], found: Mapping[int, Suspicion], texts: Sequence[str]
) -> None:
    """Write what is suspicious in a version, a (key, document id), by position; `texts` are its passages'."""
    key, document_id = version
    let_go = set(sql.execute(select(f.text).where(f.document_id == document_id)).scalars())
    rows = [
        {
            "key": key, "position": position, "score": one.score, "parts": _dumped(one.parts),
            "state": "released" if _hash(texts[position]) in let_go else _state(one),
        }
        for position, one in found.items()
    ]  # fmt: skip
    sql.execute(insert(schema.suspicions), rows)


def suspicion_of(score: float | None, state: str | None, parts: str | None) -> Suspicion | None:
    """Read a row of `suspicions`; None where there is none."""
    if score is None:
        return None
    found = tuple(
        Suspect(start, end, of, tuple(why), hidden)
        for start, end, of, why, hidden in json.loads(parts or "[]")
    )
    return Suspicion(score, found, state == "quarantined", state == "released")


def release(sql: Connection, document_id: str, places: Sequence[tuple[int, int, str]]) -> int:
    """Let passages go: (key, position, text) of each. Returns how many had not been let go before."""
    done = 0
    for key, position, text in places:
        here = and_(s.key == key, s.position == position, s.state != "released")
        done += sql.execute(update(schema.suspicions).where(here).values(state="released")).rowcount
        row = {"document_id": document_id, "text": _hash(text)}
        sql.execute(insert_new(sql, schema.releases).values(**row))
    return done


def suspicious_counts(sql: Connection, where: Filter | None = None) -> dict[str, int]:
    """Return the numbers of current passages that are suspicious, and of those that are quarantined."""
    query = (
        select(s.state, func.count()).join(schema.versions, v.key == s.key).where(v.current).group_by(s.state)
    )
    query = query if where is None else query.where(to_sql(where, v.fields, postgres=is_postgres(sql)))
    found: dict[str, Any] = {row[0]: row[1] for row in sql.execute(query)}
    return {"suspicious": sum(found.values()), "quarantined": found.get("quarantined", 0)}


def _state(one: Suspicion) -> str:
    return "quarantined" if one.quarantined else "noted"


def _hash(text: str) -> bytes:
    return sha256(text.encode("utf-8", "replace")).digest()


def _dumped(parts: Sequence[Suspect]) -> str:
    rows = [(one.start, one.end, round(one.score, 4), one.why, one.hidden) for one in parts]
    return json.dumps(rows, ensure_ascii=False)
