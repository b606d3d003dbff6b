"""Killed at a random moment, a library loses nothing that it acknowledged and shows nothing that it did not."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from citewell.library import Library
from citewell.model import Query
from tests.failure.worker import document, open_library, word

WORKER = Path(__file__).with_name("worker.py")
ROOT = WORKER.parents[2]
REOPEN_SECONDS = 2.0


class Truth:
    """What the log says: the acknowledged revision of each document, and the step that was cut off."""

    def __init__(self) -> None:
        self.now: dict[str, int] = {}
        self.seen: set[tuple[str, int]] = set()
        self.cut: tuple[str, str, int] | None = None

    def read(self, lines: list[str]) -> None:
        self.cut = None
        for line in lines:
            step, op, name, number = line.split()
            if step == "try":
                self.cut = (op, name, int(number))
                if op == "add":
                    self.seen.add((name, int(number)))
            else:
                self.cut = None
                self._apply(op, name, int(number))

    def settle(self, library: Library) -> None:
        """The cut-off step may have happened or not; either is right, as a whole."""
        if self.cut is None:
            return
        op, name, number = self.cut
        found = _found(library, word(name, number)) if op == "add" else _entry(library, name)
        if bool(found) == (op == "add"):
            self._apply(op, name, number)

    def _apply(self, op: str, name: str, number: int) -> None:
        if op == "add":
            self.now[name] = number
        else:
            self.now.pop(name, None)


def _found(library: Library, text: str) -> set[str]:
    hits = library.search(Query(text, limit=50, mode="keyword"))
    return {hit.passage.document_id for hit in hits if text in hit.passage.text}


def _entry(library: Library, name: str) -> bool:
    return any(entry.id == name for entry in library.list(limit=1000, where=f"id = '{name}'"))


def _kill_while_writing(folder: Path, log: Path, seed: int, seconds: float) -> list[str]:
    before = log.stat().st_size if log.exists() else 0
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}
    process = subprocess.Popen(
        [sys.executable, str(WORKER), str(folder), str(log), str(seed)], env=environment
    )
    try:
        deadline = time.monotonic() + 60
        while not (log.exists() and log.stat().st_size > before):
            assert process.poll() is None, "the worker died by itself"
            assert time.monotonic() < deadline, "the worker did not open the library"
            time.sleep(0.01)
        time.sleep(seconds)
        assert process.poll() is None, "the worker died by itself"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    lines = log.read_bytes()[before:].decode().splitlines()
    return [line for line in lines if line != "open"]


def _verify(library: Library, truth: Truth) -> None:
    assert library.check() == []
    for name, number in truth.now.items():
        assert _found(library, word(name, number)) == {name}, (
            f"{name} revision {number} was acknowledged and lost"
        )
    for name, number in truth.seen:
        if truth.now.get(name) != number:
            assert not _found(library, word(name, number)), (
                f"{name} revision {number} is gone and still answers"
            )
    listed = {entry.id for entry in library.list(limit=10_000) if entry.id.startswith("live")}
    assert listed == set(truth.now)


def torture(folder: Path, rounds: int, passages: int, seed: int) -> float:
    """Kill `rounds` times; returns the slowest reopening in seconds."""
    with open_library(folder, create=True) as library:
        for number in range(max(1, passages // 100)):
            library.add(document(f"base{number}", 0, 100))
    truth, slowest, choose = Truth(), 0.0, random.Random(seed)
    for number in range(1, rounds + 1):
        truth.read(
            _kill_while_writing(folder, folder.parent / "log", seed * 100 + number, choose.uniform(0, 2.5))
        )
        started = time.perf_counter()
        library = open_library(folder)
        slowest = max(slowest, time.perf_counter() - started)
        with library:
            truth.settle(library)
            _verify(library, truth)
        print(f"round {number}: {len(truth.now)} documents, slowest reopening {slowest:.2f} s", flush=True)
    return slowest


def test_killed_at_random_moments_nothing_acknowledged_is_lost(catalogs: str, tmp_path: Path) -> None:
    torture(
        tmp_path / "library",
        rounds=5 if catalogs == "sqlite" else 3,
        passages=300,
        seed=int(time.time()) % 10_000,
    )


@pytest.mark.torture
@pytest.mark.timeout(3000)
def test_killed_sixty_times_at_ten_thousand_passages_it_reopens_within_two_seconds(tmp_path: Path) -> None:
    slowest = torture(tmp_path / "library", rounds=60, passages=10_000, seed=int(time.time()) % 10_000)
    print(f"60 of 60 clean; slowest reopening {slowest:.2f} s")
    assert slowest < REOPEN_SECONDS
