"""What is run for every document and every search must find its rows by an index, however large a library is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import event

from citewell.model import Document, Query
from tests.failure.worker import open_library

LARGE = ("versions", "passages", "vectors")


def test_adding_searching_and_removing_scan_no_large_table(tmp_path: Path) -> None:
    with open_library(tmp_path / "library", create=True) as library:
        engine = library._parts.catalog._engine
        asked: list[tuple[str, Any]] = []
        event.listen(
            engine,
            "before_cursor_execute",
            lambda _c, _cursor, sql, values, _x, many: asked.append((sql, values[0] if many else values)),
        )
        library.add(Document("a.md", "The kettle boils."))
        library.add(Document("a.md", "The kettle boils again."))
        assert library.search(Query("kettle"))
        library.remove("a.md")
        statements = dict(asked)
        assert len(statements) > 10
        plans = []
        with engine.connect() as connection:
            for sql, values in statements.items():
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
                plans += [(row[3], sql) for row in rows if sql.split()[0] != "PRAGMA"]
    scans = [(plan, sql) for plan, sql in plans if plan.startswith(tuple(f"SCAN {name}" for name in LARGE))]
    assert scans == []
