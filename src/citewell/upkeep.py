"""Flushing and optimising the index in the background, never in a request's way."""

from __future__ import annotations

import logging
import threading
import time

from citewell.catalog import Catalog
from citewell.errors import CitewellError
from citewell.protocols import Index

FLUSH_SECONDS = 2.0
"""A flush holds everything up for some 20 ms; what it would save is replayed from the journal after a crash."""
OPTIMIZE_AFTER = 2_000
"""Passages changed since the last time before optimising is worth it."""
QUIET_SECONDS = 3.0
OPTIMIZE_ANYWAY = 30_000

log = logging.getLogger("citewell")


class Upkeep:
    """One thread that flushes the index a little after each change and optimises when it is quiet."""

    def __init__(self, catalog: Catalog, index: Index, lease: threading.Lock) -> None:
        self.state = "idle"
        self._catalog, self._index, self._lease = catalog, index, lease
        self._dirty, self._changed, self._last = False, 0, 0.0
        self._wake, self._stopping = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)
        self._thread.start()

    def note(self, passages: int) -> None:
        """Say that passages were put or dropped."""
        self._changed += passages
        self._dirty, self._last = True, time.monotonic()

    def flush(self) -> None:
        """Make the index durable, then forget the journal up to where it stood before."""
        with self._lease:  # nothing is half done while the lease is held
            upto = self._catalog.last_change()
            self._dirty = False
        self._index.flush()
        self._catalog.forget_changes(upto)

    def stop(self) -> None:
        """Stop the thread, after a last flush."""
        self._stopping = True
        self._wake.set()
        self._thread.join()
        self.flush()

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(FLUSH_SECONDS)
            try:
                self._once()
            except CitewellError as error:
                # Nothing is lost: the journal is kept and replayed. Said once per try, and tried again.
                log.warning("index upkeep failed, will try again: %s", error)
                self.state = f"failed: {error}"

    def _once(self) -> None:
        if self._dirty and not self._stopping:
            self.state = "flushing"
            self.flush()
        quiet = time.monotonic() - self._last > QUIET_SECONDS
        if self._changed >= OPTIMIZE_ANYWAY or (self._changed >= OPTIMIZE_AFTER and quiet):
            self.state, self._changed = "optimising", 0
            if not self._stopping:
                self._index.optimize()
                self._index.flush()
        self.state = "idle"
