"""`schema` and `sql`: typed fields, questions over two views, and queries that want more than they may have."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from citewell.assemble import assemble
from citewell.catalog import At, Postgres
from citewell.catalog.postgres import open_postgres
from citewell.catalog.sql import Bounds, declared, run, schema_of
from citewell.errors import BadInput, NotFound
from citewell.library import Library
from citewell.model import Document
from tests.failure.worker import open_library
from tests.stores import catalog_at, config_of
from tests.stores import schema_of as name_of

FIELDS: list[dict[str, Any]] = [
    {"product": "router", "year": 2023, "tags": ("a", "b"), "open": True, "odd": 1},
    {"product": "router", "year": 2024.5, "tags": ("b",), "open": False, "odd": "one"},
    {"product": "switch", "it's odd": "x", "back\\slash": 1, "odd": True},
    {},
]


@pytest.fixture
def library(catalogs: str, tmp_path: Path) -> Iterator[Library]:
    with open_library(tmp_path / "library", create=True) as opened:
        for number, fields in enumerate(FIELDS):
            opened.add(Document(f"d{number}", f"Text {number} of it.", f"Title {number}", fields=fields))
        yield opened


@pytest.fixture
def at(library: Library, tmp_path: Path) -> At:
    return catalog_at(tmp_path / "library")


def _ask(at: At, query: str, known: str = "", **bounds: Any) -> list[tuple[Any, ...]]:
    return list(run(at, query, declared(known), Bounds(**bounds)).rows)


def test_fields_have_the_types_that_their_values_have(at: At) -> None:
    found = {one.name: (one.kind, one.documents, one.column) for one in schema_of(at, {})}
    assert found == {
        "product": ("text", 3, "product"),
        "odd": ("mixed", 3, "odd"),
        "year": ("number", 2, "year"),
        "tags": ("list", 2, "tags"),
        "open": ("boolean", 2, "open"),
        "it's odd": ("text", 1, "it's odd"),
        "back\\slash": ("number", 1, ""),
    }
    some = [one.name for one in schema_of(at, {}, "product = 'switch'")]
    assert some == ["back\\slash", "it's odd", "odd", "product"]


def test_a_declared_field_has_its_type_and_says_what_does_not_fit(at: At) -> None:
    found = {one.name: one for one in schema_of(at, declared('odd number, "when" text'))}
    assert (found["odd"].kind, found["odd"].misfits, found["odd"].declared) == ("number", 2, True)
    assert (found["when"].kind, found["when"].documents) == ("text", 0)
    assert _ask(at, 'select id, odd, "when" from documents order by 1', "odd number, when text") == [
        ("d0", 1, None), ("d1", None, None), ("d2", None, None), ("d3", None, None),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["year", "year integer", "year number; drop table x", '"a" text text'])
def test_a_declaration_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=r"catalog\.fields has"):
        declared(text)


def test_a_question_groups_documents_by_a_field(at: At) -> None:
    query = "select product, count(*) from documents group by 1 order by 2 desc, 1"
    found = run(at, query, {})
    assert found.columns[0] == "product"
    assert found.rows == (("router", 2), ("switch", 1), (None, 1)) or found.rows == (
        ("router", 2), (None, 1), ("switch", 1),
    )  # fmt: skip
    assert _ask(at, "select sum(year), avg(year) from documents where open = true") == [(2023, 2023)]
    assert _ask(at, "select id from documents where year > 2023.1") == [("d1",)]
    assert _ask(at, "select odd from documents where id <> 'd3' order by id") == [("1",), ("one",), ("true",)]
    assert _ask(at, "select \"it's odd\" from documents where id = 'd2'") == [("x",)]


def test_passages_join_documents(at: At) -> None:
    query = """
        with mine as (select id from documents where product = 'router')
        select d.id, p.position, p.text, length(p.text) = p.end_at - p.start_at
        from passages p join mine d on d.id = p.document_id order by 1, 2
    """
    found = _ask(at, query)
    assert [(row[0], row[2]) for row in found] == [("d0", "Text 0 of it."), ("d1", "Text 1 of it.")]
    assert all(row[3] in (1, True) for row in found)


def test_what_was_replaced_or_is_pending_is_not_seen(library: Library, at: At) -> None:
    library.add(Document("d0", "New text.", fields={"product": "hub"}))
    library.remove("d1")
    assert _ask(at, "select id, product, version from documents where id < 'd2'") == [("d0", "hub", 2)]
    assert _ask(at, "select text from passages where document_id < 'd2'") == [("New text.",)]


def test_more_rows_than_were_asked_for_are_said_and_not_read(at: At) -> None:
    found = run(at, "select id from documents order by 1", {}, Bounds(rows=3))
    assert (len(found.rows), found.more) == (3, True)
    assert not run(at, "select id from documents order by 1", {}, Bounds(rows=4)).more


def test_a_query_that_takes_too_long_is_ended(at: At) -> None:
    query = "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n"
    started = time.monotonic()
    with pytest.raises(BadInput, match=r"more than 0\.5 s"):
        _ask(at, query, seconds=0.5)
    assert time.monotonic() - started < 20


HOSTILE = [
    "select * from versions",
    "select * from main.versions",
    "select * from turns",
    "select text from (select text from versions) as documents",
    "with documents as (select * from versions) select * from documents",
    "with documents_ as (select * from vectors) select * from documents_",
    "select (select count(*) from vectors) from documents",
    "select id from documents where exists (select 1 from spend)",
    "delete from documents",
    "insert into versions select * from versions",
    "update documents set title = 'x'",
    "drop view documents",
    "create table mine (x text)",
    "create temp table mine as select 1",
    "with gone as (delete from passages returning 1) select * from gone",
    "select 1; select 2",
    "select 1; drop table versions",
    "select 1) union select (2); drop table versions; --",
    "select 1 into mine",
    "select id from documents for update",
    "begin", "commit", "vacuum", "reindex", "analyze", "",
    "-- nothing", "/* never ends", "select", "nonsense",
    # SQLite
    "select * from sqlite_master", "select * from sqlite_temp_master", "select * from sqlite_schema",
    "pragma writable_schema = on", "pragma query_only = off", "select * from pragma_table_info('versions')",
    "attach 'other.db' as other", "select load_extension('x')", "select readfile('/etc/passwd')",
    "select writefile('x', 'y')", "select length(zeroblob(1000000000))", "select length(randomblob(1000000000))",
    "select printf('%1000000000d', 1)", "select * from dbstat",
    # PostgreSQL
    "select * from pg_authid", "select * from pg_catalog.pg_class", "select * from information_schema.tables",
    "select pg_read_file('/etc/passwd')", "select pg_sleep(100)", "select pg_terminate_backend(1)",
    "select pg_advisory_lock(1)", "select lo_import('/etc/passwd')", "select query_to_xml('select 1', true, true, '')",
    "select table_to_xml('pg_authid', true, true, '')", "select current_setting('data_directory')",
    "select set_config('statement_timeout', '0', false)", "select nextval('journal_id_seq')",
    "select * from generate_series(1, 10000000000)", "select repeat('x', 1000000000)",
    "copy documents to '/tmp/x'", "copy (select 1) to program 'id'", "set statement_timeout = 0",
    "do $$ begin perform 1; end $$", "call x()", "listen x", "declare c cursor for select 1",
    "select * from pg_ls_dir('.')", "select dblink('x')", "prepare x as select 1", "execute x", "lock versions",
]  # fmt: skip


def test_a_query_that_wants_more_is_refused_in_one_clear_line_and_changes_nothing(
    library: Library, at: At
) -> None:
    for query in HOSTILE:
        with pytest.raises(BadInput, match=r"^(the query|this) [^\n]*$"):
            print(query, _ask(at, query, seconds=5))
    assert [entry.id for entry in library.list()] == ["d0", "d1", "d2", "d3"]
    assert library.check() == []


@pytest.fixture
def beside(postgres: str, tmp_path: Path) -> Iterator[Postgres]:
    """A library on PostgreSQL, with tables of the user's own beside it."""
    place = Postgres(postgres, name_of(tmp_path / "library"))
    config = config_of(tmp_path / "library")
    config = replace(config, catalog=replace(config.catalog, url=postgres, schema=place.schema))
    engine = open_postgres(place)
    with assemble(config, create=True) as library, engine.begin() as sql:
        library.add(Document("a.md", "Resets the router.", fields={"customer": 7}))
        library.add(Document("b.md", "Resets the switch.", fields={"customer": 7}))
        for statement in (
            "DROP SCHEMA IF EXISTS crm CASCADE", "CREATE SCHEMA crm",
            "CREATE TABLE crm.customers (id int PRIMARY KEY, name text)",
            "INSERT INTO crm.customers VALUES (7, 'Ada'), (8, 'Grace')",
            "CREATE TABLE crm.secrets (word text)",
            "CREATE FUNCTION crm.word() RETURNS text LANGUAGE sql STABLE AS 'SELECT word FROM crm.secrets'",
            "CREATE OPERATOR crm.@@@ (PROCEDURE = int4pl, LEFTARG = int, RIGHTARG = int)",
        ):  # fmt: skip
            sql.exec_driver_sql(statement)
    yield place
    engine.dispose()


def test_documents_join_tables_of_the_users_own_that_are_named(beside: Postgres) -> None:
    query = """
        select c.name, count(d.id) from crm.customers c left join documents d on d.customer = c.id
        group by 1 order by 1
    """
    assert _ask(beside, query, tables=("crm.customers",)) == [("Ada", 2), ("Grace", 0)]
    with pytest.raises(BadInput, match=r"it reads crm\.customers; .* what catalog\.tables names"):
        _ask(beside, query)
    with pytest.raises(BadInput, match=r"'crm\.nothing', which is not there"):
        _ask(beside, query, tables=("crm.nothing",))


@pytest.mark.parametrize(
    "query",
    [
        "select * from crm.secrets", "select crm.word()", "select 1 operator(crm.@@@) 2",
        "select name from crm.customers where exists (select 1 from crm.secrets)",
        "insert into crm.customers values (9, 'Eve')", "select * from crm.customers for update",
        "table crm.secrets",
    ],
)  # fmt: skip
def test_nothing_else_of_the_users_own_is_read_called_or_changed(beside: Postgres, query: str) -> None:
    with pytest.raises(BadInput, match=r"^the query "):
        _ask(beside, query, tables=("crm.customers",))
    assert _ask(beside, "select count(*) from crm.customers", tables=("crm.customers",)) == [(2,)]


def test_there_is_nothing_to_ask_where_there_is_no_library(catalogs: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="citewell init"):
        _ask(catalog_at(tmp_path / "none"), "select 1")
