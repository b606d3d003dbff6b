"""Filters in Weaviate's terms: a typed property for each field and kind, and one that lists which fields there are.

Text is `text[]` that is compared whole (tokenization `field`), numbers are `number`, TRUE and FALSE `boolean`. Weaviate
trims what it compares whole, and an empty text is nothing to it: such values are kept in quotes, as are those that
begin with a quote. Only Equal, ContainsAny, the orders of numbers, And, Or and Not are used, and Not only of
conditions on fields that `has` says are there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from weaviate.classes.query import Filter as Weaviate
from weaviate.collections.classes.filters import FilterReturn

from citewell.filters import And, Compare, Filter, In, IsNull, Like, Not, Op, Or, Scalar, kind
from citewell.index.flat import HAS, NEVER, SOMETHING, Flat, clean, finite, kept, key, plain
from citewell.index.twice import KINDS, compared
from citewell.model import Fields


def to_weaviate(where: Filter, known: Collection[str]) -> FilterReturn:
    """Translate a filter, for a collection of these properties: a condition on another is never true.

    Unsupported for the order of text, and for LIKE with anything but the whole text.
    """
    return _Translation(known)(where)


def kept_in(where: Filter) -> set[str]:
    """Return the properties that a filter speaks of."""
    match where:
        case And(parts) | Or(parts):
            return {name for part in parts for name in kept_in(part)}
        case Not(part):
            return kept_in(part)
        case In(field, values):
            return {key(field, of) for value in values if (of := kind(value))}
        case Compare(field, _, value):
            return {key(field, kind(value) or "text")}
        case Like(field, _):
            return {key(field, "text")}
        case IsNull():
            return set()


def stored(fields: Fields) -> dict[str, Any]:
    """Return metadata as it is kept there."""
    return kept(fields, whole, lambda text: [whole(text)])


def whole(text: str) -> str:
    """Return a text that stays what it is: in quotes if Weaviate would trim it, or take it for nothing."""
    text = clean(text)
    return text if text and text.strip() == text and text[0] != '"' else f'"{text}"'


class _Translation(Flat[FilterReturn]):
    store = "Weaviate"

    def __init__(self, known: Collection[str]) -> None:
        self._known = known

    def joined(self, conditions: Sequence[FilterReturn], every: bool) -> FilterReturn:
        if not conditions:
            return _has(SOMETHING if every else NEVER)
        return Weaviate.all_of(list(conditions)) if every else Weaviate.any_of(list(conditions))

    def equals(self, field: str, values: Sequence[Scalar], truth: bool) -> FilterReturn:
        of = kind(values[0])
        assert of is not None
        name = key(field, of)
        if name not in self._known:
            return self.never()
        there = Weaviate.by_property(name)
        if of == "text":
            found = there.contains_any([whole(str(value)) for value in values])
        else:
            found = self.joined([there.equal(plain(value, of)) for value in values], False)
        return found if truth else Weaviate.all_of([_has(name), Weaviate.not_(found)])

    def missing(self, field: str, truth: bool) -> FilterReturn:
        there = _has(*(key(field, of) for of in KINDS))
        return Weaviate.not_(there) if truth else there

    def order(self, field: str, op: Op, value: Scalar, truth: bool) -> FilterReturn:
        by, bound = compared(self.store, field, op, value, truth)
        name = key(field, "number")
        if name not in self._known:
            return self.never()
        there = Weaviate.by_property(name)
        if by in ("<", "<="):
            return there.less_than(finite(bound)) if by == "<" else there.less_or_equal(finite(bound))
        return there.greater_than(finite(bound)) if by == ">" else there.greater_or_equal(finite(bound))

    def is_text(self, field: str) -> FilterReturn:
        return _has(key(field, "text"))

    def never(self) -> FilterReturn:
        return _has(NEVER)


def _has(*names: str) -> FilterReturn:
    return Weaviate.by_property(HAS).contains_any(list(names))
