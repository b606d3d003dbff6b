"""Filters in Pinecone's terms. Metadata there is flat and without null, and what $ne says of a missing field is unsaid.

So each field is kept under the name of its kind (`t_` text, one or several, `n_` a number, `b_` a boolean), with the
letters of its name that a filter might take for something else as hexadecimal; `has` lists which there are. Each
filter is translated twice, as for Qdrant: when it is certainly true, and when certainly false. Only $eq, $ne, $in,
$nin, $gt to $lte, $and and $or are used, and negations only of fields that `has` says are there.
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
HAS: Final = "has"
"""Where a point lists its fields."""
SOMETHING: Final = "-"
"""What is always in that list, so that it is never empty."""
NEVER: Final[Where] = {HAS: {"$eq": "never"}}
ALWAYS: Final[Where] = {HAS: {"$eq": SOMETHING}}
KINDS: Final[tuple[Kind, ...]] = ("text", "number", "boolean")
ORDERS: Final[dict[Op, str]] = {"<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}
OPPOSITE: Final[dict[Op, Op]] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
MOST: Final = 10_000
"""Values in one condition: what Pinecone takes."""


def to_pinecone(where: Filter) -> Where:
    """Translate a filter. Unsupported for the order of text, and for LIKE with anything but the whole text."""
    return _certain(where, True)


def stored(fields: Fields) -> dict[str, Any]:
    """Return metadata as it is kept there."""
    found: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, tuple | list):
            if value:
                found[key(name, "text")] = [clean(one) for one in value]
        elif of := kind(value):
            found[key(name, of)] = clean(value) if isinstance(value, str) else _plain(value, of)
    return {**found, HAS: [SOMETHING, *found]}


def key(field: str, of: Kind) -> str:
    """Return the name that a field's values of a kind are kept under."""
    safe = "".join(one if one.isascii() and one.isalnum() else f"_{ord(one):x}_" for one in clean(field))
    return f"{of[0]}_{safe}"


def clean(text: str) -> str:
    """Return a text without halves of pairs, which no UTF-8 has."""
    return text.encode("utf-8", "replace").decode()


def _plain(value: Any, of: Kind) -> float | bool:
    """Return a number as the float that is kept: JSON has nothing beyond."""
    return bool(value) if of == "boolean" else _number(value)


def _number(value: Any) -> float:
    return max(-float_info.max, min(float_info.max, number(value)))


def _certain(where: Filter, truth: bool) -> Where:
    match where:
        case Not(part):
            return _certain(part, not truth)
        case And(parts):
            return _joined([_certain(part, truth) for part in parts], truth)
        case Or(parts):
            return _joined([_certain(part, truth) for part in parts], not truth)
        case In(field, values):
            groups = [some for of in KINDS if (some := [value for value in values if kind(value) == of])]
            return _joined([_equals(field, some, truth) for some in groups], not truth)
        case IsNull(field):
            return {HAS: {"$nin" if truth else "$in": [key(field, of) for of in KINDS]}}
        case Like(field, pattern):
            return _like(field, pattern, truth)
        case Compare(field, "=", value):
            return _equals(field, [value], truth)
        case Compare(field, op, value):
            return _order(field, op if truth else OPPOSITE[op], value)


def _joined(conditions: Sequence[Where], every: bool) -> Where:
    """Every one of the conditions, or some one of them."""
    if not conditions:
        return ALWAYS if every else NEVER
    return conditions[0] if len(conditions) == 1 else {"$and" if every else "$or": list(conditions)}


def _equals(field: str, values: Sequence[Scalar], truth: bool) -> Where:
    """The field equals one of the values, which are all of one kind; or certainly none of them."""
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
        tests = [_joined(_near(name, float(value)), True) for value in values]
    else:
        tests = [{name: {"$ne": _number(value)}} for value in values]
    return _joined(tests, False) if truth else _joined([_there(name), *tests], True)


def _there(name: str) -> Where:
    return {HAS: {"$eq": name}}


def _near(name: str, value: float) -> list[Where]:
    least, most = wider(_number(value), -inf), wider(_number(value), inf)
    return [{name: {"$gte": _number(least)}}, {name: {"$lte": _number(most)}}]


def _order(field: str, op: Op, value: Scalar) -> Where:
    if isinstance(value, str):
        raise Unsupported(f"Pinecone cannot order text: {field!r} {op} {value!r}; use =, IN or numbers")
    bound = _number(value)
    if not (float(f"{bound:.15g}") == bound and op in ("<", ">")):
        bound = _number(wider(bound, inf if op in ("<", "<=") else -inf))
    return {key(field, "number"): {ORDERS[op]: bound}}


def _like(field: str, pattern: str, truth: bool) -> Where:
    if pattern and not pattern.strip("%"):
        return _there(key(field, "text")) if truth else NEVER
    if "%" in pattern or "_" in pattern:
        raise Unsupported(f"Pinecone has no LIKE {pattern!r} on metadata; use = or IN")
    return _equals(field, [pattern], truth)
