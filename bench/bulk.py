"""Bulk ingest: passages a second without Ray, with one Ray worker, and with two; one embedding thread each.

    python -m bench.bulk --data ../shared/data [--pages 400] [--runs 3]

Each run takes all three ways in turn, so that they meet the same load; the ratio is taken within a run.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from bench.machine import facts
from citewell.assemble import assemble
from citewell.bulk.spread import spread_on
from citewell.incoming import Added, Blob, Failure
from citewell.prepare import Spread
from citewell.settings import Config, EmbedConfig

ONE_THREAD = EmbedConfig(threads=1)


def pages(data: Path, count: int) -> list[Blob]:
    """Return the first pages of Ray's documentation."""
    rows = map(json.loads, (data / "ray_docs" / "corpus.jsonl").read_text("utf-8").splitlines()[:count])
    return [Blob(f"{at}.md", f"# {row['title']}\n\n{row['text']}".encode()) for at, row in enumerate(rows)]


def rate(what: Sequence[Blob], spread: Spread | None) -> float:
    """Return passages a second, from the first byte to the last acknowledgement."""
    config = Config()
    passages = 0

    def count(outcome: Added | Failure) -> None:
        nonlocal passages
        passages += outcome.embedded if isinstance(outcome, Added) else 0

    with tempfile.TemporaryDirectory() as folder:
        mine = replace(config, library=replace(config.library, path=Path(folder)), embed=ONE_THREAD)
        with assemble(mine, create=True, spread=spread) as library:
            began = time.perf_counter()
            library.ingest(what, count)
            return passages / (time.perf_counter() - began)


def on_ray(what: Sequence[Blob], workers: int) -> float:
    """Return passages a second on a Ray that is up; its workers start within the time."""
    spread = spread_on("local", workers, ONE_THREAD)
    with spread.connected():
        return rate(what, spread)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--pages", type=int, default=400)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    what = pages(given.data, given.pages)
    for name, value in facts().items():
        print(f"{name}: {value}")
    ratios = []
    for run in range(1, given.runs + 1):
        here, one, two = rate(what, None), on_ray(what, 1), on_ray(what, 2)
        ratios.append(two / one)
        load = os.getloadavg()[0]
        print(
            f"run {run}: here {here:.1f}, 1 worker {one:.1f}, 2 workers {two:.1f} passages/s; "
            f"2 to 1: {two / one:.2f}; load {load:.1f}",
            flush=True,
        )
    print(f"median of {given.runs}: 2 workers to 1: {median(ratios):.2f}")


if __name__ == "__main__":
    main()
