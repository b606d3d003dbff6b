"""The metadata fields of documents with their types: declared in `catalog.fields`, or inferred from what is there."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from sqlalchemy import func, select, true
from sqlalchemy.engine import Connection

from citewell.access import READERS
from citewell.catalog import schema
from citewell.catalog.engine import is_postgres
from citewell.catalog.where import to_sql
from citewell.errors import BadInput
from citewell.filters import Filter

FieldKind: TypeAlias = Literal["text", "number", "boolean", "list", "mixed"]
"""What values a field has. Dates are text in ISO 8601; a `list` has several values, `mixed` several kinds."""
v = schema.versions.c
MOST: Final = 500
"""Fields that become columns, the most common first; all are in the column `fields`."""
LONGEST: Final = 63
"""Bytes of a column's name in PostgreSQL."""
OWN: Final = (
    "id", "title", "source", "media_type", "version", "passages", "characters", "added_at", "updated_at", "fields",
)  # fmt: skip
"""The columns of `documents` that are no metadata; a field of such a name is found in `fields`."""
JSON_KINDS: Final[Mapping[str, FieldKind]] = {
    "string": "text", "text": "text", "number": "number", "integer": "number", "real": "number",
    "boolean": "boolean", "true": "boolean", "false": "boolean", "array": "list", "object": "list",
}  # fmt: skip
"""What each database calls the kinds of JSON's values."""
DECLARATION: Final = re.compile(r'\s*(?:"(?P<quoted>[^"]+)"|(?P<plain>[\w.-]+))\s+(?P<kind>\w+)\s*')


@dataclass(frozen=True, slots=True)
class TypedField:
    """A field: how many documents have it, in how many its value is of another kind, and its column, if it has one."""

    name: str
    kind: FieldKind
    documents: int
    misfits: int
    declared: bool
    column: str


def declared(text: str) -> dict[str, FieldKind]:
    """Read `year number, product text, "odd name" list`. BadInput for anything else."""
    found: dict[str, FieldKind] = {}
    kinds = get_args(FieldKind)
    for part in filter(str.strip, text.split(",")):
        read = DECLARATION.fullmatch(part)
        if read is None or read["kind"] not in kinds:
            raise BadInput(
                f"catalog.fields has {part.strip()!r}; write a name and one of {', '.join(kinds)}, as in "
                '"year number, product text"'
            )
        found[read["quoted"] or read["plain"]] = read["kind"]  # type: ignore[assignment]
    return found


def typed_fields(
    sql: Connection, known: Mapping[str, FieldKind], where: Filter | None = None
) -> list[TypedField]:
    """Return the fields of the current documents (those that satisfy a filter), the most common first."""
    each = func.jsonb_each(v.fields) if is_postgres(sql) else func.json_each(v.fields)
    pairs = each.table_valued("key", "value") if is_postgres(sql) else each.table_valued("key", "type")
    of = func.jsonb_typeof(pairs.c.value) if is_postgres(sql) else pairs.c.type
    query = select(pairs.c.key, of, func.count()).select_from(schema.versions.join(pairs, true()))
    query = query.where(v.current).group_by(pairs.c.key, of)
    if where is not None:
        query = query.where(to_sql(where, v.fields, postgres=is_postgres(sql)))
    seen: defaultdict[str, Counter[FieldKind]] = defaultdict(Counter)
    for name, kind, count in sql.execute(query):
        if kind in JSON_KINDS and name not in ("id", READERS):  # each document's own id, for filters
            seen[name][JSON_KINDS[kind]] += count
    return _typed(seen, known)


def _typed(seen: Mapping[str, Counter[FieldKind]], known: Mapping[str, FieldKind]) -> list[TypedField]:
    names = sorted({*seen, *known}, key=lambda name: (-seen.get(name, Counter()).total(), name))
    taken = set(OWN)
    found: list[TypedField] = []
    for name in names:
        counts = seen.get(name, Counter())
        one: FieldKind = next(iter(counts)) if len(counts) == 1 else "mixed"
        kind = known.get(name, one)
        fits = counts[kind] if kind != "mixed" else counts.total()
        column = name if _fits(name, taken) and len(found) < MOST else ""
        taken.add(name.lower())
        found.append(TypedField(name, kind, counts.total(), counts.total() - fits, name in known, column))
    return found


def _fits(name: str, taken: Iterable[str]) -> bool:
    # A quote or a backslash cannot be said in SQLite's paths.
    plain = name.isprintable() and not {'"', "\\"} & set(name)
    return plain and name.lower() not in taken and 0 < len(name.encode()) <= LONGEST


def columns_of(fields: Sequence[TypedField]) -> list[TypedField]:
    """Return the fields that are columns of their own."""
    return [one for one in fields if one.column]
