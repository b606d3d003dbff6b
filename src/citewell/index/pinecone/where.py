"""Filters in Pinecone's terms. Metadata there is flat and without null, and what $ne says of a missing field is unsaid.

So each field is kept under the name of its kind, text as one or several; `has` lists which there are. Only $eq, $ne,
$in, $nin, $gt to $lte, $and and $or are used, and negations only of fields that `has` says are there.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any, Final

from citewell.filters import Filter, Op, Scalar, kind
from citewell.index.flat import HAS, NEVER, SOMETHING, Flat, clean, finite, kept, key
from citewell.index.shape import wider
from citewell.index.twice import KINDS, compared, loosened
from citewell.model import Fields

Where = dict[str, Any]
ORDERS: Final[dict[Op, str]] = {"<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}
MOST: Final = 10_000
"""Values in one condition: what Pinecone takes."""


def to_pinecone(where: Filter) -> Where:
    """Translate a filter. Unsupported for the order of text, and for LIKE with anything but the whole text."""
    return _Translation()(where)


def stored(fields: Fields) -> dict[str, Any]:
    """Return metadata as it is kept there."""
    return kept(fields, clean, clean)


class _Translation(Flat[Where]):
    store = "Pinecone"

    def joined(self, conditions: Sequence[Where], every: bool) -> Where:
        if len(conditions) < 2:
            return conditions[0] if conditions else _has(SOMETHING) if every else self.never()
        return {"$and" if every else "$or": list(conditions)}

    def equals(self, field: str, values: Sequence[Scalar], truth: bool) -> Where:
        of = kind(values[0])
        assert of is not None
        name = key(field, of)
        if of == "text":
            texts = [clean(str(value)) for value in values]
            groups = [texts[at : at + MOST] for at in range(0, len(texts), MOST)]
            tests: list[Where] = [{name: {"$in" if truth else "$nin": group}} for group in groups]
        elif of == "boolean":
            tests = [{name: {"$eq" if truth else "$ne": bool(value)}} for value in values]
        elif truth:
            tests = [self.joined(_near(name, float(value)), True) for value in values]
        else:
            tests = [{name: {"$ne": finite(value)}} for value in values]
        return self.joined(tests, False) if truth else self.joined([_has(name), *tests], True)

    def missing(self, field: str, truth: bool) -> Where:
        return {HAS: {"$nin" if truth else "$in": [key(field, of) for of in KINDS]}}

    def order(self, field: str, op: Op, value: Scalar, truth: bool) -> Where:
        by, bound = compared(self.store, field, op, value, truth)
        return {key(field, "number"): {ORDERS[by]: finite(loosened(by, finite(bound)))}}

    def is_text(self, field: str) -> Where:
        return _has(key(field, "text"))

    def never(self) -> Where:
        return _has(NEVER)


def _has(name: str) -> Where:
    return {HAS: {"$eq": name}}


def _near(name: str, value: float) -> list[Where]:
    least, most = wider(finite(value), -inf), wider(finite(value), inf)
    return [{name: {"$gte": finite(least)}}, {name: {"$lte": finite(most)}}]
