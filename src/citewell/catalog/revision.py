"""Which revision is a catalog's schema? A new one is made as it is now, an older one is migrated.

Alembic is loaded only for a migration: it takes half a second, and most openings need none.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from sqlalchemy import inspect, select, text
from sqlalchemy.engine import Connection, Engine

from citewell.catalog import schema
from citewell.catalog.engine import insert_new, is_postgres
from citewell.errors import NotFound, Unsupported

log = logging.getLogger("citewell")
LOCK = 0x63697465
"""PostgreSQL's advisory lock while the schema is looked at and changed: the letters "cite"."""


def make_ready(engine: Engine, name: str, create: bool) -> None:
    """Bring the catalog called `name` to schema.REVISION.

    Unsupported for one that a newer Citewell has written; NotFound where there is none and `create` is false.
    """
    with engine.connect() as sql:
        found = revision(sql)
    if found == "" and not create:
        raise NotFound(f"there is no library in {name!r}; make one with `citewell init`")
    if found != schema.REVISION:
        with _alone(engine) as sql:
            _bring(sql, revision(sql), name)


def revision(sql: Connection) -> str | None:
    """Return the revision of what is there; "" where nothing is, None for tables of before there were revisions."""
    there = inspect(sql)
    if there.has_table(schema.revisions.name):
        return str(sql.execute(select(schema.revisions.c.version_num)).scalar_one())
    return None if there.has_table(schema.meta.name) else ""


def _bring(sql: Connection, found: str | None, name: str) -> None:
    if found == schema.REVISION:
        return
    if found == "":
        schema.metadata.create_all(sql)
        schema.revisions.create(sql)
        sql.execute(schema.revisions.insert().values(version_num=schema.REVISION))
        sql.execute(insert_new(sql, schema.meta).values(name="schema", value=str(schema.VERSION)))
        return
    from citewell.catalog.migrations import known, migrate

    if found is not None and found not in known():
        raise Unsupported(
            f"a newer Citewell has written the catalog {name!r}: its schema is {found!r}, this one knows "
            f"{schema.REVISION!r} and those before; install the newer Citewell"
        )
    started = perf_counter()
    migrate(sql)
    log.warning(
        "the catalog %s was migrated from schema %s to %s in %.1f s; an older Citewell may refuse it now",
        name, found or "0", schema.REVISION, perf_counter() - started,
    )  # fmt: skip


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """Begin a transaction that no other process has beside it. In PostgreSQL, make the catalog's schema first."""
    with engine.begin() as sql:
        if is_postgres(sql):
            sql.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
            path = str(sql.execute(text("SELECT current_setting('search_path')")).scalar_one())
            there = text("SELECT to_regnamespace(current_setting('search_path')) IS NOT NULL")
            if not sql.execute(there).scalar_one():
                sql.exec_driver_sql(f"CREATE SCHEMA {path}")
        else:
            # Python's driver begins a transaction of its own only before it changes rows, not tables.
            sql.exec_driver_sql("BEGIN IMMEDIATE")
        yield sql
