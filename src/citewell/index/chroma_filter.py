"""Filters in Chroma's terms. Metadata there is flat, and `$ne` is true of what has no such key.

So each field is kept under the name of its kind (`t:` one text, `l:` several, `n:` a number, `b:` a boolean), and `k:`
says which; each filter is translated twice, as for Qdrant: when it is certainly true, and when certainly false.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from sys import float_info
from typing import Any, Final

from citewell.errors import Unsupported
from citewell.filters import And, Compare, Filter, In, IsNull, Kind, Like, Not, Op, Or, Scalar, kind, number
from citewell.index.shape import wider
from citewell.model import Fields

Where = dict[str, Any]
DOCUMENT: Final = "d"
"""Where a point says its document."""
NEVER: Final[Where] = {"k:": {"$eq": "never"}}
ALWAYS: Final[Where] = {"k:": {"$ne": "never"}}
KINDS: Final = ["text", "number", "boolean"]
ORDERS: Final[dict[Op, str]] = {"<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}
OPPOSITE: Final[dict[Op, Op]] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
MOST: Final = 1_000
"""Values in one condition."""


def to_chroma(where: Filter) -> Where:
    """Translate a filter. Unsupported for the order of text, and for LIKE with anything but the whole text."""
    return _certain(where, True)


def stored(fields: Fields) -> dict[str, Any]:
    """Return metadata as it is kept there."""
    found: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, tuple | list):
            if value:
                found |= {f"l:{clean(name)}": [clean(one) for one in value], f"k:{clean(name)}": "text"}
        elif of := kind(value):
            plain = clean(value) if isinstance(value, str) else _number(value) if of == "number" else value
            found |= {f"{of[0]}:{clean(name)}": plain, f"k:{clean(name)}": of}
    return found


def clean(text: str) -> str:
    """Return a text without halves of pairs, which no UTF-8 has."""
    return text.encode("utf-8", "replace").decode()


def _certain(where: Filter, truth: bool) -> Where:
    match where:
        case Not(part):
            return _certain(part, not truth)
        case And(parts):
            return _joined([_certain(part, truth) for part in parts], truth)
        case Or(parts):
            return _joined([_certain(part, truth) for part in parts], not truth)
        case In(field, values):
            kinds: tuple[Kind, ...] = ("text", "number", "boolean")
            groups = [some for of in kinds if (some := [value for value in values if kind(value) == of])]
            return _joined([_equals(field, some, truth) for some in groups], not truth)
        case IsNull(field):
            return {f"k:{clean(field)}": {"$nin" if truth else "$in": KINDS}}
        case Like(field, pattern):
            return _like(field, pattern, truth)
        case Compare(field, "=", value):
            return _equals(field, [value], truth)
        case Compare(field, op, value):
            return _order(field, op if truth else OPPOSITE[op], value)


def _joined(conditions: Sequence[Where], every: bool) -> Where:
    """Every one of the conditions, or some one of them; Chroma wants at least two."""
    if not conditions:
        return ALWAYS if every else NEVER
    return conditions[0] if len(conditions) == 1 else {"$and" if every else "$or": list(conditions)}


def _equals(field: str, values: Sequence[Scalar], truth: bool) -> Where:
    """The field equals one of the values, which are all of one kind; or certainly none of them."""
    of = kind(values[0])
    assert of is not None
    name = clean(field)
    if of == "text":
        return _text(name, [clean(str(value)) for value in values], truth)
    if of == "boolean":
        tests: list[Where] = [{f"b:{name}": {"$eq" if truth else "$ne": bool(value)}} for value in values]
    elif truth:
        tests = [_joined(_near(name, float(value)), True) for value in values]
    else:
        tests = [{f"n:{name}": {"$ne": _number(value)}} for value in values]
    return _joined(tests, False) if truth else _joined([{f"k:{name}": of}, *tests], True)


def _text(name: str, values: list[str], truth: bool) -> Where:
    contains, among = ("$contains", "$in") if truth else ("$not_contains", "$nin")
    if name == "id":
        groups = [values[at : at + MOST] for at in range(0, len(values), MOST)]
        return _joined([{DOCUMENT: {among: group}} for group in groups], not truth)
    tests: list[Where] = [
        {f"t:{name}": {among: values}},
        *({f"l:{name}": {contains: value}} for value in values),
    ]
    return _joined(tests, False) if truth else _joined([{f"k:{name}": "text"}, *tests], True)


def _near(name: str, value: float) -> list[Where]:
    least, most = wider(_number(value), -inf), wider(_number(value), inf)
    return [{f"n:{name}": {"$gte": _number(least)}}, {f"n:{name}": {"$lte": _number(most)}}]


def _order(field: str, op: Op, value: Scalar) -> Where:
    if isinstance(value, str):
        raise Unsupported(f"Chroma cannot order text: {field!r} {op} {value!r}; use =, IN or numbers")
    bound = _number(value)
    if not (float(f"{bound:.15g}") == bound and op in ("<", ">")):
        bound = _number(wider(bound, inf if op in ("<", "<=") else -inf))
    return {f"n:{clean(field)}": {ORDERS[op]: bound}}


def _like(field: str, pattern: str, truth: bool) -> Where:
    if pattern and not pattern.strip("%"):
        return {f"k:{clean(field)}": "text"} if truth else NEVER
    if "%" in pattern or "_" in pattern:
        raise Unsupported(f"Chroma has no LIKE {pattern!r} on metadata; use = or IN")
    return _equals(field, [pattern], truth)


def _number(value: Any) -> float:
    """Return a number as the float that is kept: JSON has nothing beyond."""
    return max(-float_info.max, min(float_info.max, number(value)))
