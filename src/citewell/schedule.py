"""When do sources run, and how did they go? Runs on demand, by the clock and on changes, one at a time for a source."""

from __future__ import annotations

import builtins
import logging
import math
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from citewell.catalog import Catalog
from citewell.declared import SourceConfig
from citewell.errors import CitewellError, NotFound
from citewell.incoming import Added, Blob, Failure, Item
from citewell.protocols import Remembers, Skips, Source, Watchable
from citewell.sourced import Run, SourceState, State

Report: TypeAlias = Callable[[Added | Failure | str], None]
Sync: TypeAlias = Callable[[Source, Report, float], None]
LONGEST: Final = 86400.0
"""Seconds: a source that keeps failing is tried once a day, or as often as it is meant to run if that is rarer."""
FIRST: Final = 60.0
"""Seconds after which a source that failed is tried again; each further time twice that."""

log = logging.getLogger("citewell")


@dataclass(frozen=True)
class Planned:
    """A configured source. `make` returns it as an adapter, with what it remembers."""

    config: SourceConfig
    name: str
    make: Callable[[dict[str, Any]], Source]


@dataclass(frozen=True)
class Stoppable:
    """A source that ends with Stopping once it is told to."""

    source: Source
    stop: threading.Event

    @property
    def name(self) -> str:
        return self.source.name

    def items(self) -> Iterator[Item]:
        """List the source."""
        for item in self.source.items():
            self._check()
            yield item

    def fetch(self, item: Item) -> Blob:
        """Return an item's bytes."""
        self._check()
        return self.source.fetch(item)

    def _check(self) -> None:
        if self.stop.is_set():
            raise Stopping(
                "the library is being closed; what was taken in is kept, the rest comes with the next run"
            )


class Stopping(CitewellError):
    """The library is being closed."""


@dataclass
class Record:
    """Counts what a run does, and passes it on. What is said of the source itself is why nothing was removed."""

    name: str
    report: Report
    counts: Counter[str] = field(default_factory=Counter)
    held: str = ""

    def __call__(self, outcome: Added | Failure | str) -> None:
        """Take one outcome."""
        if isinstance(outcome, Added):
            self.counts[outcome.status] += 1
        elif isinstance(outcome, str):
            self.counts["removed"] += 1
        elif outcome.name == self.name:
            self.held = outcome.reason
        else:
            self.counts["failed"] += 1
        self.report(outcome)


class Sources:
    """The configured sources of a library: their state, runs on demand, and the schedule. Safe to share."""

    def __init__(self, sync: Sync, catalog: Catalog, planned: Sequence[Planned]) -> None:
        self._sync, self._runs = sync, catalog.runs
        self._planned = {one.config.name: one for one in planned}
        self._locks = {name: threading.Lock() for name in self._planned}
        self._last = self._runs.last()
        self._stop = threading.Event()
        self._threads: builtins.list[threading.Thread] = []

    def names(self) -> builtins.list[str]:
        """Return the names of the configured sources."""
        return [*self._planned]

    def source(self, name: str) -> Source:
        """Return a configured source as an adapter. NotFound for another name; MissingExtra without its package."""
        planned = self._known(name)
        return planned.make(self._runs.memory(planned.name))

    def list(self) -> builtins.list[SourceState]:
        """Return how each source stands: the configured ones, then others that documents came from."""
        items = self._runs.items()
        ours = [self._state(one, items.pop(one.name, 0)) for one in self._planned.values()]
        return ours + [
            SourceState(name, name.partition(":")[0], "not configured", items=count)
            for name, count in sorted(items.items())
        ]

    def run(
        self,
        name: str,
        report: Report = lambda outcome: None,
        prune: float | None = None,
        seen: Callable[[Source], Source] = lambda source: source,
    ) -> SourceState:
        """Sync a source now and return how it stands. What goes wrong is kept in its state, and raised.

        `prune` is the largest share that may be removed, by default the configured one. `seen` wraps the source, to
        see what it lists. Waits while it is running.
        """
        planned = self._known(name)
        with self._locks[name]:
            self._run(planned, report, planned.config.most_removed if prune is None else prune, seen)
        return self._state(planned, self._runs.items().get(planned.name, 0))

    def start(self, report: Report = lambda outcome: None) -> None:
        """Run what is due and go on, each source in a thread of its own, until `stop`.

        `report` is called from those threads.
        """
        for planned in self._planned.values():
            if planned.config.every or planned.config.watch:
                name = f"source {planned.config.name}"
                self._threads.append(
                    threading.Thread(target=self._keep, args=(planned, report), name=name, daemon=True)
                )
                self._threads[-1].start()

    def stop(self) -> None:
        """End the schedule; a run that is under way ends after the document that it is at."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    # -- inside ---------------------------------------------------------------------------------------

    def _known(self, name: str) -> Planned:
        if name not in self._planned:
            known = ", ".join(map(repr, self._planned)) or "none"
            raise NotFound(f"no source {name!r} is configured; there is {known}")
        return self._planned[name]

    def _run(self, planned: Planned, report: Report, prune: float, seen: Callable[[Source], Source]) -> None:
        record, began, clock = Record(planned.name, report), datetime.now(UTC), time.monotonic()
        error, memory = "", None
        try:
            source = self.source(planned.config.name)
            self._sync(Stoppable(seen(source), self._stop), record, prune)
            memory = source.memory if isinstance(source, Remembers) else None
            if isinstance(source, Skips):
                record.counts["skipped"] = sum(source.skipped().values())
        except BaseException as raised:
            error = str(raised) or type(raised).__name__
            raise
        finally:
            if not self._stop.is_set():
                seconds = round(time.monotonic() - clock, 3)
                before = self._last[planned.name][0].failures if planned.name in self._last else 0
                run = Run(
                    began.isoformat(timespec="milliseconds"),
                    seconds,
                    dict(record.counts),
                    error or record.held,
                    bool(record.held),
                    before + 1 if error else 0,
                )
                self._runs.note(planned.name, run, memory)
                self._last = self._runs.last()

    def _keep(self, planned: Planned, report: Report) -> None:
        """Run a source by the clock and on changes. Whatever goes wrong is in its state, and it is tried again."""
        for changed in self._ticks(planned):
            if changed or time.time() >= self._due(planned):
                try:
                    self.run(planned.config.name, report)
                except Exception as error:  # a source, or what it holds, may be anything: the next run comes
                    log.warning("source %s failed: %s", planned.config.name, error)

    def _ticks(self, planned: Planned) -> Iterator[bool]:
        """Yield True when something changed in a watched source, False every second, until `stop`."""
        broken = True  # what changes before the watching begins is not told
        while not self._stop.is_set():
            if planned.config.watch:
                try:
                    source = self.source(planned.config.name)
                    assert isinstance(source, Watchable)
                    for changed in source.changed(self._stop):
                        yield changed or broken
                        broken = False
                except CitewellError as error:
                    log.log(logging.DEBUG if broken else logging.WARNING, "cannot be watched: %s", error)
                    broken = True
            if not self._stop.wait(1.0):
                yield False

    def _due(self, planned: Planned) -> float:
        """Return when a source is to run next, in seconds since 1970.

        After a failure it is tried again in a minute, and twice as long after each further one; the odd tenth keeps
        sources that failed together from coming together.
        """
        every = planned.config.every
        run = self._last[planned.name][0] if planned.name in self._last else None
        if run is None:
            return 0.0
        ended = datetime.fromisoformat(run.began).timestamp() + run.seconds
        if not run.failures:
            return ended + every if every else math.inf
        again = min(every or FIRST, FIRST) * 2 ** min(run.failures - 1, 30)
        odd = random.Random(f"{planned.name} {run.began}").uniform(1.0, 1.1)
        return float(ended + min(again, max(every, LONGEST)) * odd)

    def _state(self, planned: Planned, items: int) -> SourceState:
        config = planned.config
        shown = SourceState(config.name, config.kind, "new", config.every, config.watch, items)
        if planned.name in self._last:
            run, success = self._last[planned.name]
            state: State = "failing" if run.failures else "held" if run.held else "ok"
            shown = replace(
                shown,
                state=state,
                last_run=run.began,
                last_success=success,
                seconds=run.seconds,
                counts=run.counts,
                error=run.error,
                failures=run.failures,
            )
        due = self._due(planned) if config.every or config.watch else math.inf
        if self._threads and due < math.inf:
            next_run = datetime.fromtimestamp(max(due, time.time()), UTC).isoformat(timespec="seconds")
            shown = replace(shown, next_run=next_run)
        return replace(shown, state="running") if self._locks[config.name].locked() else shown
