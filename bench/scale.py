"""One library as it grows, to docs/benchmarks.md with a plot.

    python -m bench.scale [--sizes 10000 ... 1000000] [--minutes 60]

Passages are real ones while there are enough, then two neighbours joined (bench/pool.py); nothing but the
real ones is embedded, so "ingest" is everything but the embedder. The library is kept: a run goes on
where the last one stopped, and ends before a size that would take it past `--minutes`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select

from bench import machine, process
from bench.curve import write
from bench.latency import milliseconds, percentiles, questions, settle
from bench.peers.protocol import go_offline
from bench.pool import A_DOCUMENT, Pool, pool
from citewell import filters, plugins
from citewell.assemble import assemble
from citewell.catalog import Catalog, Version, schema
from citewell.catalog.where import to_sql
from citewell.filters import Filter
from citewell.incoming import Added, Failure
from citewell.library import Library
from citewell.model import Mode, Query
from citewell.settings import Config

ROOT = Path(__file__).resolve().parents[1]
SIZES = (10_000, 30_000, 50_000, 100_000, 200_000, 400_000, 700_000, 1_000_000)
SHARES = (10, 50, 1000)
"""Filters that keep one passage in so many."""
QUESTIONS = 200


def main() -> None:
    """Grow, measure, write down after each size."""
    chosen = _arguments()
    go_offline()
    chosen.work.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    passages = pool(chosen.data, chosen.work)
    asked = questions(chosen.data, QUESTIONS)
    kept = chosen.work / "scale.json"
    found = json.loads(kept.read_text()) if kept.exists() else []
    for size in sorted(set(chosen.sizes) - {row["passages"] for row in found}):
        if _too_long(found, size, began, chosen.minutes):
            print(f"{size:,} passages would take too long; run it again to go on", file=sys.stderr)
            break
        found.append(_grown(size, passages, asked, chosen.work / "library"))
        kept.write_text(json.dumps(found, indent=1))
        print(json.dumps(found[-1]), file=sys.stderr, flush=True)
        write(found, machine.facts(), ROOT / "docs")


def _arguments() -> argparse.Namespace:
    data = Path(os.environ.get("CITEWELL_DATA") or ROOT / "../shared/data")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=data, help="folder of BEIR folders")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--work", type=Path, default=ROOT / ".bench" / "scale")
    return parser.parse_args()


def _too_long(found: list[dict[str, Any]], size: int, began: float, minutes: float) -> bool:
    """The next size is guessed from the last one: so many times the passages, so many times the seconds."""
    if not found:
        return False
    last = found[-1]
    before = found[-2]["passages"] if len(found) > 1 else 0
    per_passage = last["seconds"] / (last["passages"] - before)
    needed = per_passage * (size - last["passages"])
    return bool(time.monotonic() - began + needed > minutes * 60)


def _grown(size: int, passages: Pool, asked: list[str], folder: Path) -> dict[str, Any]:
    began = time.perf_counter()
    config = Config()
    config = replace(config, library=replace(config.library, path=folder))
    kind = plugins.load("embedders", config.embed.model)
    vectors = kind(threads=config.embed.threads).embed(asked, kind="query")
    with assemble(config, create=True) as library:
        grown = _grow(library, passages, size, kind)
        row = {
            **grown,
            "settle_seconds": settle(library),
            "passages": library.status()["passages"],
            "load_before": os.getloadavg()[0],
            "ms": _search_times(library, asked, vectors),
            "recall": _recall(library, vectors),
        }
    started = time.perf_counter()
    assemble(config).close()
    row["reopen_seconds"] = time.perf_counter() - started
    row["server_mb"] = process.server_memory(folder)
    row["index_mb"] = _megabytes(folder / "index")
    row["catalog_mb"] = sum(path.stat().st_size for path in folder.glob("catalog.db*")) / 1e6
    return {**row, "seconds": time.perf_counter() - began}


def _grow(library: Library, passages: Pool, size: int, kind: Any) -> dict[str, Any]:
    """Bring a library to `size` passages by the public way; what is there already costs a look."""
    there = library.status()["documents"]
    failures: list[Failure] = []

    def note(outcome: Added | Failure) -> None:
        if isinstance(outcome, Failure):
            failures.append(outcome)

    started = time.perf_counter()
    with _pooled(kind, passages):
        library.ingest(passages.documents(there, size // A_DOCUMENT), note)
    seconds = time.perf_counter() - started
    if failures:
        raise SystemExit(f"{len(failures)} documents were refused; the first: {failures[0]}")
    added = size - there * A_DOCUMENT
    return {"added": added, "ingest_seconds": seconds, "ingest_rate": added / seconds}


@contextmanager
def _pooled(kind: Any, passages: Pool) -> Iterator[None]:
    """Let a class of embedders give the pool's vectors for passages."""
    original = kind.embed
    kind.embed = lambda self, texts, *, kind: passages.embed(texts)
    try:
        yield
    finally:
        kind.embed = original


def _search_times(library: Library, asked: list[str], vectors: Any) -> dict[str, dict[str, float]]:
    """Whole searches, one at a time; "index" is the engine's dense search alone."""
    for text in asked[:20]:
        library.search(Query(text))
    taken: dict[str, list[float]] = {}
    modes: tuple[Mode, ...] = ("hybrid", "dense", "keyword")
    for mode in modes:
        taken[mode] = [milliseconds(lambda t=t, m=mode: library.search(Query(t, mode=m))) for t in asked]
    for share in SHARES:
        where = filters.parse(f"one_in_{share} = 3")
        name = f"hybrid, 1 in {share:,}"
        taken[name] = [milliseconds(lambda t=t, w=where: library.search(Query(t, where=w))) for t in asked]
    index = library._parts.index
    embedder = library._parts.embedder
    taken["the question's embedding alone"] = [
        milliseconds(lambda t=t: embedder.embed([t], kind="query")) for t in asked
    ]
    taken["index, dense"] = [milliseconds(lambda v=v: index.dense(v, 100, None)) for v in vectors]
    return {name: percentiles(values) for name, values in taken.items()}


def _recall(library: Library, vectors: Any) -> dict[str, float]:
    """Recall@10 of the index's dense search, all and filtered, against exact search over the stored vectors."""
    catalog, index = library._parts.catalog, library._parts.index
    found = {}
    for name, where in [("all", None), *((f"1 in {n:,}", filters.parse(f"one_in_{n} = 3")) for n in SHARES)]:
        ids, matrix = _stored(catalog, where)
        good = _exact(ids, matrix, vectors)
        pairs = zip(vectors, good, strict=True)
        hits = [len(best & {one for one, _ in index.dense(v, 10, where)}) / 10 for v, best in pairs]
        found[name] = float(np.mean(hits))
    return found


def _stored(catalog: Catalog, where: Filter | None) -> tuple[list[str], Any]:
    """Return the passages that satisfy a filter, and their vectors."""
    v = schema.versions.c
    query = select(v.key, v.number, v.passages).where(v.current)
    query = query if where is None else query.where(to_sql(where, v.fields))
    with catalog._read() as sql:
        ids = [one for row in sql.execute(query).all() for one in Version(*row).ids()]
    matrix = np.empty((len(ids), len(next(iter(catalog.vectors_of(ids[:1]).values())))), np.float32)
    for at in range(0, len(ids), 5_000):
        some = ids[at : at + 5_000]
        vectors = catalog.vectors_of(some)
        matrix[at : at + len(some)] = [vectors[one] for one in some]
    return ids, matrix


def _exact(ids: list[str], matrix: Any, vectors: Any) -> list[set[str]]:
    """The ten nearest passages of each vector, and those that tie with the tenth."""
    found = []
    for vector in vectors:
        scores = matrix @ vector
        least = np.partition(scores, -10)[-10] - 1e-6
        found.append({ids[n] for n in np.flatnonzero(scores >= least)})
    return found


def _megabytes(folder: Path) -> float:
    """Blocks on disk: the engine's files are sparse."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file()) / 1e6


if __name__ == "__main__":
    main()
