"""Filters in Qdrant's terms, for payloads {"f": {field: value}}.

Qdrant's conditions are true or false, never unknown. So each filter is translated twice: when it is
certainly true, and when it is certainly false; NOT swaps the two, and what is unknown is in neither.
No `MatchExcept`: its answer for values of another type depends on which payload index exists.

Qdrant Edge reads payloads through a JSON parser that rounds floats of 16 or 17 digits to a neighbour (about
one in ten, by one or two units in the last place). So = allows for three units, and so do bounds of that
many digits: with them the answer may hold a neighbour too many, which search's check in the catalog removes.
What can be missed are the nearest neighbours of a number in !=, and of a bound of up to 15 digits in < or >.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf, nextafter
from typing import Any, Final, cast

import numpy as np
import qdrant_edge as edge

from citewell.errors import Unsupported
from citewell.filters import And, Compare, Filter, In, IsNull, Kind, Like, Not, Op, Or, Scalar, kind, number

NEVER: Final = edge.Filter(must_not=[edge.Filter()])
OPPOSITE: Final[dict[Op, Op]] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
BOUNDS: Final[dict[Op, str]] = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}


def to_qdrant(filter: Filter) -> edge.Filter:
    """Translate a filter. Unsupported for text with <, <=, >, >=, and for LIKE but 'p%', '%p%' and 'p'."""
    return _certain(filter, True)


def payload_path(field: str) -> str:
    """Return the payload key of a metadata field. Unsupported for a name that Qdrant cannot quote."""
    if not field or any(character in '"\\' or character < " " for character in field):
        raise Unsupported(f"Qdrant cannot filter by a field named {field!r}; rename the field")
    return f'f."{field}"'


def _certain(filter: Filter, truth: bool) -> edge.Filter:
    """Return the condition under which a filter is certainly `truth`."""
    match filter:
        case Not(part):
            return _certain(part, not truth)
        case And(parts):
            return _all([_certain(part, truth) for part in parts], truth)
        case Or(parts):
            return _all([_certain(part, truth) for part in parts], not truth)
        case In(field, values):
            return _all([_equals(field, some, truth) for some in _groups(values)], not truth)
        case IsNull(field):
            empty = edge.IsEmptyCondition(payload_path(field))
            return edge.Filter(must=[empty]) if truth else edge.Filter(must_not=[empty])
        case Like(field, pattern):
            return _decided(field, [_match(field, _pattern(pattern))], "text", truth)
        case Compare(field, "=", value):
            return _equals(field, [value], truth)
        case Compare(field, op, value):
            return edge.Filter(must=[_order(field, op if truth else OPPOSITE[op], value)])


def _all(conditions: list[Any], every: bool) -> edge.Filter:
    """Every one of the conditions, or some one of them; Qdrant takes an empty `should` for true."""
    if every:
        return edge.Filter(must=conditions)
    return edge.Filter(should=conditions) if conditions else NEVER


def _decided(field: str, tests: list[Any], of: Kind | None, truth: bool) -> edge.Filter:
    """Some test holds; or none does although there are values of the right kind to test."""
    if truth:
        return edge.Filter(should=tests)
    return edge.Filter(must=[_is(field, of)], must_not=tests)


def _is(field: str, of: Kind | None) -> edge.Filter:
    """The field has a value of this kind."""
    if of == "text":
        return edge.Filter(must=[_match(field, edge.MatchPrefix(""))])
    if of == "number":
        return edge.Filter(must=[_range(field, gte=-inf)])
    return edge.Filter(should=[_match_boolean(field, True), _match_boolean(field, False)])


def _groups(values: Sequence[Scalar]) -> Iterator[list[Scalar]]:
    """Split values by kind."""
    for of in ("text", "number", "boolean"):
        if group := [value for value in values if kind(value) == of]:
            yield group


def _equals(field: str, values: Sequence[Scalar], truth: bool) -> edge.Filter:
    """The field equals one of the values, which are all of one kind; or certainly none of them."""
    of = kind(values[0])
    if of == "text":
        tests = [_match(field, edge.MatchAny(cast(list[str], list(values))))]
    elif of == "boolean":
        tests = [_match_boolean(field, bool(value)) for value in values]
    else:
        tests = [_match_number(field, number(cast(float, value)), wide=truth) for value in values]
    return _decided(field, tests, of, truth)


def _match_boolean(field: str, value: bool) -> edge.FieldCondition:
    # The binding takes Python's bool for the integers 0 and 1, but numpy's for what it is.
    return _match(field, edge.MatchValue(cast(bool, np.bool_(value))))


def _match_number(field: str, value: float, wide: bool) -> edge.FieldCondition:
    if wide:
        return _range(field, gte=_wider(value, -inf), lte=_wider(value, inf))
    return _range(field, gte=value, lte=value)


def _order(field: str, op: Op, value: Scalar) -> edge.FieldCondition:
    if isinstance(value, str):
        raise Unsupported(f"Qdrant cannot order text: {field!r} {op} {value!r}; use =, IN or numbers")
    bound = number(value)
    short = float(f"{bound:.15g}") == bound
    if not (short and op in ("<", ">")):
        bound = _wider(bound, inf if op in ("<", "<=") else -inf)
    return _range(field, **{BOUNDS[op]: bound})


def _wider(value: float, towards: float) -> float:
    for _ in range(3):
        value = nextafter(value, towards)
    return value


def _pattern(pattern: str) -> Any:
    inner = pattern.strip("%")
    if "%" not in inner and "_" not in inner:
        if pattern == inner:
            return edge.MatchValue(pattern)
        if pattern.startswith("%") and pattern.endswith("%"):
            return edge.MatchSubstring(inner)
        if pattern.endswith("%"):
            return edge.MatchPrefix(inner)
    raise Unsupported(f"Qdrant has no LIKE {pattern!r}; 'p%', '%p%' and 'p' are what it can do")


def _match(field: str, match: Any) -> edge.FieldCondition:
    return edge.FieldCondition(payload_path(field), match=match)


def _range(field: str, **bounds: float) -> edge.FieldCondition:
    return edge.FieldCondition(payload_path(field), range=edge.RangeFloat(**bounds))
