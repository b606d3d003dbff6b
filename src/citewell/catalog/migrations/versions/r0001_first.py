"""The tables as they were when revisions began, on 23 November 2026.

Libraries of before then have no revision, and may lack tables or columns that came late: they get them here.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    inspect,
    text,
)
from sqlalchemy.schema import CreateColumn

from citewell.catalog.types import Exact, Key, Metadata

revision = "0001"
down_revision = None
metadata = MetaData()

meta = Table(
    "meta", metadata, Column("name", String, primary_key=True), Column("value", Text, nullable=False)
)

versions = Table(
    "versions",
    metadata,
    Column("key", Key, primary_key=True, autoincrement=False),
    Column("document_id", Exact, nullable=False),
    Column("number", Integer, nullable=False),
    Column("current", Boolean, nullable=False),
    Column("title", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("media_type", String, nullable=False),
    Column("fields", Metadata, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("passages", Integer, nullable=False),
    Column("characters", Integer, nullable=False),
    Column("added_at", String, nullable=False),
    Column("updated_at", String, nullable=False),
    Column("text", Text, nullable=False),
)
# SQLite uses a partial index only for conditions that are written as the index's own is.
Index(
    "one_current",
    versions.c.document_id,
    unique=True,
    sqlite_where=text("current = 1"),
    postgresql_where=text("current"),
)
Index("pending", versions.c.key, sqlite_where=text("current = 0"), postgresql_where=text("NOT current"))
Index("numbers", versions.c.document_id, versions.c.number)

passages = Table(
    "passages",
    metadata,
    Column("key", Key, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("line", Integer, nullable=False),
    Column("page", Integer),
    Column("vector", LargeBinary, nullable=False),
    Column("heading", Text, nullable=False),
    Column("context", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("written", Text, nullable=False, server_default=""),
    sqlite_with_rowid=False,
)
Index("by_vector", passages.c.vector)

representations = Table(
    "representations",
    metadata,
    Column("key", Key, primary_key=True),
    Column("place", Key, primary_key=True),
    Column("vector", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
Index("represented_by", representations.c.vector)

suspicions = Table(
    "suspicions",
    metadata,
    Column("key", Key, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("score", Float, nullable=False),
    Column("state", String, nullable=False),
    Column("parts", Text, nullable=False),
    sqlite_with_rowid=False,
)

releases = Table(
    "releases",
    metadata,
    Column("document_id", Exact, primary_key=True),
    Column("text", LargeBinary, primary_key=True),
    sqlite_with_rowid=False,
)

vectors = Table(
    "vectors",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("vector", LargeBinary, nullable=False),
)

written = Table(
    "written",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("text", Text, nullable=False),
    Column("model", String, nullable=False),
    Column("prompt", String, nullable=False),
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    Column("written_at", Float, nullable=False),
)

writings = Table(
    "writings",
    metadata,
    Column("key", Key, primary_key=True),
    Column("hash", LargeBinary, primary_key=True),
    sqlite_with_rowid=False,
)
Index("written_for", writings.c.hash)

journal = Table(
    "journal",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("op", String, nullable=False),
    Column("key", Key, nullable=False),
    Column("passages", Integer, nullable=False),
    sqlite_autoincrement=True,
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", String, primary_key=True),
    Column("started_at", String, nullable=False),
    Column("updated_at", String, nullable=False),
)
Index("latest", conversations.c.updated_at)

turns = Table(
    "turns",
    metadata,
    Column("conversation", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("created_at", String, nullable=False),
    Column("model", Text, nullable=False),
    Column("prompt", Text, nullable=False),
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    sqlite_with_rowid=False,
)

items = Table(
    "items",
    metadata,
    Column("source", String, primary_key=True),
    Column("item", String, primary_key=True),
    Column("stamp", String, nullable=False),
    Column("documents", Text, nullable=False),
    Column("synced_at", Float, nullable=False),
)


def upgrade() -> None:
    """Make what is not there."""
    sql = op.get_bind()
    there = inspect(sql)
    for table in metadata.sorted_tables:
        if not there.has_table(table.name):
            table.create(sql)
            continue
        names = {column["name"] for column in there.get_columns(table.name)}
        for column in table.columns:
            if column.name not in names:
                made = CreateColumn(column).compile(sql)
                sql.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {made}")
        for index in table.indexes:
            index.create(sql, checkfirst=True)
