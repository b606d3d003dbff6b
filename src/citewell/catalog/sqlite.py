"""SQLite as the catalog needs it: its settings, and its errors as ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, bindparam, create_engine, event, func, select, tuple_
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DatabaseError
from sqlalchemy.schema import CreateColumn

from citewell.errors import Corrupt, OutOfSpace

BATCH: Final = 500
WAIT: Final = 30
"""Seconds that a statement waits for another process or thread that writes."""


def open_engine(path: Path) -> Engine:
    engine: Engine = create_engine(
        f"sqlite:///{path}", connect_args={"timeout": WAIT, "check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def add_columns(sql: Connection, tables: Iterable[Table]) -> None:
    """Give tables of an older Citewell the columns that came later, each with its default."""
    for table in tables:
        there = {row[1] for row in sql.exec_driver_sql(f"PRAGMA table_info({table.name})")}
        for column in table.columns:
            if column.name not in there:
                made = CreateColumn(column).compile(sql)
                sql.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {made}")


def empty_log(engine: Engine) -> None:
    """Empty the log: what was erased is overwritten in the file, but the log still holds the pages as they were.

    A reader that is in the way is waited for half a second; the log is then emptied by the next call, or at closing.
    """
    with engine.connect() as sql:
        sql.exec_driver_sql("PRAGMA busy_timeout=500")
        sql.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
        sql.exec_driver_sql(f"PRAGMA busy_timeout={WAIT * 1000}")


def among(*columns: ColumnElement[Any]) -> ColumnElement[bool]:
    """Columns equal one of the rows in the parameter `pairs`, a JSON array of arrays.

    An IN over literal rows would scan the whole table: SQLite uses an index only for one over a SELECT.
    """
    each = func.json_each(bindparam("pairs")).table_valued("value")
    row = [func.json_extract(each.c.value, f"$[{place}]") for place in range(len(columns))]
    return tuple_(*columns).in_(select(*row))


@contextmanager
def translated() -> Iterator[None]:
    """Turn SQLite's errors into ours, by what the caller can do."""
    try:
        yield
    except DatabaseError as error:
        text = str(error.orig)
        if any(word in text for word in ("full", "readonly", "unable to open", "disk I/O")):
            raise OutOfSpace(
                f"the catalog cannot be written: {text}; nothing acknowledged is lost: free some space, "
                "or make the folder writable, and try again"
            ) from error
        if "malformed" in text or "not a database" in text:
            raise Corrupt(f"the catalog is damaged: {text}; restore its folder from a backup") from error
        raise


def batches(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Yield values in groups that a statement can name."""
    for start in range(0, len(values), BATCH):
        yield values[start : start + BATCH]
