"""Filters in Weaviate's terms: a typed property for each field and kind, and one that lists which fields there are.

Text is `text[]` that is compared whole (tokenization `field`), numbers are `number`, TRUE and FALSE `boolean`. Weaviate
trims what it compares whole, and an empty text is nothing to it: such values are kept in quotes, as are those that
begin with a quote. Each filter is translated twice, as for Qdrant: when it is certainly true, and when certainly
false; only Equal, ContainsAny, the orders of numbers, And, Or and Not are used, and Not only of conditions on fields
that `has` says are there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from sys import float_info
from typing import Any, Final

from weaviate.classes.query import Filter as Weaviate
from weaviate.collections.classes.filters import FilterReturn

from citewell.errors import Unsupported
from citewell.filters import And, Compare, Filter, In, IsNull, Kind, Like, Not, Op, Or, Scalar, kind, number
from citewell.model import Fields

HAS: Final = "has"
"""Where a point lists its fields."""
SOMETHING: Final = "-"
"""What is always in that list."""
NEVER: Final = "never"
KINDS: Final[tuple[Kind, ...]] = ("text", "number", "boolean")
OPPOSITE: Final[dict[Op, Op]] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def to_weaviate(where: Filter, known: Collection[str]) -> FilterReturn:
    """Translate a filter, for a collection of these properties: a condition on another is never true.

    Unsupported for the order of text, and for LIKE with anything but the whole text.
    """
    return Translation(known).certain(where, True)


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
    found: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, tuple | list):
            if value:
                found[key(name, "text")] = [plain(one) for one in value]
        elif of := kind(value):
            found[key(name, of)] = _value(value, of)
    return {**found, HAS: [SOMETHING, *found]}


def key(field: str, of: Kind) -> str:
    """Return the property of a field's values of a kind: GraphQL's letters only, the others as hexadecimal."""
    safe = "".join(one if one.isascii() and one.isalnum() else f"_{ord(one):x}_" for one in clean(field))
    return f"{of[0]}_{safe}"


def clean(text: str) -> str:
    """Return a text without halves of pairs, which no UTF-8 has."""
    return text.encode("utf-8", "replace").decode()


def plain(text: str) -> str:
    """Return a text that stays what it is: in quotes if Weaviate would trim it, or take it for nothing."""
    text = clean(text)
    return text if text and text.strip() == text and text[0] != '"' else f'"{text}"'


def _value(value: Any, of: Kind) -> Any:
    if of == "text":
        return [plain(value)]
    return bool(value) if of == "boolean" else _number(value)


def _number(value: Any) -> float:
    return max(-float_info.max, min(float_info.max, number(value)))


@dataclass(frozen=True)
class Translation:
    """Filters for a collection of known properties."""

    known: Collection[str]

    def certain(self, where: Filter, truth: bool) -> FilterReturn:
        """Return the condition under which a filter is certainly `truth`."""
        match where:
            case Not(part):
                return self.certain(part, not truth)
            case And(parts):
                return _joined([self.certain(part, truth) for part in parts], truth)
            case Or(parts):
                return _joined([self.certain(part, truth) for part in parts], not truth)
            case In(field, values):
                groups = [some for of in KINDS if (some := [value for value in values if kind(value) == of])]
                return _joined([self._equals(field, some, truth) for some in groups], not truth)
            case IsNull(field):
                there = _has([key(field, of) for of in KINDS])
                return Weaviate.not_(there) if truth else there
            case Like(field, pattern):
                return self._like(field, pattern, truth)
            case Compare(field, "=", value):
                return self._equals(field, [value], truth)
            case Compare(field, op, value):
                return self._order(field, op if truth else OPPOSITE[op], value)

    def _equals(self, field: str, values: Sequence[Scalar], truth: bool) -> FilterReturn:
        """The field equals one of the values, which are all of one kind; or certainly none of them."""
        of = kind(values[0])
        assert of is not None
        name = key(field, of)
        if name not in self.known:
            return _has([NEVER])
        if of == "text":
            found = Weaviate.by_property(name).contains_any([plain(str(value)) for value in values])
        else:
            found = _joined([Weaviate.by_property(name).equal(_value(value, of)) for value in values], False)
        return found if truth else Weaviate.all_of([_has([name]), Weaviate.not_(found)])

    def _order(self, field: str, op: Op, value: Scalar) -> FilterReturn:
        if isinstance(value, str):
            raise Unsupported(f"Weaviate cannot order text: {field!r} {op} {value!r}; use =, IN or numbers")
        name, bound = key(field, "number"), _number(value)
        if name not in self.known:
            return _has([NEVER])
        there = Weaviate.by_property(name)
        if op in ("<", "<="):
            return there.less_than(bound) if op == "<" else there.less_or_equal(bound)
        return there.greater_than(bound) if op == ">" else there.greater_or_equal(bound)

    def _like(self, field: str, pattern: str, truth: bool) -> FilterReturn:
        if pattern and not pattern.strip("%"):
            return _has([key(field, "text") if truth else NEVER])
        if "%" in pattern or "_" in pattern:
            # Its own Like has wildcards that cannot be written as themselves.
            raise Unsupported(f"Weaviate has no LIKE {pattern!r} on metadata; use = or IN")
        return self._equals(field, [pattern], truth)


def _joined(conditions: Sequence[FilterReturn], every: bool) -> FilterReturn:
    """Every one of the conditions, or some one of them."""
    if not conditions:
        return _has([SOMETHING if every else NEVER])
    return Weaviate.all_of(list(conditions)) if every else Weaviate.any_of(list(conditions))


def _has(names: list[str]) -> FilterReturn:
    return Weaviate.by_property(HAS).contains_any(names)
