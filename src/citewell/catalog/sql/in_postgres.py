"""A user's query on PostgreSQL: what it would touch is read from the server's own parse of it, before it runs.

The query becomes a temporary view, which PostgreSQL takes of one SELECT that changes nothing, and does not run. Its
stored tree names every table, function and operator by number: those that are not allowed are refused. Only then is
it run, in a transaction that was made read-only, with a limit of time. No parser of ours can be told otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from citewell.catalog.postgres import Postgres, open_postgres
from citewell.catalog.sql.columns import TypedField
from citewell.catalog.sql.functions import ALLOWED
from citewell.catalog.sql.rows import Bounds, Rows
from citewell.catalog.sql.views import NAMES, quoted, views
from citewell.errors import BadInput

ASKED: Final = "asked"
TREE: Final = "SELECT ev_action::text FROM pg_rewrite WHERE ev_class = 'pg_temp.asked'::regclass"
RELATION: Final = re.compile(r":relid (\d+)")
FUNCTION: Final = re.compile(r":(?:funcid|aggfnoid|winfnoid|tsmhandler) (\d+)")
OPERATOR: Final = re.compile(r":opno (\d+)")
FUNCTIONS: Final = """
SELECT DISTINCT p.proname, n.nspname FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE p.oid = ANY(%s)
"""
OPERATORS: Final = """
SELECT DISTINCT o.oprname, n.nspname FROM pg_catalog.pg_operator o
JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace WHERE o.oid = ANY(%s)
"""
NAMED: Final = "SELECT oid::regclass::text FROM pg_catalog.pg_class WHERE oid = ANY(%s) AND NOT oid = ANY(%s)"
AGAIN: Final = ("08", "53", "55", "57P", "58")


def run_in(at: Postgres, query: str, fields: Sequence[TypedField], bounds: Bounds) -> Rows:
    """Run one SELECT on the catalog on a server; see `run`."""
    with _cursor(at, bounds) as sql:
        sql.execute(f"SET LOCAL statement_timeout = {int(bounds.seconds * 1000)}")
        sql.execute("SET LOCAL search_path = pg_catalog, pg_temp, public")
        for name, select in views(fields, quoted(at.schema), postgres=True).items():
            sql.execute(f"CREATE TEMP VIEW {name} AS {select}")
        # Prepared: then it can be one statement only.
        sql.execute(f"CREATE TEMP VIEW {ASKED} AS {query}\n", prepare=True)
        _check(sql, bounds.tables)
        sql.execute("SET TRANSACTION READ ONLY")
        sql.execute(f"DECLARE found NO SCROLL CURSOR FOR {query}\n", prepare=True)
        sql.execute(f"FETCH {bounds.rows + 1} FROM found")
        return Rows.of([one.name for one in sql.description], sql.fetchall(), bounds.rows)


@contextmanager
def _cursor(at: Postgres, bounds: Bounds) -> Iterator[Any]:
    """A transaction that is rolled back, whatever happened."""
    import psycopg

    from citewell.catalog.engine import translated

    engine = open_postgres(at)
    try:
        with translated():
            connection: Any = engine.raw_connection()
        try:
            with connection.cursor() as sql:
                yield sql
        except psycopg.Error as error:
            raise _said(error, bounds) from error
        finally:
            connection.rollback()
            connection.close()
    finally:
        engine.dispose()


def _check(sql: Any, tables: Iterable[str]) -> None:
    """Refuse what the stored tree names and may not be touched."""
    tree = sql.execute(TREE).fetchone()[0]
    allowed = [_number(sql, f"pg_temp.{name}") for name in (*NAMES, ASKED)]
    allowed += [_number(sql, name) for name in tables]
    others = sql.execute(NAMED, [_numbers(RELATION, tree), allowed]).fetchall()
    if others:
        raise BadInput(
            f"the query is refused: it reads {', '.join(str(row[0]) for row in others)}; it may read documents, "
            "passages, and what catalog.tables names"
        )
    called = sql.execute(FUNCTIONS, [_numbers(FUNCTION, tree)]).fetchall()
    wrong = [name for name, within in called if within != "pg_catalog" or name not in ALLOWED]
    used = sql.execute(OPERATORS, [_numbers(OPERATOR, tree)]).fetchall()
    wrong += [f"operator {name}" for name, within in used if within != "pg_catalog"]
    if wrong:
        raise BadInput(
            f"the query is refused: it calls {', '.join(sorted(wrong))}; only what computes may be called"
        )


def _numbers(pattern: re.Pattern[str], tree: str) -> list[int]:
    return [int(one) for one in set(pattern.findall(tree))]


def _number(sql: Any, name: str) -> int:
    found = sql.execute("SELECT to_regclass(%s)::oid", [name]).fetchone()[0]
    if found is None:
        raise BadInput(
            f"catalog.tables names {name!r}, which is not there; write schema.table, apart by commas"
        )
    return int(found)


def _said(error: Any, bounds: Bounds) -> BadInput:
    code, text = error.sqlstate or "", " ".join(str(error).split())[:300]
    if code == "57014":
        return BadInput(
            f"the query took more than {bounds.seconds:g} s; ask for less, or give more with --timeout"
        )
    if "multiple commands" in text:
        return BadInput("this is more than one statement; write one SELECT")
    return BadInput(f"the query cannot be answered: {text}; `citewell schema` shows the columns")
