"""Queries on real databases: SQLite, and PostgreSQL where it can be had."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from citewell.errors import BadInput, NotFound, ProviderError, Unreadable, Unsupported
from citewell.sources.sql import Sql

QUERY = "SELECT id, title, body AS text, year, price, tags FROM notes WHERE NOT archived"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "notes.db"
    with sqlite3.connect(path) as sql:
        sql.execute(
            "CREATE TABLE notes (id, title, body, year INTEGER, price REAL, tags TEXT, archived INTEGER)"
        )
        rows = [
            (1, "Kettle", "boils water", 2020, 9.5, "hot", 0),
            (2, "Lamp", "glows", 2021, None, None, 0),
            (3, "Old", "gone", 1990, 1.0, "x", 1),
            (4, "Empty", None, 2022, 1.0, "x", 0),
        ]
        sql.executemany("INSERT INTO notes VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    return path


def notes(file: Path, query: str = QUERY, **options: Any) -> Sql:
    return Sql(f"sqlite:///{file}", query, **{"called": "notes", **options})


def test_rows_are_documents_and_columns_are_fields(file: Path) -> None:
    source = notes(file)
    items = {item.id: item for item in source.items()}
    assert sorted(items) == ["notes/1", "notes/2"]
    assert source.skipped() == {"text is NULL": 1}
    blob = source.fetch(items["notes/1"])
    assert (blob.data, blob.media_type) == (b"boils water", "text/plain")
    assert dict(blob.fields) == {"id": 1, "title": "Kettle", "year": 2020, "price": 9.5, "tags": "hot"}
    assert "price" not in source.fetch(items["notes/2"]).fields


def test_a_stamp_changes_with_any_column(file: Path) -> None:
    before = {item.id: item.stamp for item in notes(file).items()}
    with sqlite3.connect(file) as sql:
        sql.execute("UPDATE notes SET year = 2030 WHERE id = 2")
    after = {item.id: item.stamp for item in notes(file).items()}
    assert [one for one in after if after[one] != before[one]] == ["notes/2"]


def test_columns_have_the_names_that_were_said(file: Path) -> None:
    source = notes(
        file, "SELECT title, body FROM notes WHERE body <> ''", id="title", text="body", format="html"
    )
    (first, *_) = source.items()
    assert first.id == "notes/Kettle"
    assert source.fetch(first).media_type == "text/html"


@pytest.mark.parametrize(
    ("query", "error", "said"),
    [
        ("DELETE FROM notes", BadInput, "one SELECT"),
        ("SELECT 1; DELETE FROM notes", BadInput, "more than one statement"),
        ("SELECT title AS id FROM notes", BadInput, "not one column 'text'"),
        ("SELECT 1 AS id, 2 AS id, 'x' AS text", BadInput, "not one column 'id'"),
        ("SELECT year / 1000 AS id, title AS text FROM notes WHERE year > 2000", BadInput, "two rows"),
        ("SELECT NULL AS id, 'x' AS text", BadInput, "has no 'id'"),
        ("SELECT nothing FROM notes", ProviderError, "nothing"),
    ],
)
def test_a_query_that_is_not_right_ends_in_one_line(
    file: Path, query: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said) as raised:
        list(notes(file, query).items())
    assert "\n" not in str(raised.value)


def test_a_semicolon_in_a_text_or_at_the_end_is_no_second_statement(file: Path) -> None:
    assert len(list(notes(file, "SELECT 1 AS id, 'a;b' AS text -- c;d\n;").items())) == 1


def test_a_query_that_takes_too_long_is_ended(file: Path) -> None:
    numbers = "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n)"
    forever = f"{numbers} SELECT max(id) AS id, 'x' AS text FROM n"
    with pytest.raises(ProviderError, match="interrupted"):
        list(notes(file, forever, max_seconds=0.2).items())


def test_a_row_that_is_too_long_fails_alone(file: Path) -> None:
    source = notes(file, max_bytes=6)
    first, second = source.items()
    with pytest.raises(Unreadable, match=r"read\.max_bytes"):
        source.fetch(first)
    assert source.fetch(second).data == b"glows"


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("postgresql://user:secret@example.com/x", BadInput),
        ("postgresql://example.com/x?password=secret", BadInput),
        ("oracle://user@example.com/secret", Unsupported),
        ("sqlite://", BadInput),
        ("sqlite:////nothing/here.db", NotFound),
        ("no address", BadInput),
    ],
)
def test_addresses_that_are_not_read_are_refused_and_no_password_is_said(
    url: str, error: type[Exception]
) -> None:
    with pytest.raises(error) as raised:
        Sql(url, "SELECT 1")
    assert "secret" not in str(raised.value)


def test_sqlite_is_opened_for_reading_only(file: Path) -> None:
    before = file.read_bytes()
    with notes(file)._connected() as sql, pytest.raises(Exception, match="readonly"):
        sql.exec_driver_sql("INSERT INTO notes (id) VALUES (9)")
    assert file.read_bytes() == before


@pytest.fixture
def table(postgres: str) -> str:
    import psycopg

    with psycopg.connect(postgres) as sql:
        sql.execute("DROP TABLE IF EXISTS notes")
        sql.execute("CREATE SEQUENCE IF NOT EXISTS numbers")
        sql.execute(
            "CREATE TABLE notes (id int, body text, price numeric, tags text[], at timestamptz, more jsonb)"
        )
        sql.execute(
            "INSERT INTO notes SELECT n, 'note ' || n, n * 1.5, ARRAY['a', 'b'], '2026-01-02 03:04Z', '{\"k\": 1}' "
            "FROM generate_series(1, 1200) n"
        )
    return postgres


def test_postgresql_rows_are_documents_with_typed_fields(table: str) -> None:
    source = Sql(table, "SELECT id, body AS text, price, tags, at, more FROM notes", called="pg")
    items = list(source.items())
    assert len(items) == 1200
    blob = source.fetch(next(item for item in items if item.id == "pg/3"))
    assert blob.data == b"note 3"
    assert dict(blob.fields) | {"at": None} == {
        "id": 3, "price": 4.5, "tags": ("a", "b"), "at": None, "more": '{"k": 1}',
    }  # fmt: skip
    assert str(blob.fields["at"]).startswith("2026-01-02T")


@pytest.mark.parametrize(
    "query",
    [
        "WITH gone AS (DELETE FROM notes RETURNING id) SELECT id, 'x' AS text FROM gone",
        "SELECT nextval('numbers') AS id, 'x' AS text",
        "SELECT set_config('transaction_read_only', 'off', false) AS id, 'x' AS text",
    ],
)
def test_postgresql_is_read_by_a_transaction_that_cannot_write(table: str, query: str) -> None:
    import psycopg

    with pytest.raises((BadInput, ProviderError), match=r"read-only|read-write|data-modifying"):
        list(Sql(table, query).items())
    with psycopg.connect(table) as sql:
        assert sql.execute("SELECT count(*) FROM notes").fetchone() == (1200,)


def test_postgresql_that_is_down_or_slow_is_one_clear_line_without_the_password(table: str) -> None:
    with pytest.raises(ProviderError, match="cannot be read") as raised:
        list(
            Sql("postgresql://u@127.0.0.1:9/x", "SELECT 1 AS id, 'x' AS text", password="hidden-word").items()
        )
    assert "hidden-word" not in str(raised.value)
    with pytest.raises(ProviderError, match="statement timeout"):
        list(Sql(table, "SELECT pg_sleep(9)::text AS id, '100%' AS text", max_seconds=0.2).items())
