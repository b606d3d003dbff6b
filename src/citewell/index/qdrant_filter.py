"""Filters in Qdrant's terms, for payloads {"f": {field: value}}: the same for the shard and for a server.

Translated twice (see twice.py). No `MatchExcept`: its answer for values of another type depends on which payload
index exists.

Qdrant Edge reads payloads through a JSON parser that rounds floats of 16 or 17 digits to a neighbour (about
one in ten, by one or two units in the last place). So = allows for three units, and so do bounds of that
many digits: with them the answer may hold a neighbour too many, which search's check in the catalog removes.
What can be missed are the nearest neighbours of a number in !=, and of a bound of up to 15 digits in < or >.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Final, cast

import numpy as np
import qdrant_edge as edge

from citewell.errors import Unsupported
from citewell.filters import Filter, Kind, Op, Scalar, kind, number
from citewell.index.shape import wider
from citewell.index.twice import Twice, compared, loosened

BOUNDS: Final[dict[Op, str]] = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}


@dataclass(frozen=True)
class Terms:
    """What makes the parts of a filter: the shard's classes, or the client's."""

    filter: Callable[..., Any]
    empty: Callable[[str], Any]
    match: Callable[[str, Any], Any]
    range: Callable[[str, dict[str, float]], Any]
    any: Callable[[list[str]], Any]
    text: Callable[[str], Any]
    boolean: Callable[[bool], Any]
    prefix: Callable[[str], Any]
    substring: Callable[[str], Any]


EDGE: Final = Terms(
    filter=edge.Filter,
    empty=edge.IsEmptyCondition,
    match=lambda path, match: edge.FieldCondition(path, match=match),
    range=lambda path, bounds: edge.FieldCondition(path, range=edge.RangeFloat(**bounds)),
    any=lambda values: edge.MatchAny(values),
    text=lambda value: edge.MatchValue(value),
    # The binding takes Python's bool for the integers 0 and 1, but numpy's for what it is.
    boolean=lambda value: edge.MatchValue(cast(bool, np.bool_(value))),
    prefix=lambda value: edge.MatchPrefix(value),
    substring=lambda value: edge.MatchSubstring(value),
)


def to_qdrant(filter: Filter) -> edge.Filter:
    """Translate a filter for the shard. Unsupported for the order of text, and for LIKE but 'p%', '%p%' and 'p'."""
    return cast(edge.Filter, Translation(EDGE)(filter))


def payload_path(field: str) -> str:
    """Return the payload key of a metadata field. Unsupported for a name that Qdrant cannot quote."""
    if not field or any(character in '"\\' or character < " " for character in field):
        raise Unsupported(f"Qdrant cannot filter by a field named {field!r}; rename the field")
    return f'f."{field}"'


@dataclass(frozen=True)
class Translation(Twice[Any]):
    """Filters in the given terms."""

    terms: Terms

    def joined(self, conditions: Sequence[Any], every: bool) -> Any:
        """Return that every one of the conditions holds, or some one; Qdrant takes an empty `should` for true."""
        if every:
            return self.terms.filter(must=list(conditions))
        never = self.terms.filter(must_not=[self.terms.filter()])
        return self.terms.filter(should=list(conditions)) if conditions else never

    def missing(self, field: str, truth: bool) -> Any:
        """Return that the field is not there; or that it is."""
        empty = self.terms.empty(payload_path(field))
        return self.terms.filter(must=[empty]) if truth else self.terms.filter(must_not=[empty])

    def like(self, field: str, pattern: str, truth: bool) -> Any:
        """Unsupported for LIKE but 'p%', '%p%' and 'p'."""
        return self._decided(field, [self._match(field, self._pattern(pattern))], "text", truth)

    def order(self, field: str, op: Op, value: Scalar, truth: bool) -> Any:
        """Unsupported for the order of text."""
        by, bound = compared("Qdrant", field, op, value, truth)
        return self.terms.filter(must=[self._range(field, **{BOUNDS[by]: loosened(by, bound)})])

    def _decided(self, field: str, tests: list[Any], of: Kind | None, truth: bool) -> Any:
        """Some test holds; or none does although there are values of the right kind to test."""
        if truth:
            return self.terms.filter(should=tests)
        return self.terms.filter(must=[self._is(field, of)], must_not=tests)

    def _is(self, field: str, of: Kind | None) -> Any:
        """The field has a value of this kind."""
        if of == "text":
            return self.terms.filter(must=[self._match(field, self.terms.prefix(""))])
        if of == "number":
            return self.terms.filter(must=[self._range(field, gte=-inf)])
        return self.terms.filter(should=[self._boolean(field, True), self._boolean(field, False)])

    def equals(self, field: str, values: Sequence[Scalar], truth: bool) -> Any:
        """Return that the field equals one of the values, all of one kind; or certainly none of them."""
        of = kind(values[0])
        if of == "text":
            tests = [self._match(field, self.terms.any(cast(list[str], list(values))))]
        elif of == "boolean":
            tests = [self._boolean(field, bool(value)) for value in values]
        else:
            tests = [self._number(field, number(cast(float, value)), wide=truth) for value in values]
        return self._decided(field, tests, of, truth)

    def _boolean(self, field: str, value: bool) -> Any:
        return self._match(field, self.terms.boolean(value))

    def _number(self, field: str, value: float, wide: bool) -> Any:
        if wide:
            return self._range(field, gte=wider(value, -inf), lte=wider(value, inf))
        return self._range(field, gte=value, lte=value)

    def _pattern(self, pattern: str) -> Any:
        inner = pattern.strip("%")
        if "%" not in inner and "_" not in inner:
            if pattern == inner:
                return self.terms.text(pattern)
            if pattern.startswith("%") and pattern.endswith("%"):
                return self.terms.substring(inner)
            if pattern.endswith("%"):
                return self.terms.prefix(inner)
        raise Unsupported(f"Qdrant has no LIKE {pattern!r}; 'p%', '%p%' and 'p' are what it can do")

    def _match(self, field: str, match: Any) -> Any:
        return self.terms.match(payload_path(field), match)

    def _range(self, field: str, **bounds: float) -> Any:
        return self.terms.range(payload_path(field), bounds)
