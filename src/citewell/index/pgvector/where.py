"""Filters in SQL over `p.fields` (jsonb) and `p.document_id`: constant text, every name and value a bound parameter.

Translated twice (see twice.py), a positive condition is a containment that the index on `fields` answers, and nothing
is NULL in between. All of SQL WHERE can be said. Numbers are kept as the float that they are compared as.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from citewell.filters import Filter, Kind, Op, Scalar, kind, number
from citewell.index.twice import Twice
from citewell.model import Fields

Condition = tuple[str, list[Any]]
"""SQL text with %s, and its parameters in order."""

TYPES: Final[dict[Kind, str]] = {"text": "string", "number": "number", "boolean": "boolean"}
TYPED: Final = "jsonb_path_exists(p.fields -> %s, '$[*] ? (@.type() == \"{}\")')"
ORDERED: Final = "jsonb_path_exists(p.fields -> %s, '$[*] ? (@ {} $v)', %s::jsonb)"
LIKE: Final = (
    "EXISTS (SELECT 1 FROM jsonb_path_query(p.fields -> %s, '$[*] ? (@.type() == \"string\")') AS v(one) "
    "WHERE v.one #>> '{}' LIKE %s ESCAPE '')"
)
NEVER: Final[Condition] = ("FALSE", [])


def to_sql(where: Filter) -> Condition:
    """Return the condition under which a filter is true."""
    return _Translation()(where)


def stored(fields: Fields) -> str:
    """Return metadata as the JSON that is kept: no empty values, numbers as floats."""
    pairs = [f"{_json(name)}: {_value(value)}" for name, value in fields.items() if value not in (None, ())]
    return f"{{{', '.join(pairs)}}}"


def clean(text: str) -> str:
    """Return a text as PostgreSQL can hold it: it has no character 0 and no half of a pair."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


class _Translation(Twice[Condition]):
    def joined(self, conditions: Sequence[Condition], every: bool) -> Condition:
        if not conditions:
            return ("TRUE", []) if every else NEVER
        text = (" AND " if every else " OR ").join(text for text, _ in conditions)
        return f"({text})", [value for _, values in conditions for value in values]

    def equals(self, field: str, values: Sequence[Scalar], truth: bool) -> Condition:
        of = kind(values[0])
        assert of is not None
        if field == "id" and of == "text":
            texts = [clean(str(one)) for one in values]
            return f"({'' if truth else 'NOT '}p.document_id = ANY(%s))", [texts]
        name, written = _json(field), [_json(value) for value in values]
        lists = [f"{{{name}: [{one}]}}" for one in written] if of == "text" else []
        contained = [f"{{{name}: {one}}}" for one in written] + lists
        return _decided(field, of, ("(p.fields @> ANY(%s::jsonb[]))", [contained]), truth)

    def missing(self, field: str, truth: bool) -> Condition:
        return f"(p.fields -> %s) IS {'' if truth else 'NOT '}NULL", [clean(field)]

    def like(self, field: str, pattern: str, truth: bool) -> Condition:
        return _decided(field, "text", (LIKE, [clean(field), clean(pattern)]), truth)

    def order(self, field: str, op: Op, value: Scalar, truth: bool) -> Condition:
        of = kind(value)
        assert of is not None
        bound = f'{{"v": {_json(value)}}}'
        return _decided(field, of, (ORDERED.format(op), [clean(field), bound]), truth)


def _decided(field: str, of: Kind, test: Condition, truth: bool) -> Condition:
    """The test holds; or it does not, although there are values of its kind to test."""
    text, values = test
    return test if truth else (f"({TYPED.format(TYPES[of])} AND NOT {text})", [clean(field), *values])


def _value(value: object) -> str:
    return f"[{', '.join(map(_json, value))}]" if isinstance(value, tuple | list) else _json(value)


def _json(value: Any) -> str:
    """Return one value as JSON. Beyond a float's range is 1e400, which jsonb can hold."""
    if kind(value) == "number":
        plain = number(value)
        return repr(plain) if abs(plain) != float("inf") else f"{'-' if plain < 0 else ''}1e400"
    return json.dumps(clean(value) if isinstance(value, str) else value, ensure_ascii=False)
