"""How soon is a saved file found? From its last byte to the search that returns it, in a folder that is watched.

    python -m bench.watching [--files 10 1000 10000] [--changes 40]

`citewell serve` has the folder as a source with `watch`; searches go over HTTP, 20 ms apart.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np

from bench.machine import facts

CONFIG = """
[library]
path = "library"
[[sources]]
name = "notes"
kind = "folder"
path = "notes"
watch = true
"""
COMMAND = [sys.executable, "-c", "from citewell.cli import main; main()"]
PAUSE = 0.02
MOST = 60.0
"""Seconds until a change counts as never found."""


@contextmanager
def served(folder: Path, files: int) -> Iterator[httpx.Client]:
    """Serve a library with a watched folder of so many files."""
    (folder / "notes").mkdir()
    for number in range(files):
        (folder / "notes" / f"{number:05}.md").write_text(
            f"# Note {number}\n\nThe shelf {number} holds boxes.\n"
        )
    (folder / "citewell.toml").write_text(CONFIG)
    for arguments in (("init",), ("sync",)):
        subprocess.run([*COMMAND, *arguments], cwd=folder, check=True, capture_output=True)
    server = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0"], cwd=folder, text=True, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        assert server.stdout is not None
        url = server.stdout.readline().split()[2]
        with httpx.Client(base_url=url, timeout=MOST) as client:
            yield client
    finally:
        server.terminate()
        server.wait(30)


def seconds(client: httpx.Client, path: Path, word: str) -> float:
    """Save a file with a word of its own; return how long it took until a search returned it."""
    path.write_text(f"# {word}\n\nThe {word} stands in the hall.\n")
    began = time.perf_counter()
    while time.perf_counter() - began < MOST:
        hits = (
            client.post("/search", json={"text": word, "mode": "keyword"}).raise_for_status().json()["hits"]
        )
        if any(word in hit["passage"]["text"] for hit in hits):
            return time.perf_counter() - began
        time.sleep(PAUSE)
    raise TimeoutError(f"{path.name} was not found within {MOST:.0f} s")


def measured(files: int, changes: int) -> Sequence[float]:
    """Return the seconds of so many changes, half of them to files that are there."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with served(folder, files) as client:
            seconds(client, folder / "notes" / "first.md", "quagga")  # it watches by then
            places = [f"new{n}.md" if n % 2 else f"{n % files:05}.md" for n in range(changes)]
            return [seconds(client, folder / "notes" / place, f"zyx{n}w") for n, place in enumerate(places)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, nargs="+", default=[10, 1000, 10_000])
    parser.add_argument("--changes", type=int, default=40)
    given = parser.parse_args()
    for name, value in facts().items():
        print(f"{name}: {value}")
    for files in given.files:
        taken = measured(files, given.changes)
        p50, p95, most = (float(np.percentile(taken, share)) for share in (50, 95, 100))
        print(
            f"{files:,} files: p50 {p50:.2f} s, p95 {p95:.2f} s, slowest {most:.2f} s ({len(taken)} changes)",
            flush=True,
        )


if __name__ == "__main__":
    main()
