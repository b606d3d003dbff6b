"""Which texts have a stored vector?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.engine import Connection

from citewell.catalog import queries, schema, sharing
from citewell.filters import Filter

if TYPE_CHECKING:
    from citewell.model import Vector


@dataclass(frozen=True)
class Embedded:
    """The vectors of a catalog, by the hash of the text that was embedded."""

    read: Callable[[], AbstractContextManager[Connection]]

    def vectors(self, hashes: Iterable[bytes]) -> dict[bytes, Vector]:
        """Return those that are stored among these, as float32."""
        with self.read() as sql:
            return queries.known(sql, hashes)

    def all(self) -> Iterator[bytes]:
        """Yield the hash of every text that has a vector."""
        with self.read() as sql:
            yield from sql.execute(select(schema.vectors.c.hash)).scalars()

    def within(self, hashes: Collection[bytes], where: Filter | None) -> set[bytes]:
        """Return those among these of texts that stand in a document that satisfies a filter."""
        if where is None:
            return set(self.vectors(hashes))
        with self.read() as sql:
            return sharing.stored(sql, hashes, where)
