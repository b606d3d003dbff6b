"""Bytes that were read while listing, until they are fetched: in one temporary file, not in memory."""

from __future__ import annotations

import tempfile
import threading
from typing import Final

from citewell.errors import Unreadable

MOST_BYTES: Final = 4 * 1024**3
"""What one listing may keep: past it the source is refused, before the disk is full."""


class Spool:
    """Maps names to bytes. The file has no name, and goes away with the object. Safe to share between threads."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._file = tempfile.TemporaryFile(prefix="citewell-")  # noqa: SIM115  (it lives as long as the object)
        self._places: dict[str, tuple[int, int]] = {}
        self._end, self._most, self._lock = 0, most, threading.Lock()

    def put(self, name: str, data: bytes) -> None:
        """Keep bytes. Unreadable when all together are too many."""
        with self._lock:
            if self._end + len(data) > self._most:
                raise Unreadable(
                    name, f"is past {self._most} bytes that one listing may keep; narrow the source"
                )
            self._file.seek(self._end)
            self._file.write(data)
            self._places[name] = (self._end, len(data))
            self._end += len(data)

    def get(self, name: str) -> bytes | None:
        """Return what was kept under a name, or None."""
        with self._lock:
            if name not in self._places:
                return None
            start, size = self._places[name]
            self._file.seek(start)
            return self._file.read(size)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._file.truncate(0)
            self._places.clear()
            self._end = 0
