"""A user's query on SQLite: a connection that cannot write, and an authorizer that is asked for all that it touches."""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from citewell.catalog.sql.columns import TypedField
from citewell.catalog.sql.functions import ALLOWED
from citewell.catalog.sql.rows import Bounds, Rows
from citewell.catalog.sql.views import NAMES, quoted, views
from citewell.errors import BadInput

LIMITS: Final = {
    sqlite3.SQLITE_LIMIT_LENGTH: 50_000_000,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1000,
}
STEPS: Final = 1000
"""Instructions of SQLite's machine between two looks at the clock."""
ROWS_OF: Final = ("json_each", "json_tree")
"""Tables that are functions."""


def run_on(path: Path, query: str, fields: Sequence[TypedField], bounds: Bounds) -> Rows:
    """Run one SELECT on the catalog in a file; see `run`."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=bounds.seconds)
    try:
        for name, most in LIMITS.items():
            connection.setlimit(name, most)
        guard = _views(connection, fields)
        deadline = time.monotonic() + bounds.seconds
        connection.set_authorizer(guard)
        connection.set_progress_handler(lambda: time.monotonic() > deadline, STEPS)
        cursor = connection.execute(query)
        rows = cursor.fetchmany(bounds.rows + 1)
        names = tuple(one[0] for one in cursor.description or ())
        return Rows.of(names, rows, bounds.rows)
    except (sqlite3.Error, sqlite3.Warning, OverflowError) as error:
        raise _said(error, bounds) from error
    finally:
        connection.close()


def _views(connection: sqlite3.Connection, fields: Sequence[TypedField]) -> Any:
    """Make the views, and return what says which reads are theirs.

    SQLite tells an authorizer which view a read comes from, but by a name that a query may give to something of its
    own: so what reads the tables is a view whose name nobody can guess.
    """
    hidden = {name: f"{name}_{secrets.token_hex(16)}" for name in NAMES}
    for name, select in views(fields, "main", postgres=False).items():
        connection.execute(f"CREATE TEMP VIEW {quoted(hidden[name])} AS {select}")
        connection.execute(f"CREATE TEMP VIEW {quoted(name)} AS SELECT * FROM {quoted(hidden[name])}")
    inner = set(hidden.values())

    def allow(action: int, first: str | None, second: str | None, _: str | None, source: str | None) -> int:
        if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE):
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION:
            return sqlite3.SQLITE_OK if (second or "").lower() in ALLOWED else sqlite3.SQLITE_DENY
        if action != sqlite3.SQLITE_READ:
            return sqlite3.SQLITE_DENY
        # A read of nothing in particular, as of count(*), names no column.
        named = first in NAMES or first in inner or first in ROWS_OF or not first
        return sqlite3.SQLITE_OK if named or source in inner else sqlite3.SQLITE_DENY

    return allow


def _said(error: Exception, bounds: Bounds) -> BadInput:
    text = str(error)
    if "interrupted" in text:
        return BadInput(
            f"the query took more than {bounds.seconds:g} s; ask for less, or give more with --timeout"
        )
    if "prohibited" in text or "not authorized" in text:
        return BadInput(
            f"the query is refused: {text}; it may read the views documents and passages, and call what computes"
        )
    if "one statement" in text:
        return BadInput("this is more than one statement; write one SELECT")
    return BadInput(f"the query cannot be answered: {text}; `citewell schema` shows the columns")
