"""Revisions lead every older catalog to the tables of today, on SQLite and on PostgreSQL, and lose nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection

from citewell.catalog import Catalog, schema
from citewell.catalog.engine import open_engine
from citewell.catalog.migrations import known, migrate
from citewell.catalog.revision import make_ready
from citewell.errors import NotFound, Unsupported
from citewell.model import Document, Query
from tests.failure.worker import open_library
from tests.stores import catalog_at, unrevised


def _differences(sql: Connection) -> list[object]:
    context = MigrationContext.configure(sql, opts={"compare_type": True})
    return [one for one in compare_metadata(context, schema.metadata) if "alembic_version" not in str(one)]


def _schema(sql: Connection) -> set[tuple[str, str, str, str]]:
    found = inspect(sql)
    return {
        (table, column["name"], str(column["type"]), str(column["nullable"]))
        for table in found.get_table_names()
        for column in found.get_columns(table)
    } | {
        (table, "index", str(index["name"]), str(index["column_names"]))
        for table in found.get_table_names()
        for index in found.get_indexes(table)
    }


def _empty(catalogs: str, folder: Path) -> object:
    folder.mkdir()
    engine = open_engine(catalog_at(folder))
    if catalogs == "postgres":
        with engine.begin() as sql:
            sql.exec_driver_sql(f'CREATE SCHEMA "{catalog_at(folder).schema}"')  # type: ignore[union-attr]
    return engine


def test_all_revisions_make_what_is_made_at_once(catalogs: str, tmp_path: Path) -> None:
    engine = _empty(catalogs, tmp_path / "migrated")
    with engine.begin() as sql:  # type: ignore[attr-defined]
        migrate(sql)
        migrated = _schema(sql)
        assert _differences(sql) == []
    engine.dispose()  # type: ignore[attr-defined]
    (tmp_path / "fresh").mkdir()
    fresh = open_engine(catalog_at(tmp_path / "fresh"))
    make_ready(fresh, "fresh", True)
    with fresh.connect() as sql:
        assert _schema(sql) == migrated
    fresh.dispose()
    assert known()[-1] == schema.REVISION


def test_documents_of_an_older_catalog_are_there_after_its_migration(
    catalogs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "library"
    with open_library(folder, create=True) as library:
        library.add(Document("a.md", "The kettle boils.", fields={"product": "kettle"}))
    unrevised(folder)
    with open_library(folder) as library:
        assert [one.fields["product"] for one in library.list()] == ["kettle"]
        assert library.search(Query("kettle"))
        library.add(Document("a.md", "The kettle boils again."))
        assert library.check() == []
    engine = open_engine(catalog_at(folder))
    with engine.connect() as sql:
        assert _differences(sql) == []
    engine.dispose()


def test_a_catalog_of_a_newer_citewell_is_refused_and_left_alone(catalogs: str, tmp_path: Path) -> None:
    with open_library(tmp_path / "library", create=True):
        pass
    engine = open_engine(catalog_at(tmp_path / "library"))
    with engine.begin() as sql:
        sql.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Unsupported, match=r"newer Citewell .*'9999'"):
        open_library(tmp_path / "library")
    with engine.connect() as sql:
        assert sql.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"
    engine.dispose()


def test_a_catalog_that_is_not_there_is_not_made_by_the_way(catalogs: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="citewell init"):
        Catalog(catalog_at(tmp_path), create=False)


def test_several_who_open_a_new_catalog_at_once_make_it_once(catalogs: str, tmp_path: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(lambda _: Catalog(catalog_at(tmp_path)), range(6)))
    assert [one.counts() for one in opened] == [(0, 0, 0)] * 6
    for one in opened:
        one.close()
