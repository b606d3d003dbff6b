"""Bulk ingest: passages a second without Ray, with one Ray worker, and with two; one embedding thread each.

Twice: from the first byte to the last acknowledgement, in which workers start and load the model; and of the middle
half of the passages, which is what a long ingest comes to.

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
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np

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


@dataclass(frozen=True)
class Rates:
    """Passages a second: of all, and of the middle half."""

    whole: float
    steady: float


def rates(what: Sequence[Blob], spread: Spread | None) -> Rates:
    """Take documents into a new library."""
    config = Config()
    done: list[tuple[float, int]] = []

    def count(outcome: Added | Failure) -> None:
        done.append((time.perf_counter(), outcome.embedded if isinstance(outcome, Added) else 0))

    with tempfile.TemporaryDirectory() as folder:
        mine = replace(config, library=replace(config.library, path=Path(folder)), embed=ONE_THREAD)
        with assemble(mine, create=True, spread=spread) as library:
            began = time.perf_counter()
            library.ingest(what, count)
    counts = np.cumsum([passages for _, passages in done])
    # What workers hold that is done and not yet acknowledged is as much at the end of it as at its beginning.
    start, end = (int(np.searchsorted(counts, counts[-1] * share)) for share in (0.25, 0.75))
    steady = (counts[end] - counts[start]) / (done[end][0] - done[start][0])
    return Rates(float(counts[-1] / (done[-1][0] - began)), float(steady))


def on_ray(what: Sequence[Blob], workers: int) -> Rates:
    """Take documents in on a Ray that is up; its workers start within the time."""
    spread = spread_on("local", workers, ONE_THREAD)
    with spread.connected():
        return rates(what, spread)


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
        here, one, two = rates(what, None), on_ray(what, 1), on_ray(what, 2)
        ratios.append((two.whole / one.whole, two.steady / one.steady))
        print(f"run {run}, load {os.getloadavg()[0]:.1f}")
        for name, found in (("here", here), ("1 worker", one), ("2 workers", two)):
            print(f"  {name}: {found.whole:.1f} passages/s, {found.steady:.1f} once it runs", flush=True)
    whole, steady = (median(some) for some in zip(*ratios, strict=True))
    print(f"median of {given.runs}: 2 workers to 1: {whole:.2f}, {steady:.2f} once it runs")


if __name__ == "__main__":
    main()
