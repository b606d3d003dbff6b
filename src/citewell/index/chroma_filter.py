"""Filters in Chroma's terms. Metadata there is flat, and `$ne` is true of what has no such key.

So each field is kept under the name of its kind (`t:` one text, `l:` several, `n:` a number, `b:` a boolean), and `k:`
says which.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any, Final

from citewell.filters import Filter, Op, Scalar, kind
from citewell.index.flat import Flat, clean, finite, plain
from citewell.index.shape import wider
from citewell.index.twice import KINDS, compared, loosened
from citewell.model import Fields

Where = dict[str, Any]
DOCUMENT: Final = "d"
"""Where a point says its document."""
NEVER: Final[Where] = {"k:": {"$eq": "never"}}
ALWAYS: Final[Where] = {"k:": {"$ne": "never"}}
ORDERS: Final[dict[Op, str]] = {"<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}
MOST: Final = 1_000
"""Values in one condition."""


def to_chroma(where: Filter) -> Where:
    """Translate a filter. Unsupported for the order of text, and for LIKE with anything but the whole text."""
    return _Translation()(where)


def stored(fields: Fields) -> dict[str, Any]:
    """Return metadata as it is kept there."""
    found: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, tuple | list):
            if value:
                found |= {f"l:{clean(name)}": [clean(one) for one in value], f"k:{clean(name)}": "text"}
        elif of := kind(value):
            whole = clean(value) if isinstance(value, str) else plain(value, of)
            found |= {f"{of[0]}:{clean(name)}": whole, f"k:{clean(name)}": of}
    return found


class _Translation(Flat[Where]):
    store = "Chroma"

    def joined(self, conditions: Sequence[Where], every: bool) -> Where:
        if len(conditions) < 2:  # Chroma wants at least two
            return conditions[0] if conditions else ALWAYS if every else NEVER
        return {"$and" if every else "$or": list(conditions)}

    def equals(self, field: str, values: Sequence[Scalar], truth: bool) -> Where:
        of = kind(values[0])
        name = clean(field)
        if of == "text":
            return self._text(name, [clean(str(value)) for value in values], truth)
        if of == "boolean":
            tests: list[Where] = [{f"b:{name}": {"$eq" if truth else "$ne": bool(value)}} for value in values]
        elif truth:
            tests = [self.joined(_near(name, float(value)), True) for value in values]
        else:
            tests = [{f"n:{name}": {"$ne": finite(value)}} for value in values]
        return self.joined(tests, False) if truth else self.joined([{f"k:{name}": of}, *tests], True)

    def _text(self, name: str, values: list[str], truth: bool) -> Where:
        contains, among = ("$contains", "$in") if truth else ("$not_contains", "$nin")
        if name == "id":
            groups = [values[at : at + MOST] for at in range(0, len(values), MOST)]
            return self.joined([{DOCUMENT: {among: group}} for group in groups], not truth)
        tests: list[Where] = [
            {f"t:{name}": {among: values}},
            *({f"l:{name}": {contains: value}} for value in values),
        ]
        return self.joined(tests, False) if truth else self.joined([{f"k:{name}": "text"}, *tests], True)

    def missing(self, field: str, truth: bool) -> Where:
        return {f"k:{clean(field)}": {"$nin" if truth else "$in": list(KINDS)}}

    def order(self, field: str, op: Op, value: Scalar, truth: bool) -> Where:
        by, bound = compared(self.store, field, op, value, truth)
        return {f"n:{clean(field)}": {ORDERS[by]: finite(loosened(by, finite(bound)))}}

    def is_text(self, field: str) -> Where:
        return {f"k:{clean(field)}": "text"}

    def never(self) -> Where:
        return NEVER


def _near(name: str, value: float) -> list[Where]:
    least, most = wider(finite(value), -inf), wider(finite(value), inf)
    return [{f"n:{name}": {"$gte": finite(least)}}, {f"n:{name}": {"$lte": finite(most)}}]
