"""The catalog's tables.

A row of `versions` is one version of one document; `current` turns true in the transaction that
acknowledges it. A row of `journal` is a change that the index may not hold durably yet: it is
forgotten only after the index was flushed, and replayed when a library is opened.

Whoever changes a table here adds a revision in `migrations/` and sets REVISION: see CONTRIBUTING.md.
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

from citewell.catalog.types import Exact, Key, Metadata

REVISION: Final = "0005"
"""The newest revision: what these tables are."""
VERSION: Final = 1
"""What a Citewell that knew no revisions compares; it stays."""
metadata = MetaData()

revisions = Table(
    "alembic_version", MetaData(), Column("version_num", String(32), primary_key=True, nullable=False)
)

meta = Table(
    "meta", metadata, Column("name", String, primary_key=True), Column("value", Text, nullable=False)
)

versions = Table(
    "versions",
    metadata,
    # A random 63-bit number: the upper half of every passage id of this version. Never reused.
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
    # The access list that the last add said, if any did; the one in force is in `fields`.
    Column("given", Text),
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
    # Further points of a version's passages; `place` is the lower half of the point's id.
    Column("key", Key, primary_key=True),
    Column("place", Key, primary_key=True),
    Column("vector", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
Index("represented_by", representations.c.vector)

suspicions = Table(
    "suspicions",
    metadata,
    # What reads as an instruction to a model, or is hidden, in a passage; most passages have no row.
    Column("key", Key, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("score", Float, nullable=False),
    Column("state", String, nullable=False),  # noted | quarantined | released
    Column("parts", Text, nullable=False),
    sqlite_with_rowid=False,
)

releases = Table(
    "releases",
    metadata,
    # Passages, by the hash of their text, that a person has let go: later versions of the document keep that.
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
    # What a chat model wrote at ingest, by the hash of what decides it: kept the moment it comes, never paid twice.
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
    # Which versions use a written text: one that no version uses any more is erased.
    Column("key", Key, primary_key=True),
    Column("hash", LargeBinary, primary_key=True),
    sqlite_with_rowid=False,
)
Index("written_for", writings.c.hash)

journal = Table(
    "journal",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("op", String, nullable=False),  # put | drop
    Column("key", Key, nullable=False),
    Column("passages", Integer, nullable=False),
    Column("worker", String, nullable=False, server_default=""),  # whose change it is; "" on SQLite
    Column("places", Text, nullable=False, server_default="[]"),  # JSON, of the version's further points
    sqlite_autoincrement=True,
)
Index("changes_of", journal.c.worker, journal.c.id)

workers = Table(
    "workers",
    metadata,
    # The processes that write to a catalog on a server. One whose lease has run out is dead: others take over what it
    # left and delete its row, after which nothing that it still tries can be committed.
    Column("id", String, primary_key=True),
    Column("expires_at", Float, nullable=False),  # seconds of the server's own clock
    Column("exclusive", Boolean, nullable=False),
    Column("host", String, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("url", Text, nullable=False),
)

claims = Table(
    "claims",
    metadata,
    # Documents that a worker is writing now; nobody else does meanwhile.
    Column("document_id", Exact, primary_key=True),
    Column("worker", String, nullable=False),
)
Index("claimed_by", claims.c.worker)

conversations = Table(
    "conversations",
    metadata,
    Column("id", String, primary_key=True),
    Column("started_at", String, nullable=False),
    Column("updated_at", String, nullable=False),
    # Who it was begun by, as `Access` is written. Those of an older Citewell are the owner's.
    Column("access", Text, nullable=False, server_default="*"),
)
Index("latest", conversations.c.updated_at)

turns = Table(
    "turns",
    metadata,
    Column("conversation", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),  # JSON, without the passages shown
    Column("created_at", String, nullable=False),
    Column("model", Text, nullable=False),
    Column("prompt", Text, nullable=False),
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    sqlite_with_rowid=False,
)

shown = Table(
    "shown",
    metadata,
    # Which documents a kept answer was written from: when one is removed, what it said is removed there too.
    Column("document_id", String, primary_key=True),
    Column("conversation", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    sqlite_with_rowid=False,
)
Index("shown_in", shown.c.conversation)

items = Table(
    "items",
    metadata,
    Column("source", String, primary_key=True),
    Column("item", String, primary_key=True),
    Column("stamp", String, nullable=False),
    Column("documents", Text, nullable=False),
    Column("synced_at", Float, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    # How a source's last run went; `memory` (JSON) is what the source asked to be kept for the next one.
    Column("source", String, primary_key=True),
    Column("last_run", String, nullable=False),
    Column("last_success", String, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("counts", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("held", Boolean, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("memory", Text, nullable=False),
)

spend = Table(
    "spend",
    metadata,
    # A row for every call to a service, written before the call: what a crash leaves "running" counts at its most.
    Column("id", Key, primary_key=True, autoincrement=False),
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
    Column("cost", Key),  # pico-dollars; null is unknown
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
    Column("version", Key, primary_key=True),
    Column("answer", LargeBinary, primary_key=True),
    sqlite_with_rowid=False,
)
Index("versions_of_answer", answer_versions.c.answer)
