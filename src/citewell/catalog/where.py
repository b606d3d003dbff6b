"""Filters in SQL, over a text column that holds a JSON object of fields."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, Final
from typing import cast as typed

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Float,
    and_,
    cast,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.sql.selectable import TableValuedAlias

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

TYPES: Final[dict[Kind, tuple[str, ...]]] = {
    "text": ("text",),
    "number": ("integer", "real"),
    "boolean": ("true", "false"),
}
Test = Callable[[ColumnElement[Any]], ColumnElement[bool]]


def to_sql(filter: Filter, column: ColumnElement[str]) -> ColumnElement[bool]:
    """Return a condition for SQLite that is true, false or NULL exactly as `filters` defines it.

    `column` holds JSON written without ASCII escapes (`ensure_ascii=False`). Every name and value is a bound
    parameter. BadInput for a field whose name a JSON path cannot hold.
    """
    match filter:
        case Not(part):
            return not_(to_sql(part, column))
        case And(parts):
            return and_(true(), *(to_sql(part, column) for part in parts))
        case Or(parts):
            return or_(false(), *(to_sql(part, column) for part in parts))
        case In(field, values):
            return or_(false(), *(_in(column, field, of, values) for of in TYPES if _of(values, of)))
        case IsNull(field):
            one = _elements(column, field)
            return ~exists(select(1).select_from(one).where(one.c.type != "null"))
        case Like(field, pattern):
            return _any(column, field, "text", lambda value: value.op("GLOB")(_glob(pattern)))
        case Compare(field, op, value):
            of = kind(value)
            assert of is not None
            return _any(
                column,
                field,
                of,
                lambda element: typed(ColumnElement[bool], COMPARE[op](element, _bound(value))),
            )


def _any(column: ColumnElement[str], field: str, of: Kind, test: Test) -> ColumnElement[bool]:
    """Test the elements of one kind. `max` of no rows is NULL: nothing to compare is unknown.

    SQLite's json_each yields a scalar as one row and a missing path as none, so lists are no special case.
    """
    one = _elements(column, field)
    # SQLite compares integers with floats exactly; filters compare both as floats.
    value = cast(one.c.value, Float) if of == "number" else one.c.value
    query = select(func.max(test(value), type_=Boolean())).where(one.c.type.in_(TYPES[of]))
    return query.scalar_subquery()


def _elements(column: ColumnElement[str], field: str) -> TableValuedAlias:
    if not field or re.search(r'[\x00-\x1f"\\]', field):
        raise BadInput(f"a field's name is not empty and has no \", \\ or control character: {field!r}")
    return func.json_each(column, f'$."{field}"').table_valued("value", "type")


def _in(column: ColumnElement[str], field: str, of: Kind, values: Sequence[Scalar]) -> ColumnElement[bool]:
    # One parameter however long the list: SQLite limits their number.
    listed = func.json_each(json.dumps(_of(values, of), ensure_ascii=False)).table_valued("value")
    return _any(column, field, of, lambda element: element.in_(select(listed.c.value)))


def _of(values: Sequence[Scalar], of: Kind) -> list[Any]:
    return [_plain(value) for value in values if kind(value) == of]


def _plain(value: Scalar) -> str | float:
    return value if isinstance(value, str) else number(value)


def _bound(value: Scalar) -> ColumnElement[Any]:
    return literal(_plain(value))


def _glob(pattern: str) -> str:
    """Return LIKE as GLOB, which is case-sensitive whatever the connection's settings."""
    return re.sub(r"[*?\[]", r"[\g<0>]", pattern).replace("%", "*").replace("_", "?")
