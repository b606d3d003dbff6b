"""What a query may take, and what it gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from citewell.errors import BadInput


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a query may take, and, on PostgreSQL, the tables and views of the user's own that it may read besides."""

    rows: int = 1000
    seconds: float = 10.0
    tables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rows:
    """An answer: the names of its columns, its rows, and whether there are more than were asked for."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    more: bool = False

    @classmethod
    def of(cls, columns: Sequence[str], rows: Sequence[Sequence[Any]], most: int) -> Rows:
        """Return the first `most` rows, their values as JSON knows them: numbers, text, TRUE and FALSE, lists."""
        if not columns:
            raise BadInput("this asks for nothing; write a SELECT")
        shown = tuple(tuple(_plain(value) for value in row) for row in rows[:most])
        return cls(tuple(columns), shown, len(rows) > most)


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
        case bytes() | memoryview():
            return bytes(value).hex()
        case list() | tuple():
            return [_plain(one) for one in value]
        case dict():
            return {key: _plain(one) for key, one in value.items()}
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)
