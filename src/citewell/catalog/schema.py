"""The catalog's tables.

A row of `versions` is one version of one document; `current` turns true in the transaction that
acknowledges it. A row of `journal` is a change that the index may not hold durably yet: it is
forgotten only after the index was flushed, and replayed when a library is opened.
"""

from __future__ import annotations

from typing import Final

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
    text,
)

VERSION: Final = 1
metadata = MetaData()

meta = Table(
    "meta", metadata, Column("name", String, primary_key=True), Column("value", Text, nullable=False)
)

versions = Table(
    "versions",
    metadata,
    # A random 63-bit number: the upper half of every passage id of this version. Never reused.
    Column("key", Integer, primary_key=True, autoincrement=False),
    Column("document_id", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("current", Boolean, nullable=False),
    Column("title", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("media_type", String, nullable=False),
    Column("fields", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("passages", Integer, nullable=False),
    Column("characters", Integer, nullable=False),
    Column("added_at", String, nullable=False),
    Column("updated_at", String, nullable=False),
    Column("text", Text, nullable=False),
)
# SQLite uses a partial index only for conditions that are written as the index's own is.
Index("one_current", versions.c.document_id, unique=True, sqlite_where=text("current = 1"))
Index("pending", versions.c.key, sqlite_where=text("current = 0"))
Index("numbers", versions.c.document_id, versions.c.number)

passages = Table(
    "passages",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("line", Integer, nullable=False),
    Column("page", Integer),
    Column("vector", LargeBinary, nullable=False),
    Column("heading", Text, nullable=False),
    Column("context", Text, nullable=False),
    Column("text", Text, nullable=False),
    sqlite_with_rowid=False,
)
Index("by_vector", passages.c.vector)

representations = Table(
    "representations",
    metadata,
    # Further points of a version's passages; `place` is the lower half of the point's id.
    Column("key", Integer, primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("vector", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
Index("represented_by", representations.c.vector)

vectors = Table(
    "vectors",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("vector", LargeBinary, nullable=False),
)

journal = Table(
    "journal",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("op", String, nullable=False),  # put | drop
    Column("key", Integer, nullable=False),
    Column("passages", Integer, nullable=False),
    sqlite_autoincrement=True,
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

spend = Table(
    "spend",
    metadata,
    # A row for every call to a service, written before the call: what a crash leaves "running" counts at its most.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("at", String, nullable=False),
    Column("day", String, nullable=False),
    Column("request", String, nullable=False),
    Column("key", String, nullable=False),
    Column("kind", String, nullable=False),  # chat | embed | rerank
    Column("model", String, nullable=False),
    Column("status", String, nullable=False),  # running | done | failed | left | lost
    Column("prompt_tokens", Integer, nullable=False),
    Column("cached_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    Column("searches", Integer, nullable=False),
    Column("estimated", Boolean, nullable=False),
    Column("expected_tokens", Integer, nullable=False),  # what the prompt was thought to be
    Column("cost", Integer),  # pico-dollars; null is unknown
)
Index("spend_by_day", spend.c.day)
Index("spend_by_model", spend.c.kind, spend.c.model, spend.c.id)

answers = Table(
    "answers",
    metadata,
    # What a model wrote to a prompt. `library`: it may hold words of any document, so any change forgets it.
    Column("key", LargeBinary, primary_key=True),
    Column("text", Text, nullable=False),
    Column("model", String, nullable=False),
    Column("library", Boolean, nullable=False),
    Column("made_at", Float, nullable=False),
)
Index("answers_by_age", answers.c.made_at)

answer_versions = Table(
    "answer_versions",
    metadata,
    # The versions of documents that a prompt showed. Erasing one erases the answer in the same transaction.
    Column("version", Integer, primary_key=True),
    Column("answer", LargeBinary, primary_key=True),
    sqlite_with_rowid=False,
)
Index("versions_of_answer", answer_versions.c.answer)
