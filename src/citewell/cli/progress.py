"""Progress of long work: a bar on a terminal, a plain line now and then elsewhere. Always on stderr."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from citewell.cli.output import plain
from citewell.incoming import Added, Blob, Failure, Item
from citewell.protocols import Source

BAR_AFTER: Final = 1.0
"""Seconds before a bar is drawn; quicker work shows none."""
LINE_EVERY: Final = 5.0
"""Seconds between plain lines."""


class Bar(Protocol):
    """Shows how much is done."""

    def show(self, done: int, total: int | None, rate: str) -> None: ...
    def write(self, line: str) -> None: ...


class Lines:
    """Plain lines, at most one in LINE_EVERY seconds."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._started = self._last = time.monotonic()

    def show(self, done: int, total: int | None, rate: str) -> None:
        now = time.monotonic()
        if now - self._last < LINE_EVERY:
            return
        self._last = now
        parts = [f"{done} of {total} {self._unit}" if total else f"{done} {self._unit}", rate]
        if total and done:
            parts.append(f"{(now - self._started) / done * (total - done):.0f} s left")
        print(", ".join(part for part in parts if part), file=sys.stderr, flush=True)

    def write(self, line: str) -> None:
        print(plain(line), file=sys.stderr, flush=True)


class RichBar:
    """A bar with rate and time left, drawn once the work has taken BAR_AFTER seconds."""

    def __init__(self, unit: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._started = time.monotonic()
        self._bar = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(f"{unit}  {{task.fields[rate]}}"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("", total=None, rate="")

    def show(self, done: int, total: int | None, rate: str) -> None:
        self._bar.update(self._task, completed=done, total=total, rate=rate)
        if not self._bar.live.is_started and time.monotonic() - self._started > BAR_AFTER:
            self._bar.start()

    def write(self, line: str) -> None:
        from rich.text import Text

        self._bar.console.print(Text(plain(line)), soft_wrap=True)

    def stop(self) -> None:
        if self._bar.live.is_started:
            self._bar.stop()


@contextmanager
def bar(unit: str) -> Iterator[Bar]:
    """Open a bar that suits stderr."""
    if not sys.stderr.isatty():
        yield Lines(unit)
        return
    drawn = RichBar(unit)
    try:
        yield drawn
    finally:
        drawn.stop()


@contextmanager
def waiting(words: str) -> Iterator[None]:
    """Say what is going on while something of unknown length runs: a spinner, or a line."""
    started = time.monotonic()
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
            shown.add_task(words, total=None)
            yield
    else:
        print(f"{words} …", file=sys.stderr, flush=True)
        yield
    print(f"{words}: done in {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)


@dataclass
class Tally:
    """Counts outcomes of add and sync, and shows them as they come. A failed file is one line."""

    bar: Bar
    total: int | None = None
    done: int = 0
    passages: int = 0
    embedded: int = 0
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("added", "updated", "unchanged"), 0)
    )
    failed: list[Failure] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)
    positions: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, outcome: Added | Failure | str) -> None:
        """Take one outcome, from any thread: added, failed, or the id of a removed document."""
        with self.lock:
            self._take(outcome)

    def _take(self, outcome: Added | Failure | str) -> None:
        if isinstance(outcome, Added):
            self.counts[outcome.status] += 1
            self.passages += outcome.passages
            self.embedded += outcome.embedded
            self._advance(outcome.document_id)
        elif isinstance(outcome, Failure):
            self.failed.append(outcome)
            self.bar.write(f"failed: {outcome.name}: {outcome.reason}")
            self._advance(outcome.name)
        else:
            self.removed.append(outcome)
        seconds = max(time.monotonic() - self.started, 1e-9)
        self.bar.show(
            self.done, self.total, f"{self.embedded / seconds:.0f} passages/s" if self.embedded else ""
        )

    def _advance(self, name: str) -> None:
        """What a source skips as unchanged is never reported: count by the place in its listing."""
        place = self.positions.get(name) or self.positions.get(name.rpartition("#")[0])
        self.done = max(self.done, place) if place is not None else self.done + 1

    def skip(self, counts: Mapping[str, int]) -> None:
        """Note files that were passed over, by reason."""
        for reason, count in counts.items():
            self.skipped[reason] = self.skipped.get(reason, 0) + count

    def seconds(self) -> float:
        """Return the time since the start."""
        return time.monotonic() - self.started

    def summary(self) -> dict[str, Any]:
        """Return the counts, failures and removals as JSON."""
        failed = [{"name": one.name, "reason": one.reason} for one in self.failed]
        return {
            **self.counts,
            "removed": self.removed,
            "failed": failed,
            "skipped": self.skipped,
            "passages": self.passages,
            "embedded": self.embedded,
            "seconds": round(self.seconds(), 3),
        }

    def line(self) -> str:
        """Return the counts in one line."""
        counts = {**self.counts, "removed": len(self.removed), "failed": len(self.failed)}
        said = [f"{count} {name}" for name, count in counts.items() if count] or ["nothing to do"]
        said += [f"{count} skipped ({reason})" for reason, count in self.skipped.items()]
        return f"{', '.join(said)}; {self.embedded} passages embedded in {self.seconds():.1f} s"


@dataclass(frozen=True)
class Listed:
    """A source whose listing tells a Tally how much there is."""

    source: Source
    tally: Tally

    @property
    def name(self) -> str:
        return self.source.name

    def items(self) -> Iterator[Item]:
        """List the source, and tell the tally its size."""
        items = list(self.source.items())
        before = self.tally.done
        self.tally.positions = {item.id: before + place for place, item in enumerate(items, 1)}
        self.tally.total = before + len(items)
        return iter(items)

    def fetch(self, item: Item) -> Blob:
        return self.source.fetch(item)
