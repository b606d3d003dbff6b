"""SQLite as the catalog needs it: its settings, and its errors as ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

from citewell.errors import CitewellError, Corrupt, OutOfSpace

WAIT: Final = 30
"""Seconds that a statement waits for another process or thread that writes."""


def open_sqlite(path: Path) -> Engine:
    """Open a file in WAL mode with synchronous=FULL: a commit survives a power cut."""
    engine: Engine = create_engine(
        f"sqlite:///{path}", connect_args={"timeout": WAIT, "check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def sqlite_error(error: DBAPIError) -> CitewellError | None:
    """Return what SQLite's error means for the caller; None for what is a bug."""
    text = str(error.orig)
    if any(word in text for word in ("full", "readonly", "unable to open", "disk I/O")):
        return OutOfSpace(
            f"the catalog cannot be written: {text}; nothing acknowledged is lost: free some space, "
            "or make the folder writable, and try again"
        )
    if "malformed" in text or "not a database" in text:
        return Corrupt(f"the catalog is damaged: {text}; restore its folder from a backup")
    return None


def empty_log(engine: Engine) -> None:
    """Empty the log: what was erased is overwritten in the file, but the log still holds the pages as they were.

    A reader that is in the way is waited for half a second; the log is then emptied by the next call, or at closing.
    """
    with engine.connect() as sql:
        sql.exec_driver_sql("PRAGMA busy_timeout=500")
        sql.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
        sql.exec_driver_sql(f"PRAGMA busy_timeout={WAIT * 1000}")
