"""Where a test's library has its catalog: SQLite in its folder, or the PostgreSQL server that the test has.

A test that takes the fixture `catalogs` runs once with each. Each library's folder has a schema of its own.
"""

from __future__ import annotations

import os
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from secrets import token_hex

from sqlalchemy import text

from citewell.catalog import At, Postgres
from citewell.catalog.engine import open_engine
from citewell.settings import Config

VARIABLE = "CITEWELL_TEST_POSTGRES"


def schema_of(folder: Path) -> str:
    """The schema of the library in a folder. It is noted there: a copy of the folder has the same catalog."""
    note = Path(folder) / "schema-of-test"
    if not note.exists():
        note.parent.mkdir(parents=True, exist_ok=True)
        whole = note.with_suffix(f".{token_hex(8)}")  # others read it at any moment
        whole.write_text(f"c{sha256(str(folder).encode()).hexdigest()[:16]}")
        whole.replace(note)
    return note.read_text()


def config_of(folder: Path, **embed: object) -> Config:
    """A library with the hashing embedder, which needs no model."""
    config = Config()
    url = os.environ.get(VARIABLE, "")
    schema = schema_of(folder) if url else config.catalog.schema
    return replace(
        config,
        library=replace(config.library, path=folder),
        embed=replace(config.embed, **{"model": "hash", **embed}),  # type: ignore[arg-type]
        catalog=replace(config.catalog, url=url, schema=schema),
    )


def catalog_at(folder: Path) -> At:
    """Where the catalog of the library in a folder is."""
    url = os.environ.get(VARIABLE, "")
    return Postgres(url, schema_of(folder)) if url else folder / "catalog.db"


def unrevised(folder: Path) -> None:
    """Take from a closed library's catalog what came with revisions: as a Citewell that knew none left it."""
    engine = open_engine(catalog_at(folder))
    with engine.begin() as sql:
        for table in ("alembic_version", "claims", "workers", "spend", "answer_versions", "answers"):
            sql.execute(text(f"DROP TABLE {table}"))
        sql.execute(text("DROP INDEX changes_of"))
        for column in ("worker", "places"):
            sql.execute(text(f"ALTER TABLE journal DROP COLUMN {column}"))
    engine.dispose()
