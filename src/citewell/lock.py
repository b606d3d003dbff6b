"""One process at a time: who holds a library, and where to reach it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from filelock import FileLock, Timeout

from citewell.errors import InUse, OutOfSpace


class Holder:
    """The lock on a library's folder. The system releases it when the process dies."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "holder.json"
        self._lock = FileLock(folder / "lock")
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise _in_use(folder, self._file) from None
        except OSError as error:
            raise OutOfSpace(
                f"the library folder {str(folder)!r} cannot be written: {error.strerror}"
            ) from error
        self.announce(None)

    def announce(self, url: str | None) -> None:
        """Write who holds the library, and the URL it is served at."""
        holder = {"pid": os.getpid(), "command": " ".join(sys.argv[:2])[:200], "url": url}
        temporary = self._file.with_suffix(".new")
        temporary.write_text(json.dumps(holder))
        os.replace(temporary, self._file)

    def release(self) -> None:
        """Give the library free."""
        self._file.unlink(missing_ok=True)
        self._lock.release()


def _in_use(folder: Path, file: Path) -> InUse:
    try:
        holder = json.loads(file.read_text())
    except (OSError, ValueError):
        holder = {}
    pid, url = holder.get("pid"), holder.get("url")
    remedy = f"use it with --server {url}" if url else "wait for it, or stop it"
    return InUse(
        f"the library {str(folder)!r} is held by process {pid} ({holder.get('command', 'unknown')}); {remedy}",
        pid=pid,
        url=url,
    )
