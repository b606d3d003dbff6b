"""Four processes write to one library, and are killed and stopped at random: what they acknowledged is there."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections import defaultdict
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from citewell.library import Library
from citewell.model import Query
from citewell.recover import mend
from tests.failure.worker import word
from tests.failure.writer import LEASE, Step, open_shared, steps_of, write

WRITERS = 4
STARTING = 60.0
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["tests.failure.writer"]
    + [
        f"citewell.{name}"
        for name in ("library", "prepare", "represent", "read", "cost", "explain", "index.lexical")
    ]
)


@dataclass
class Writer:
    """A running process, the file that it notes its steps in, and the line to it."""

    process: Any
    log: Path
    orders: Connection

    def pause(self) -> None:
        self.orders.send("pause")
        assert self.orders.poll(STARTING), "a writer that lives does not answer"
        assert self.orders.recv() == "pausing"


class Crowd:
    """The processes, and what all of them have ever done."""

    def __init__(self, folder: Path, url: str, seed: int) -> None:
        self.folder, self.url = folder, url
        self.choose = random.Random(seed)
        self.alive: list[Writer] = []
        self.logs: list[Path] = []
        self.killed = self.stopped = 0

    def fill(self) -> None:
        while len(self.alive) < WRITERS:
            ours, theirs = FORKS.Pipe()
            log = self.folder.parent / f"log{len(self.logs)}"
            self.logs.append(log)
            given = (self.folder, self.url, log, len(self.logs), theirs)
            process = FORKS.Process(target=write, args=given, daemon=True)
            process.start()
            self.alive.append(Writer(process, log, ours))
            assert ours.poll(STARTING), "a writer did not open the library"
            assert ours.recv() == "open"

    def harm(self) -> None:
        """Kill one to four at random moments; one round in five, stop one for longer than its lease first."""
        if self.choose.random() < 0.2:
            one = self.choose.choice(self.alive)
            os.kill(one.process.pid, signal.SIGSTOP)
            time.sleep(2 * LEASE)
            os.kill(one.process.pid, signal.SIGCONT)
            self.stopped += 1
        for one in self.choose.sample(self.alive, self.choose.randint(1, WRITERS)):
            time.sleep(self.choose.uniform(0, 0.3))
            assert one.process.is_alive(), "a writer died by itself"
            one.process.kill()
            one.process.join()
            self.alive.remove(one)
            self.killed += 1

    def pause(self) -> None:
        for one in self.alive:
            one.pause()

    def resume(self) -> None:
        for one in self.alive:
            one.orders.send("go on")

    def steps(self) -> dict[str, list[Step]]:
        found: dict[str, list[Step]] = defaultdict(list)
        for log in self.logs:
            for step in steps_of(log) if log.exists() else []:
                found[step.name].append(step)
        return found

    def end(self) -> None:
        for one in self.alive:
            one.process.kill()
            one.process.join()


def _sweep(library: Library) -> bool:
    """Do what the dead left undone, once their leases are over. True if a whole comparison still found something."""
    time.sleep(LEASE + 0.1)
    parts = library._parts
    library._upkeep.sweep()
    while parts.catalog.workers.any_dead():
        library._upkeep.sweep()
    with library._lease:
        return mend(parts.catalog, parts.index, library._upkeep._points)


def _possible(steps: list[Step], revision: int) -> bool:
    """Whether a document may be at a revision (0: gone): no step that was acknowledged began after that one ended."""
    last = max((step.began for step in steps if step.ended is not None), default=0)
    same = [step for step in steps if step.revision == revision]
    return any(step.ended is None or step.ended >= last for step in same) or (not last and not revision)


def _verify(library: Library, steps: dict[str, list[Step]]) -> int:
    assert library.check() == []
    parts = library._parts
    points = list(parts.index.ids())
    assert len(points) == len(set(points)) == parts.catalog.points_total()
    assert parts.catalog.pending() == []
    there = {entry.id: entry for entry in library.list(limit=10_000)}
    assert set(there) <= set(steps)
    for name, done in steps.items():
        _, text = library.get(name) if name in there else (None, None)
        revision = int(text.text.split("x")[1].split("zq")[0]) if text else 0
        assert _possible(done, revision), (
            f"{name} is at {revision} after {sorted(done, key=lambda s: s.began)[-6:]}"
        )
        if revision:
            hits = library.search(Query(word(name, revision), limit=50, mode="keyword"))
            assert {hit.passage.document_id for hit in hits} == {name}
            assert len(hits) == there[name].passages
        for old in sorted({step.revision for step in done} - {revision, 0})[-5:]:
            assert library.search(Query(word(name, old), limit=50, mode="keyword")) == []
    return sum(step.ended is not None for done in steps.values() for step in done)


def torture(folder: Path, url: str, rounds: int, seed: int) -> None:
    print(f"seed {seed}")
    crowd, mended = Crowd(folder, url, seed), 0
    with open_shared(folder, url, create=True) as library:
        try:
            for number in range(1, rounds + 1):
                crowd.fill()
                time.sleep(crowd.choose.uniform(0, 0.5))
                crowd.harm()
                crowd.pause()
                mended += _sweep(library)
                acknowledged = _verify(library, crowd.steps())
                crowd.resume()
                print(
                    f"round {number}: {crowd.killed} killed, {crowd.stopped} came back late, {acknowledged} writes "
                    f"acknowledged, {mended} times something for the whole comparison",
                    flush=True,
                )
        finally:
            crowd.end()


def test_four_processes_write_and_are_killed_and_nothing_acknowledged_is_lost(
    tmp_path: Path, postgres: str
) -> None:
    torture(tmp_path / "library", postgres, rounds=3, seed=int(time.time()) % 10_000)


@pytest.mark.torture
@pytest.mark.timeout(3000)
def test_four_processes_killed_in_a_hundred_rounds_lose_and_double_nothing(
    tmp_path: Path, postgres: str
) -> None:
    torture(tmp_path / "library", postgres, rounds=100, seed=int(time.time()) % 10_000)
