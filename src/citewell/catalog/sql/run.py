"""Run one query of a user's, on a connection of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from citewell import filters
from citewell.catalog.engine import At, open_engine, translated
from citewell.catalog.postgres import Postgres
from citewell.catalog.revision import make_ready
from citewell.catalog.sql.columns import FieldKind, TypedField, typed_fields
from citewell.catalog.sql.in_sqlite import run_on
from citewell.catalog.sql.rows import Bounds, Rows
from citewell.errors import BadInput, NotFound

LONGEST: Final = 20_000
"""Characters of a query."""


def schema_of(at: At, known: Mapping[str, FieldKind], where: str | None = None) -> list[TypedField]:
    """Return the fields of documents, the most common first. NotFound where there is no catalog."""
    if isinstance(at, Path) and not at.exists():
        raise NotFound(f"there is no library in {str(at)!r}; make one with `citewell init`")
    engine = open_engine(at)
    try:
        with translated():
            make_ready(engine, str(at), False)
            with engine.connect() as sql:
                return typed_fields(sql, known, filters.parse(where) if where else None)
    finally:
        engine.dispose()


def run(at: At, query: str, known: Mapping[str, FieldKind], bounds: Bounds = Bounds()) -> Rows:
    """Answer a query over the views `documents` and `passages`. BadInput for what may not or cannot be asked."""
    if not query.strip():
        raise BadInput(f"the query is empty ({query!r}); write a SELECT")
    if len(query) > LONGEST or "\0" in query:
        raise BadInput(f"the query has {len(query)} characters, or a NUL; up to {LONGEST} are read")
    fields = schema_of(at, known)
    if isinstance(at, Postgres):
        from citewell.catalog.sql.in_postgres import run_in

        return run_in(at, query, fields, bounds)
    if bounds.tables:
        raise BadInput(
            "catalog.tables is for a catalog on PostgreSQL, where your own tables can be beside it"
        )
    return run_on(at, query, fields, bounds)
