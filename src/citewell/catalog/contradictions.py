"""What the catalog's tables contradict each other in."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from citewell.catalog import schema

v, p, r = schema.versions.c, schema.passages.c, schema.representations.c


def contradictions(sql: Connection) -> list[str]:
    """Return one line for each contradiction; [] when there is none."""
    texts = select(v.document_id, p.position).join(schema.versions, v.key == p.key)
    wrong = texts.where(p.text != func.substr(v.text, p.start + 1, p.end - p.start))
    bare = texts.where(p.vector.not_in(select(schema.vectors.c.hash)))
    lost = select(func.count()).where(r.vector.not_in(select(schema.vectors.c.hash)))
    loose = select(func.count()).select_from(schema.passages).where(p.key.not_in(select(v.key)))
    found = [f"passage {n} of {d!r} is not what its document says" for d, n in sql.execute(wrong)]
    found += [f"passage {n} of {d!r} has no stored vector" for d, n in sql.execute(bare)]
    if without := sql.execute(lost).scalar_one():
        found.append(f"{without} sentences have no stored vector")
    if orphans := sql.execute(loose).scalar_one():
        found.append(f"{orphans} passages belong to no version")
    return found
