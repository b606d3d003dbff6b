"""What is done in the background, never in a request's way: the index flushed and optimised, this process's lease
renewed, and done what dead ones left."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from citewell.catalog import Catalog, Fenced
from citewell.errors import CitewellError
from citewell.protocols import Index
from citewell.recover import PointsOf, replay, sweep

FLUSH_SECONDS = 2.0
"""A flush holds everything up for some 20 ms; what it would save is replayed from the journal after a crash."""
OPTIMIZE_AFTER = 2_000
"""Passages changed since the last time before optimising is worth it."""
BEATS = 3
"""How often a lease is renewed before it would run out."""
QUIET_SECONDS = 3.0
OPTIMIZE_ANYWAY = 30_000

log = logging.getLogger("citewell")


class Upkeep:
    """One thread that flushes the index a little after each change and optimises when it is quiet.

    `points` are those of a version. Where several processes write, a second thread keeps this one's lease.
    """

    def __init__(self, catalog: Catalog, index: Index, lease: threading.Lock, points: PointsOf) -> None:
        self.state = "idle"
        self._catalog, self._index, self._lease, self._points = catalog, index, lease, points
        self._owing = False
        self._dirty, self._changed, self._last = False, 0, 0.0
        self._wake, self._stopping = threading.Event(), False
        runs = [self._run, self._live] if catalog.workers.me else [self._run]
        self._threads = [threading.Thread(target=run, name="upkeep", daemon=True) for run in runs]
        for thread in self._threads:
            thread.start()

    def note(self, passages: int) -> None:
        """Say that passages were put or dropped."""
        self._changed += passages
        self._dirty, self._last = True, time.monotonic()

    def drop(self, ids: Sequence[str]) -> None:
        """Drop points of what the catalog has forgotten: an index that cannot now does it later. Hold the lease."""
        try:
            self._index.drop(ids)
        except CitewellError as error:
            log.warning("the index will drop %d points later: %s", len(ids), error)
            self.owe()

    def owe(self) -> None:
        """Say that the journal has to be replayed before it is forgotten."""
        self._owing = self._dirty = True

    def sweep(self) -> None:
        """Do what dead workers have left undone. Who was itself taken for dead goes on under a new name."""
        with self._lease:
            self._catalog.workers.keep()
            try:
                sweep(self._catalog, self._index, self._points)
            except Fenced:
                self._catalog.workers.rejoin()

    def flush(self) -> None:
        """Make the index durable, then forget the journal up to where it stood before."""
        with self._lease:  # nothing is half done while the lease is held
            upto = self._catalog.journal.last()
            if self._owing:
                replay(self._catalog, self._index, self._points)
            self._dirty = self._owing = False
        self._index.flush()
        self._catalog.journal.forget(upto)

    def stop(self) -> None:
        """Stop the thread, after a last flush."""
        self._stopping = True
        self._wake.set()
        for thread in self._threads:
            thread.join()
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

    def _live(self) -> None:
        """Renew the lease, and look for those who did not renew theirs."""
        workers = self._catalog.workers
        while not self._stopping:
            try:
                if not workers.beat() and not workers.exclusive:
                    with self._lease:
                        workers.rejoin()
                # Whoever writes now, or opens the library, holds the lease: then it can wait.
                if self._lease.acquire(blocking=False):
                    try:
                        sweep(self._catalog, self._index, self._points)
                    finally:
                        self._lease.release()
            except CitewellError as error:
                log.warning("this process's lease could not be renewed, will try again: %s", error)
            self._wake.wait(workers.lease / BEATS)

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
