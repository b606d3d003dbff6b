"""Filters in SQL over `p.fields` (jsonb) and `p.document_id`: constant text, every name and value a bound parameter.

Each filter is translated twice, as for Qdrant: when it is certainly true, and when it is certainly false. So a
positive condition is a containment that the index on `fields` answers, and nothing is NULL in between. All of
SQL WHERE can be said. Numbers are kept as the float that they are compared as.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from citewell.filters import And, Compare, Filter, In, IsNull, Kind, Like, Not, Or, Scalar, kind, number
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
    return _certain(where, True)


def stored(fields: Fields) -> str:
    """Return metadata as the JSON that is kept: no empty values, numbers as floats."""
    pairs = [f"{_json(name)}: {_value(value)}" for name, value in fields.items() if value not in (None, ())]
    return f"{{{', '.join(pairs)}}}"


def clean(text: str) -> str:
    """Return a text as PostgreSQL can hold it: it has no character 0 and no half of a pair."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _certain(where: Filter, truth: bool) -> Condition:
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
            return f"(p.fields -> %s) IS {'' if truth else 'NOT '}NULL", [clean(field)]
        case Like(field, pattern):
            return _decided(field, "text", (LIKE, [clean(field), clean(pattern)]), truth)
        case Compare(field, "=", value):
            return _equals(field, [value], truth)
        case Compare(field, op, value):
            of = kind(value)
            assert of is not None
            bound = f'{{"v": {_json(value)}}}'
            return _decided(field, of, (ORDERED.format(op), [clean(field), bound]), truth)


def _joined(conditions: Sequence[Condition], every: bool) -> Condition:
    if not conditions:
        return ("TRUE", []) if every else NEVER
    text = (" AND " if every else " OR ").join(text for text, _ in conditions)
    return f"({text})", [value for _, values in conditions for value in values]


def _decided(field: str, of: Kind, test: Condition, truth: bool) -> Condition:
    """The test holds; or it does not, although there are values of its kind to test."""
    text, values = test
    return test if truth else (f"({TYPED.format(TYPES[of])} AND NOT {text})", [clean(field), *values])


def _equals(field: str, values: Sequence[Scalar], truth: bool) -> Condition:
    """The field equals one of the values, which are all of one kind; or certainly none of them."""
    of = kind(values[0])
    assert of is not None
    if field == "id" and of == "text":
        return f"({'' if truth else 'NOT '}p.document_id = ANY(%s))", [[clean(str(one)) for one in values]]
    name, written = _json(field), [_json(value) for value in values]
    lists = [f"{{{name}: [{one}]}}" for one in written] if of == "text" else []
    contained = [f"{{{name}: {one}}}" for one in written] + lists
    return _decided(field, of, ("(p.fields @> ANY(%s::jsonb[]))", [contained]), truth)


def _value(value: object) -> str:
    return f"[{', '.join(map(_json, value))}]" if isinstance(value, tuple | list) else _json(value)


def _json(value: Any) -> str:
    """Return one value as JSON. Beyond a float's range is 1e400, which jsonb can hold."""
    if kind(value) == "number":
        plain = number(value)
        return repr(plain) if abs(plain) != float("inf") else f"{'-' if plain < 0 else ''}1e400"
    return json.dumps(clean(value) if isinstance(value, str) else value, ensure_ascii=False)
