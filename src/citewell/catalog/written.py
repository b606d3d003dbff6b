"""What a chat model wrote at ingest: kept the moment it comes, used by versions, erased with the last of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import ColumnElement, bindparam, delete, func, literal, select
from sqlalchemy.engine import Connection

from citewell.catalog import schema
from citewell.catalog.engine import batches, insert_new, replace_in
from citewell.model import Document, Usage

t, w, v = schema.written.c, schema.writings.c, schema.versions.c
UNUSED_DAYS: Final = 30
"""How long a text is kept for a document that never came in: long enough to mend what failed."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One text: its hash, what wrote it with which prompt file, and the tokens that it took."""

    hash: bytes
    text: str
    model: str
    prompt: str
    usage: Usage


@dataclass(frozen=True)
class Texts:
    """The texts of a catalog. Every call is one transaction, durable when it returns."""

    transaction: Callable[[], AbstractContextManager[Connection]]

    def known(self, hashes: Iterable[bytes]) -> dict[bytes, str]:
        """Return the texts that there are among these hashes."""
        wanted = list(set(hashes))
        found: dict[bytes, str] = {}
        with self.transaction() as sql:
            for some in batches(wanted):
                query = select(t.hash, t.text).where(t.hash.in_(some))
                found.update((row[0], row[1]) for row in sql.execute(query))
        return found

    def keep(self, one: Kept) -> None:
        """Keep a text that has just been paid for."""
        row = {
            "hash": one.hash, "text": one.text, "model": one.model, "prompt": one.prompt,
            "prompt_tokens": one.usage.prompt_tokens, "completion_tokens": one.usage.completion_tokens,
            "written_at": datetime.now(UTC).timestamp(),
        }  # fmt: skip
        with self.transaction() as sql:
            sql.execute(replace_in(sql, schema.written).values(**row))

    def usual(self, model: str, prompt: str) -> float | None:
        """Return the mean length, in tokens, of what a model has written with a prompt; None before its first."""
        query = select(func.avg(t.completion_tokens)).where(t.model == model, t.prompt == prompt)
        with self.transaction() as sql:
            mean = sql.execute(query.where(t.completion_tokens > 0)).scalar()
        return None if mean is None else float(mean)

    def forget_unused(self, days: float = UNUSED_DAYS) -> None:
        """Erase what was written for documents that have not come in since so many days."""
        before = datetime.now(UTC).timestamp() - days * 86_400
        used = select(w.hash).where(w.hash == t.hash).exists()
        with self.transaction() as sql:
            sql.execute(delete(schema.written).where(t.written_at < before, ~used))


def use(sql: Connection, key: int, document: Document, hashes: frozenset[bytes]) -> None:
    """Note what a new version uses. Where the document's text is as before, it keeps what that version used too:
    a setting that is turned off and on again pays nothing."""
    before = (v.document_id == document.id) & v.current & (v.text == document.text)
    kept = select(literal(key), w.hash).join(schema.versions, v.key == w.key).where(before)
    into = insert_new(sql, schema.writings)
    sql.execute(into.from_select(["key", "hash"], kept))
    if hashes:
        sql.execute(into, [{"key": key, "hash": one} for one in hashes])


def release(sql: Connection, keys: Sequence[int]) -> None:
    """Forget what these versions used, and erase the texts that no other uses."""
    hashes = set(sql.execute(select(w.hash).where(w.key.in_(keys))).scalars())
    if not hashes:
        return
    sql.execute(delete(schema.writings).where(w.key.in_(keys)))
    orphan: ColumnElement[bytes] = bindparam("orphan")
    still = select(w.hash).where(w.hash == orphan).exists()
    sql.execute(delete(schema.written).where(t.hash == orphan, ~still), [{"orphan": one} for one in hashes])
