"""One meaning: `matches`, SQLite, PostgreSQL and a real Qdrant shard agree on every filter and all metadata."""

import tempfile
from collections import Counter
from contextlib import contextmanager

import pytest
import qdrant_edge as edge
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, insert, select
from sqlalchemy.dialects.postgresql import dialect as postgres_dialect
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect

from citewell.catalog import Postgres
from citewell.catalog.engine import is_postgres, open_engine
from citewell.catalog.types import Metadata
from citewell.catalog.where import to_sql
from citewell.errors import BadInput, Unsupported
from citewell.filters import COMPARE, And, Compare, In, IsNull, Not, matches, parse
from citewell.index.qdrant_filter import payload_path, to_qdrant
from citewell.testing.drawn import NAMES, filters, metadata, rows_of_all_kinds

LONG = [2**53 - 1, 2**53, 2**53 + 1, 2**63, 0.9452706955539223, 0.9452706955539224, 1 / 3]
long_numbers = st.sampled_from(LONG) | st.floats(1e-9, 1e20).filter(lambda x: float(f"{x:.15g}") != x)
SCHEMAS = [None, edge.PayloadSchemaType.Keyword, edge.PayloadSchemaType.Float, edge.PayloadSchemaType.Bool]

table = Table(
    "t",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("fields", Metadata),
    prefixes=["TEMPORARY"],
)


class Sql:
    """A table in SQLite's memory, or a temporary one on the PostgreSQL server at `url`."""

    def __init__(self, rows, url=""):
        self.engine = open_engine(Postgres(url, "pg_temp")) if url else create_engine("sqlite://")
        self.sql = self.engine.connect()
        table.create(self.sql)
        self.sql.execute(insert(table), [{"id": i, "fields": row} for i, row in enumerate(rows)])

    def __call__(self, tree):
        condition = to_sql(tree, table.c.fields, postgres=is_postgres(self.sql))
        return set(self.sql.execute(select(table.c.id).where(condition)).scalars())

    def close(self):
        self.sql.close()
        self.engine.dispose()


class Shard:
    """A shard whose payload indexes are of one type, whatever the values."""

    def __init__(self, rows, schema, optimized):
        self.folder = tempfile.TemporaryDirectory()
        vectors = {"dense": edge.EdgeVectorParams(size=2, distance=edge.Distance.Dot)}
        self.shard = edge.EdgeShard.create(self.folder.name, edge.EdgeConfig(vectors=vectors))
        for name in NAMES if schema else []:
            self.shard.update(edge.UpdateOperation.create_field_index(payload_path(name), schema))
        points = [edge.Point(i, {"dense": [1.0, 0.0]}, {"f": plain(row)}) for i, row in enumerate(rows)]
        self.shard.update(edge.UpdateOperation.upsert_points(points))
        if optimized:
            self.shard.optimize()

    def __call__(self, tree):
        query = edge.Query.Nearest([1.0, 0.0], using="dense")
        request = edge.QueryRequest(limit=1000, query=query, filter=to_qdrant(tree))
        return {point.id for point in self.shard.query(request)}


def plain(row):
    return {name: list(value) if isinstance(value, tuple) else value for name, value in row.items()}


ROWS = rows_of_all_kinds()


@contextmanager
def databases(rows, url):
    made = Sql(rows), Sql(rows, url)
    yield made
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def stores(postgres):
    shards = [Shard(ROWS, schema, optimized) for schema in SCHEMAS for optimized in (False, True)]
    with databases(ROWS, postgres) as made:
        yield made, shards


@settings(max_examples=250, deadline=None)
@given(tree=filters)
def test_every_store_agrees_with_matches(stores, tree):
    databases, shards = stores
    expected = {i for i, row in enumerate(ROWS) if matches(row, tree)}
    for database in databases:
        assert database(tree) == expected
    try:
        to_qdrant(tree)
    except Unsupported:
        return
    for shard in shards:
        assert shard(tree) == expected


@settings(max_examples=25, deadline=None)
@given(row=st.lists(metadata, min_size=1, max_size=8), trees=st.lists(filters, min_size=5, max_size=5))
def test_stores_agree_on_random_metadata(postgres, row, trees):
    shard = Shard(row, None, False)
    with databases(row, postgres) as (sqlite, server):
        for tree in trees:
            expected = {i for i, one in enumerate(row) if matches(one, tree)}
            assert sqlite(tree) == expected, tree
            assert server(tree) == expected, tree
            try:
                assert shard(tree) == expected, tree
            except Unsupported:
                continue


@settings(max_examples=10, deadline=None)
@given(st.lists(long_numbers, min_size=1, max_size=30))
def test_long_floats_are_exact_in_sql_and_never_lost_in_qdrant(postgres, values):
    rows = [{"a": value} for value in values]
    shard = Shard(rows, edge.PayloadSchemaType.Float, False)
    with databases(rows, postgres) as (sqlite, server):
        for value in values[:4]:
            trees = [In("a", (value,)), *(Compare("a", op, value) for op in COMPARE)]
            for tree in trees + [Not(tree) for tree in trees[2:]]:
                expected = {i for i, row in enumerate(rows) if matches(row, tree)}
                assert sqlite(tree) == server(tree) == expected
                assert shard(tree) >= expected


def test_integers_beyond_every_float_compare_as_infinite(postgres):
    rows = [{"a": 10**400}, {"a": -(10**400)}, {"a": 1.5}]
    with databases(rows, postgres) as (sqlite, server):
        assert sqlite(Compare("a", ">", 1e308)) == server(Compare("a", ">", 1e308)) == {0}
        assert sqlite(Compare("a", "<", 2)) == server(Compare("a", "<", 2)) == {1, 2}


def test_qdrant_can_say_all_but_the_order_of_text_and_difficult_patterns(stores):
    said = ["a = 'x'", "a != 'x'", "a < 2", "a >= 0.1", "a = TRUE", "NOT (a = TRUE)", "a BETWEEN 0 AND 2"]
    said += ["a IN ('x', 1, FALSE)", "a NOT IN ('x', 'y')", "'x' = ANY(a)", "a IS NULL", "a IS NOT NULL"]
    said += ["NOT (a = 'x' OR b IS NULL)"]
    said += ["a LIKE 'x%'", "a NOT LIKE 'x%'", "a LIKE '%x%'", "a LIKE '%'", "a LIKE 'x'"]
    (sqlite, _), shards = stores
    counted = Counter(len(sqlite(parse(text)) ^ shard(parse(text))) for text in said for shard in shards)
    assert counted == {0: len(said) * len(shards)}


@pytest.mark.parametrize(
    "text", ["a < '2024'", "a LIKE '%x'", "a LIKE 'x_'", "a LIKE 'x%y'", "b = 1 AND NOT a > 'x'"]
)
def test_qdrant_says_so_when_it_cannot(text):
    with pytest.raises(Unsupported, match="Qdrant"):
        to_qdrant(parse(text))


def test_a_name_that_a_store_cannot_hold_is_refused():
    with pytest.raises(Unsupported, match="rename"):
        to_qdrant(IsNull('a"b'))
    with pytest.raises(BadInput, match="name"):
        to_sql(IsNull('a"b'), table.c.fields)


@pytest.mark.parametrize("of", [sqlite_dialect(), postgres_dialect()], ids=lambda of: of.name)
def test_sql_text_holds_no_value_and_no_name_and_few_parameters(of, postgres):
    tree = And((In("odd'name", tuple(f"v{i}" for i in range(50_000))), Compare("secret", "=", "value")))
    compiled = to_sql(tree, table.c.fields, postgres=of.name == "postgresql").compile(dialect=of)
    assert "odd" not in str(compiled)
    assert "secret" not in str(compiled)
    assert "value" not in str(compiled).replace(".value", "").replace("param", "")
    assert len(compiled.params) < 20
    with databases([{"odd'name": "v49999", "secret": "value"}], postgres) as (sqlite, server):
        assert sqlite(tree) == server(tree) == {0}


def test_a_long_filter_stays_within_a_databases_depth(postgres):
    text = " OR ".join(["a=1"] * 570)[:4000].rsplit(" OR ", 1)[0]
    deep = "NOT (" * 19 + text[:3700].rsplit(" OR ", 1)[0] + ")" * 19
    with databases([{"a": 1}], postgres) as stores:
        for store in stores:
            assert store(parse(text)) == {0}
            assert store(parse(deep)) == set()
