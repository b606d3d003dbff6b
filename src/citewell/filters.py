"""What `where` means: SQL WHERE text -> a small tree, and `matches`, which defines it.

Three-valued logic as in SQL: a missing field is NULL, and a comparison with NULL, or between different
types, is unknown; only what is true matches. Integers and floats compare as 64-bit floats, booleans only
with booleans and only by = and !=, text by code point (so ISO 8601 dates in UTC sort rightly:
`updated >= '2024-01-05'` includes every time on that day). LIKE is case-sensitive; % is any text, _ any one
character, everything else itself. On a field with several values, a comparison is true when it is of any
value; `'x' = ANY(field)` says the same as `field = 'x'`. `!=` is NOT `=`: no value is equal. A field with no
values is NULL. Names of fields are case-sensitive; an odd one goes in double quotes.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from citewell.errors import BadInput

if TYPE_CHECKING:
    from citewell.model import Fields

Scalar: TypeAlias = str | int | float | bool
Kind: TypeAlias = Literal["text", "number", "boolean"]
Op: TypeAlias = Literal["=", "<", "<=", ">", ">="]

LONGEST: Final = 4000
DEEPEST: Final = 40
MOST_VALUES: Final = 1000
COMPARE: Final[dict[Op, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Compare:
    """`field op value`; `!=` is Not of `=`. TRUE and FALSE have no order: BadInput."""

    field: str
    op: Op
    value: Scalar

    def __post_init__(self) -> None:
        if isinstance(self.value, bool) and self.op != "=":
            raise BadInput(f"{self.field!r} {self.op} {self.value!r}: use = or != with TRUE and FALSE")


@dataclass(frozen=True, slots=True)
class In:
    """`field IN (values)`; with no values it is false."""

    field: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Like:
    """`field LIKE pattern`."""

    field: str
    pattern: str


@dataclass(frozen=True, slots=True)
class IsNull:
    """`field IS NULL`."""

    field: str


@dataclass(frozen=True, slots=True)
class And:
    """All of the parts."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of the parts."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; unknown stays unknown."""

    part: Filter


Filter: TypeAlias = Compare | In | Like | IsNull | And | Or | Not


def parse(text: str) -> Filter:
    """Parse SQL WHERE text: at most 4000 characters, 40 levels, 1000 values in a list.

    Knows =, !=, <>, <, <=, >, >=, [NOT] IN (...), [NOT] BETWEEN, [NOT] LIKE, IS [NOT] NULL,
    value = ANY(field), AND, OR, NOT and parentheses, with 'text', numbers, TRUE and FALSE as values.
    BadInput for everything else; it quotes the text and points at the character that is wrong.
    """
    from citewell import where

    return where.read(text)


def matches(fields: Fields, where: Filter) -> bool:
    """Say whether metadata satisfies a filter: this is what every store must agree with."""
    return _truth(fields, where) is True


def names(where: Filter) -> set[str]:
    """Return the names of the fields that a filter speaks of."""
    match where:
        case And(parts) | Or(parts):
            return {name for part in parts for name in names(part)}
        case Not(part):
            return names(part)
        case _:
            return {where.field}


def kind(value: object) -> Kind | None:
    """Return the type that a value is compared as, None for NULL."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "text" if isinstance(value, str) else None


def number(value: float) -> float:
    """Return a number or boolean as the float that stores compare, infinite beyond a float's range."""
    try:
        return float(value)
    except OverflowError:
        return inf if value > 0 else -inf


def _truth(fields: Fields, where: Filter) -> bool | None:
    match where:
        case Compare(name, op, value):
            return _any(fields.get(name), kind(value), lambda found: _compare(found, op, value))
        case In(name, values):
            return _or(_truth(fields, Compare(name, "=", value)) for value in values)
        case Like(name, pattern):
            return _any(fields.get(name), "text", like(pattern))
        case IsNull(name):
            return fields.get(name) in (None, ())
        case And(parts):
            return _not(_or(_not(_truth(fields, part)) for part in parts))
        case Or(parts):
            return _or(_truth(fields, part) for part in parts)
        case Not(part):
            return _not(_truth(fields, part))


def _any(found: Any, of: Kind | None, test: Callable[[Any], bool]) -> bool | None:
    """Test the values of one kind; without one, the answer is unknown."""
    values = found if isinstance(found, tuple | list) else (found,)
    comparable = [one for one in values if kind(one) == of]
    return any(test(one) for one in comparable) if comparable else None


def _compare(found: Any, op: Op, value: Any) -> bool:
    left, right = (found, value) if isinstance(value, str) else (number(found), number(value))
    return bool(COMPARE[op](left, right))


def like(pattern: str) -> Callable[[str], bool]:
    """Return a test for a LIKE pattern; its time is at most length of text times length of pattern."""
    expression, *rest = (re.escape(run).replace("_", ".") for run in pattern.split("%"))
    if rest:
        # The leftmost place for a run is always good enough, so nothing is ever tried twice.
        expression += "".join(f"(?>.*?{run})" for run in rest[:-1] if run) + ".*" + rest[-1]
    compiled = re.compile(expression, re.DOTALL)
    return lambda text: compiled.fullmatch(text) is not None


def _not(truth: bool | None) -> bool | None:
    return None if truth is None else not truth


def _or(truths: Iterable[bool | None]) -> bool | None:
    result: bool | None = False
    for truth in truths:
        if truth is True:
            return True
        if truth is None:
            result = None
    return result
