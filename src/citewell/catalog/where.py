"""Filters in SQL, over a column that holds a JSON object of fields: text in SQLite, jsonb in PostgreSQL."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any
from typing import cast as typed

from sqlalchemy import ColumnElement, and_, exists, false, literal, not_, or_, select, true

from citewell.catalog.elements import PostgresElements, SqliteElements
from citewell.errors import BadInput
from citewell.filters import (
    COMPARE,
    And,
    Compare,
    Filter,
    In,
    IsNull,
    Kind,
    Like,
    Not,
    Or,
    Scalar,
    kind,
    number,
)

KINDS: tuple[Kind, ...] = ("text", "number", "boolean")
Test = Callable[[ColumnElement[Any]], ColumnElement[bool]]
Elements = SqliteElements | PostgresElements


def to_sql(filter: Filter, column: ColumnElement[Any], *, postgres: bool = False) -> ColumnElement[bool]:
    """Return a condition that is true, false or NULL exactly as `filters` defines it.

    `column` holds JSON, in SQLite written without ASCII escapes (`ensure_ascii=False`). Every name and value is a
    bound parameter. BadInput for a field whose name a JSON path cannot hold.
    """
    return _Where(column, PostgresElements() if postgres else SqliteElements())(filter)


class _Where:
    def __init__(self, column: ColumnElement[Any], elements: Elements) -> None:
        self._column, self._elements = column, elements

    def __call__(self, filter: Filter) -> ColumnElement[bool]:
        match filter:
            case Not(part):
                return not_(self(part))
            case And(parts):
                return and_(true(), *(self(part) for part in parts))
            case Or(parts):
                return or_(false(), *(self(part) for part in parts))
            case In(field, values):
                return or_(false(), *(self._in(field, of, values) for of in KINDS if _of(values, of)))
            case IsNull(field):
                one = self._elements.of(self._column, _name(field))
                return ~exists(select(1).select_from(one.source).where(one.kind != "null"))
            case Like(field, pattern):
                return self._any(field, "text", lambda value: self._elements.like(value, pattern))
            case Compare(field, op, value):
                return self._any(field, _kind(value), lambda one: _compared(COMPARE[op], one, value))

    def _any(self, field: str, of: Kind, test: Test) -> ColumnElement[bool]:
        """Test the elements of one kind. An aggregate of no rows is NULL: nothing to compare is unknown."""
        one = self._elements.of(self._column, _name(field))
        query = select(self._elements.true_of_any(test(one.value(of))))
        return query.where(one.kind.in_(one.kinds[of])).scalar_subquery()

    def _in(self, field: str, of: Kind, values: Sequence[Scalar]) -> ColumnElement[bool]:
        # One parameter however long the list: SQLite limits their number.
        listed = self._elements.listed(json.dumps(_of(values, of), ensure_ascii=False))
        query = select(listed.value("number" if of == "boolean" else of))
        return self._any(field, of, lambda element: element.in_(query))


def _name(field: str) -> str:
    if not field or re.search(r'[\x00-\x1f"\\]', field):
        raise BadInput(f"a field's name is not empty and has no \", \\ or control character: {field!r}")
    return field


def _kind(value: Scalar) -> Kind:
    of = kind(value)
    assert of is not None
    return of


def _compared(compare: Any, element: ColumnElement[Any], value: Scalar) -> ColumnElement[bool]:
    return typed(ColumnElement[bool], compare(element, literal(_plain(value))))


def _of(values: Sequence[Scalar], of: Kind) -> list[Any]:
    return [_plain(value) for value in values if kind(value) == of]


def _plain(value: Scalar) -> str | float:
    return value if isinstance(value, str) else number(value)
