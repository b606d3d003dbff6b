"""What was last taken in from each source, in SQL. Every method is one transaction, durable when it returns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import delete, select, update
from sqlalchemy.engine import Engine

from citewell.catalog import schema
from citewell.catalog.engine import batches, replace_in, translated


class Taken:
    """The table `items`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def items(self, source: str) -> dict[str, tuple[str, list[str]]]:
        """Return {item: (stamp, document ids)} of what was last taken in from a source."""
        i = schema.items.c
        with translated(), self._engine.connect() as sql:
            rows = sql.execute(select(i.item, i.stamp, i.documents).where(i.source == source))
            return {row[0]: (row[1], json.loads(row[2])) for row in rows}

    def others(self, source: str) -> dict[str, str]:
        """Return {item: source} of what other sources have brought in."""
        i = schema.items.c
        with translated(), self._engine.connect() as sql:
            return {row[0]: row[1] for row in sql.execute(select(i.item, i.source).where(i.source != source))}

    def sources(self) -> list[str]:
        """Return the names of the sources that documents came from."""
        with translated(), self._engine.connect() as sql:
            return sorted(sql.execute(select(schema.items.c.source).distinct()).scalars())

    def note(self, source: str, taken: Sequence[tuple[str, str, list[str]]]) -> None:
        """Remember (item, stamp, document ids) of what was taken in."""
        now = datetime.now(UTC).timestamp()
        rows = [
            {"source": source, "item": item, "stamp": stamp, "documents": json.dumps(ids), "synced_at": now}
            for item, stamp, ids in taken
        ]
        if rows:
            with translated(), self._engine.begin() as sql:
                sql.execute(replace_in(sql, schema.items), rows)

    def forget(self, source: str, items: Sequence[str]) -> None:
        """Forget items that a source no longer lists."""
        i = schema.items.c
        with translated(), self._engine.begin() as sql:
            for some in batches(list(items)):
                sql.execute(delete(schema.items).where(i.source == source, i.item.in_(some)))

    def forget_stamps(self) -> None:
        """Let every source's items count as changed."""
        with translated(), self._engine.begin() as sql:
            sql.execute(update(schema.items).values(stamp=""))
