"""Filters for stores whose conditions are true or false, never unknown.

Each filter is translated twice: when it is certainly true, and when it is certainly false. NOT swaps the two, and
what is unknown (a condition on a field that is not there) is in neither, as in SQL.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import inf
from typing import Final, Generic, TypeVar

from citewell.errors import Unsupported
from citewell.filters import And, Compare, Filter, In, IsNull, Kind, Like, Not, Op, Or, Scalar, kind, number
from citewell.index.shape import wider

C = TypeVar("C")
KINDS: Final[tuple[Kind, ...]] = ("text", "number", "boolean")
_OPPOSITE: Final[dict[Op, Op]] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


class Twice(ABC, Generic[C]):
    """A translation into one store's conditions."""

    def __call__(self, where: Filter, truth: bool = True) -> C:
        """Return the condition under which a filter is certainly `truth`."""
        match where:
            case Not(part):
                return self(part, not truth)
            case And(parts):
                return self.joined([self(part, truth) for part in parts], truth)
            case Or(parts):
                return self.joined([self(part, truth) for part in parts], not truth)
            case In(field, values):
                groups = [some for of in KINDS if (some := [value for value in values if kind(value) == of])]
                return self.joined([self.equals(field, some, truth) for some in groups], not truth)
            case IsNull(field):
                return self.missing(field, truth)
            case Like(field, pattern):
                return self.like(field, pattern, truth)
            case Compare(field, "=", value):
                return self.equals(field, [value], truth)
            case Compare(field, op, value):
                return self.order(field, op, value, truth)

    @abstractmethod
    def joined(self, conditions: Sequence[C], every: bool) -> C:
        """Return that every one of the conditions holds, or some one; there may be none."""

    @abstractmethod
    def equals(self, field: str, values: Sequence[Scalar], truth: bool) -> C:
        """Return that the field equals one of the values, all of one kind; or certainly none of them."""

    @abstractmethod
    def missing(self, field: str, truth: bool) -> C:
        """Return that the field is not there; or that it is."""

    @abstractmethod
    def like(self, field: str, pattern: str, truth: bool) -> C:
        """Return that the field is like a pattern of SQL; or certainly not."""

    @abstractmethod
    def order(self, field: str, op: Op, value: Scalar, truth: bool) -> C:
        """Return that the field is less or more than a value; or certainly not."""


def compared(store: str, field: str, op: Op, value: Scalar, truth: bool) -> tuple[Op, float]:
    """Return what a field of numbers is compared by, and with. Unsupported for text."""
    if isinstance(value, str):
        raise Unsupported(f"{store} cannot order text: {field!r} {op} {value!r}; use =, IN or numbers")
    return op if truth else _OPPOSITE[op], number(value)


def loosened(op: Op, bound: float) -> float:
    """Return a bound for a store that reads numbers as JSON, which may round those of 16 or 17 digits.

    Such a one is let out by three units of the last place: search's check in the catalog removes a neighbour too many.
    """
    if op in ("<", ">") and float(f"{bound:.15g}") == bound:
        return bound
    return wider(bound, inf if op in ("<", "<=") else -inf)
