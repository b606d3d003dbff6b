"""Which metadata fields are there? Told from a sample of the documents."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.engine import Connection

from citewell.access import READERS
from citewell.catalog import schema
from citewell.catalog.engine import is_postgres
from citewell.catalog.where import to_sql
from citewell.collection import COLLECTION
from citewell.filters import Filter, kind
from citewell.model import FieldUse

SAMPLE: Final = 2_000
"""Documents that are looked at. Their keys are random, so the first ones by key are a fair sample."""
FIELDS: Final = 30
"""Most fields that are told, the most common first."""
VALUES: Final = 8
"""Most values of a field that are told, the most common first."""
LENGTH: Final = 40
"""Characters of such a value; longer ones are no use in a filter."""


def fields_in_use(sql: Connection, where: Filter | None = None) -> list[FieldUse]:
    """Return the fields of the current documents, or those that satisfy a filter, the most common first.

    `id`, which names one document, `readers`, which names people, and `collection` are left out.
    """
    v = schema.versions.c
    query = select(v.fields).where(v.current).order_by(v.key).limit(SAMPLE)
    rows = sql.execute(
        query if where is None else query.where(to_sql(where, v.fields, postgres=is_postgres(sql)))
    ).scalars()
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for name, value in _values(rows):
        if of := kind(value):
            counts[name, of][str(value)] += 1
    common = sorted(counts.items(), key=lambda pair: (-pair[1].total(), pair[0]))[:FIELDS]
    return [FieldUse(name, of, _shown(values)) for (name, of), values in common]


def _values(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, object]]:
    for row in rows:
        for name, value in row.items():
            if name not in ("id", READERS, COLLECTION):
                yield from ((name, one) for one in (value if isinstance(value, list) else [value]))


def _shown(values: Counter[str]) -> tuple[str, ...]:
    short = [value for value in values if len(value) <= LENGTH]
    return tuple(sorted(short, key=lambda value: (-values[value], value))[:VALUES])
