"""The catalog's database, SQLite or PostgreSQL: opened, its errors as ours, and what each says in its own words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    String,
    Table,
    bindparam,
    cast,
    func,
    select,
    text,
    tuple_,
)
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DatabaseError, DataError, InterfaceError

from citewell.catalog import sqlite
from citewell.catalog.postgres import Postgres, open_postgres, postgres_error
from citewell.catalog.sqlite import open_sqlite, sqlite_error
from citewell.catalog.types import Key

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert

At: TypeAlias = Path | Postgres
"""Where a catalog is: SQLite's file, or a PostgreSQL server."""
BATCH: Final = 500
SHARING: Final = "vectors"
"""What is done `together` or `alone`: to begin to share a vector or to keep an answer, and to erase such."""


def open_engine(at: At) -> Engine:
    """Open a database. MissingExtra when PostgreSQL's driver is not installed."""
    return open_postgres(at) if isinstance(at, Postgres) else open_sqlite(at)


def is_postgres(sql: Connection | Engine) -> bool:
    """Say which of the two it is."""
    return sql.dialect.name == "postgresql"


@contextmanager
def translated() -> Iterator[None]:
    """Turn the database's errors into ours, by what the caller can do."""
    try:
        yield
    except (DatabaseError, InterfaceError, DataError) as error:
        of_postgres = type(error.orig).__module__.startswith("psycopg")
        found = postgres_error(error) if of_postgres else sqlite_error(error)
        if found is None:
            raise
        raise found from error


def insert_new(sql: Connection, table: Table) -> Insert:
    """An INSERT that leaves rows whose key is there already as they are."""
    return _insert(sql, table).on_conflict_do_nothing()


def replace_in(sql: Connection, table: Table, rows: Select[Any] | None = None) -> Insert:
    """An INSERT of whole rows, or of the rows of a query, which take the place of those with the same key."""
    made = _insert(sql, table)
    if rows is not None:
        made = made.from_select(list(table.c), rows)
    columns: list[Column[Any]] = [one for one in table.columns if not one.primary_key]
    kept = {one.name: made.excluded[one.name] for one in columns}
    return made.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=kept)


def _insert(sql: Connection, table: Table) -> Insert:
    # The two classes say the same words; each is loaded with its database only.
    if is_postgres(sql):
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    return insert(table)


def among(sql: Connection, *columns: ColumnElement[Any]) -> ColumnElement[bool]:
    """Columns of numbers equal one of the rows in the parameter `pairs`, a JSON array of arrays.

    An IN over literal rows would scan the whole table: SQLite uses an index only for one over a SELECT.
    """
    pairs = bindparam("pairs", type_=String())
    row: list[ColumnElement[Any]]
    if is_postgres(sql):
        each = func.json_array_elements(pairs.op("::")(text("json"))).table_valued("value")
        row = [cast(each.c.value.op("->>")(text(str(at))), Key) for at in range(len(columns))]
    else:
        each = func.json_each(pairs).table_valued("value")
        row = [func.json_extract(each.c.value, f"$[{at}]") for at in range(len(columns))]
    return tuple_(*columns).in_(select(*row))


def alone(sql: Connection, what: str) -> None:
    """Wait until no other process does the same, or does it `together`, and keep them out until the transaction ends.

    SQLite has one writer at any time anyhow.
    """
    _hold(sql, "pg_advisory_xact_lock", what)


def together(sql: Connection, what: str) -> None:
    """Wait until nobody does the same `alone`, and keep such away until the transaction ends."""
    _hold(sql, "pg_advisory_xact_lock_shared", what)


def _hold(sql: Connection, function: str, what: str) -> None:
    if is_postgres(sql):
        # The same words in another library's schema are another lock.
        key = text(f"SELECT {function}(hashtextextended(current_schema() || ' ' || :what, 0))")
        sql.execute(key, {"what": what})


def empty_log(engine: Engine) -> None:
    """Leave nothing that was erased in SQLite's log. PostgreSQL's vacuum overwrites it in its own time."""
    if not is_postgres(engine):
        sqlite.empty_log(engine)


def batches(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Yield values in groups that a statement can name."""
    for start in range(0, len(values), BATCH):
        yield values[start : start + BATCH]
