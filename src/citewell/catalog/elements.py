"""The values of one field of a JSON object, as rows: a list's elements, or the one value, whatever the database.

SQLite's json_each yields a scalar as one row and a missing path as none, so lists are no special case; for
PostgreSQL, which has no such function, what is no list is made one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Float,
    Integer,
    Numeric,
    case,
    cast,
    collate,
    func,
    literal,
    text,
)
from sqlalchemy.sql.selectable import FromClause

from citewell.filters import Kind

LARGEST: Final = "1.7976931348623157e308"
"""The largest float. Numbers of JSON have no bounds in PostgreSQL; beyond this they compare as infinite."""


@dataclass(frozen=True)
class Rows:
    """The elements: where they come from, what JSON calls the kind of each, and its value as a kind of ours."""

    source: FromClause
    kind: ColumnElement[Any]
    kinds: Mapping[Kind, tuple[str, ...]]
    value: Callable[[Kind], ColumnElement[Any]]


class SqliteElements:
    """SQLite's JSON functions, over text."""

    kinds: Final[Mapping[Kind, tuple[str, ...]]] = {
        "text": ("text",),
        "number": ("integer", "real"),
        "boolean": ("true", "false"),
    }

    def of(self, column: ColumnElement[Any], field: str) -> Rows:
        """Return the values of a field."""
        return self._rows(func.json_each(column, f'$."{field}"'))

    def listed(self, array: str) -> Rows:
        """Return the elements of a JSON array that is one parameter."""
        return self._rows(func.json_each(array))

    def _rows(self, function: Any) -> Rows:
        each = function.table_valued("value", "type")
        # SQLite compares integers with floats exactly; filters compare both as floats.
        value = lambda of: cast(each.c.value, Float) if of == "number" else each.c.value  # noqa: E731
        return Rows(each, each.c.type, self.kinds, value)

    def true_of_any(self, test: ColumnElement[bool]) -> ColumnElement[bool]:
        """Say whether a test is true of any row; NULL where there is none."""
        return func.max(test, type_=Boolean())

    def like(self, value: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
        """LIKE as GLOB, which is case-sensitive whatever the connection's settings."""
        glob = re.sub(r"[*?\[]", r"[\g<0>]", pattern).replace("%", "*").replace("_", "?")
        return value.op("GLOB")(glob)


class PostgresElements:
    """PostgreSQL's JSON functions, over jsonb. Text compares by code point, whatever the database's language."""

    kinds: Final[Mapping[Kind, tuple[str, ...]]] = {
        "text": ("string",),
        "number": ("number",),
        "boolean": ("boolean",),
    }

    def of(self, column: ColumnElement[Any], field: str) -> Rows:
        """Return the values of a field."""
        found = column.op("->")(literal(field))
        return self._rows(
            case((func.jsonb_typeof(found) == "array", found), else_=func.jsonb_build_array(found))
        )

    def listed(self, array: str) -> Rows:
        """Return the elements of a JSON array that is one parameter."""
        return self._rows(literal(array).op("::")(text("jsonb")))

    def _rows(self, array: ColumnElement[Any]) -> Rows:
        each = func.jsonb_array_elements(array).table_valued("value")
        # Each element as text, without JSON's quotes.
        plain = each.c.value.op("#>>")(text("'{}'"))
        exact = cast(plain, Numeric)
        values: dict[Kind, ColumnElement[Any]] = {
            "text": collate(plain, "C"),
            "boolean": cast(cast(cast(plain, Boolean), Integer), Float(53)),
            "number": case(
                (exact > text(LARGEST), cast(literal("Infinity"), Float(53))),
                (exact < text(f"-{LARGEST}"), cast(literal("-Infinity"), Float(53))),
                else_=cast(exact, Float(53)),
            ),
        }
        return Rows(each, func.jsonb_typeof(each.c.value), self.kinds, values.__getitem__)

    def true_of_any(self, test: ColumnElement[bool]) -> ColumnElement[bool]:
        """Say whether a test is true of any row; NULL where there is none."""
        return func.bool_or(test, type_=Boolean())

    def like(self, value: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
        """LIKE without an escape: all but % and _ stands for itself."""
        return value.like(pattern, escape="")
