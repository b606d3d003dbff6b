"""How the sources' last runs went, and what each remembers between runs, in SQL. Every method is one transaction."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.engine import Engine

from citewell.catalog import schema
from citewell.catalog.engine import replace_in, translated
from citewell.sourced import Run


class Runs:
    """The table `sources`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def note(self, source: str, run: Run, memory: dict[str, Any] | None = None) -> None:
        """Keep how a run went; a `memory` of None leaves the one that is there."""
        s = schema.sources.c
        with translated(), self._engine.begin() as sql:
            before = sql.execute(select(s.last_success, s.memory).where(s.source == source)).one_or_none()
            success, kept = before or ("", "{}")
            row = {
                "source": source,
                "last_run": run.began,
                "last_success": success if run.error else run.began,
                "seconds": run.seconds,
                "counts": json.dumps(dict(run.counts)),
                "error": run.error,
                "held": run.held,
                "failures": run.failures,
                "memory": kept if memory is None else json.dumps(memory),
            }
            sql.execute(replace_in(sql, schema.sources).values(**row))

    def last(self) -> dict[str, tuple[Run, str]]:
        """Return {source: (its last run, when one last went well or "")}."""
        s = schema.sources.c
        columns = (s.source, s.last_run, s.seconds, s.counts, s.error, s.held, s.failures, s.last_success)
        with translated(), self._engine.connect() as sql:
            rows = sql.execute(select(*columns)).all()
        return {
            row[0]: (Run(row[1], row[2], json.loads(row[3]), row[4], bool(row[5]), row[6]), row[7])
            for row in rows
        }

    def memory(self, source: str) -> dict[str, Any]:
        """Return what a source remembers; {} when it never ran."""
        s = schema.sources.c
        with translated(), self._engine.connect() as sql:
            found: dict[str, Any] = json.loads(
                sql.execute(select(s.memory).where(s.source == source)).scalar() or "{}"
            )
        return found

    def items(self) -> dict[str, int]:
        """Return {source: how many of its items documents came from}."""
        i = schema.items.c
        with translated(), self._engine.connect() as sql:
            rows = sql.execute(select(i.source, func.count()).group_by(i.source))
            return {row[0]: row[1] for row in rows}

    def forget(self, source: str) -> None:
        """Forget a source's runs, its memory and its items."""
        with translated(), self._engine.begin() as sql:
            sql.execute(delete(schema.sources).where(schema.sources.c.source == source))
            sql.execute(delete(schema.items).where(schema.items.c.source == source))
