"""Citewell alone: start, size, memory, add to found, search as the library grows. To .bench/latency.json.

    python -m bench.latency --sizes 10000 100000

Texts are real passages while there are enough, then halves of two joined. To fill a library quickly,
only a pool of them is embedded: the other passages get a pool vector that is turned a little. So these
libraries are for times, not for quality.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from bench import process
from bench.peers.protocol import go_offline, queries_of
from bench.texts import passages
from citewell import plugins
from citewell.assemble import assemble
from citewell.incoming import Added, Blob, Failure
from citewell.library import Library
from citewell.model import Document, Mode, Query
from citewell.settings import Config

ROOT = Path(__file__).resolve().parents[1]
TOKENS = 180
"""At most, in a text: so that each stays one passage."""
POOL = 2000
NOISE = 0.35
"""Length of the random turn of a pool vector; pairs from one pool vector then have a cosine of about .89."""
SEED = 7


def main() -> None:
    """Measure everything, print it, write it down."""
    data = Path(os.environ.get("CITEWELL_DATA") or ROOT / "../shared/data")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=data, help="folder of BEIR folders")
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[10_000, 100_000], help="passages in a library"
    )
    parser.add_argument("--skip-install", action="store_true", help="do not measure a fresh install")
    parser.add_argument("--work", type=Path, default=ROOT / ".bench")
    chosen = parser.parse_args()
    go_offline()
    chosen.work.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = process.start_times()
    if not chosen.skip_install:
        found["install_mb"] = process.install_size(ROOT, chosen.work)
    texts, asked = _texts(chosen.data, max(chosen.sizes)), questions(chosen.data)
    found["grown"] = []
    for size in chosen.sizes:
        found["grown"].append(_grown(size, texts, asked, chosen.work))
        print(found["grown"][-1], file=sys.stderr, flush=True)
    found["rows"] = rows(found)
    (chosen.work / "latency.json").write_text(json.dumps(found, indent=1))
    print("\n".join(" · ".join(row) for row in found["rows"]))


def rows(found: dict[str, Any]) -> list[list[str]]:
    """Return (what, figure, bar) for the table."""
    lines = [
        ["`import citewell`", f"{found['import_ms']:.0f} ms", "< 100 ms"],
        ["`citewell --help`", f"{found['help_ms']:.0f} ms", "< 400 ms"],
    ]
    if "install_mb" in found:
        lines.append(["default install with the model", f"{found['install_mb']:.0f} MB", "< 500 MB"])
    for one in found["grown"]:
        at = f"at {one['passages']:,} passages: "
        search, alone = one["search_ms"], one["embed_ms"]
        bar = f"≤ {2 * alone['p95']:.1f} ms (2 × the query's embedding alone, {alone['p95']:.1f} ms)"
        lines.append([at + "hybrid search p50", f"{search['p50']:.1f} ms", ""])
        lines.append([at + "hybrid search p95", f"{search['p95']:.1f} ms", bar])
        add = one["add_ms"]
        lines.append([at + "add to found beyond embedding, p50", f"{add['p50']:.1f} ms", ""])
        lines.append([at + "add to found beyond embedding, p99", f"{add['p99']:.1f} ms", "< 50 ms"])
        lines.append([at + "reopening", f"{one['reopen_seconds']:.2f} s", "< 2 s at 10,000"])
        lines.append([at + "server idle, embedder loaded", f"{one['server_rss_mb']:.0f} MB", "< 250 MB"])
    if len(found["grown"]) > 1:
        first, last = found["grown"][0]["search_ms"]["p95"], found["grown"][-1]["search_ms"]["p95"]
        lines.append(["hybrid search p95, largest to smallest library", f"{last / first:.2f} ×", "≤ 1.5 ×"])
    return lines


def _grown(size: int, texts: list[str], asked: list[str], work: Path) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix=f"grown-{size}-", dir=work))
    config = _config(folder / "library")
    try:
        with assemble(config, create=True) as library:
            seconds = fill(library, config, texts, size)
            settled = settle(library)
            result = {
                "passages": library.status()["passages"],
                "fill_seconds": seconds,
                "settle_seconds": settled,
                **_search_times(library, config, asked),
                "add_ms": _add_times(library, config, texts),
            }
        started = time.perf_counter()
        assemble(config).close()
        result["reopen_seconds"] = time.perf_counter() - started
        result["server_rss_mb"] = process.server_memory(folder / "library")
        return result
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fill(library: Library, config: Config, texts: Sequence[str], size: int) -> float:
    """Take in `size` documents of one passage each by the public way, without embedding; returns seconds."""
    kind = plugins.load("embedders", config.embed.model)
    pool = kind(threads=config.embed.threads).embed(list(texts[:POOL]), kind="passage")
    started = time.perf_counter()
    failures: list[Failure] = []

    def note(outcome: Added | Failure) -> None:
        if isinstance(outcome, Failure):
            failures.append(outcome)

    with _stand_in(kind, pool):
        library.ingest(_blobs(texts, size), note)
    if failures:
        raise SystemExit(f"{len(failures)} of {size} documents were refused; the first: {failures[0]}")
    return time.perf_counter() - started


@contextmanager
def _stand_in(kind: Any, pool: Any) -> Iterator[None]:
    """Let a class of embedders return pool vectors, turned a little, for passages; queries are embedded."""
    original = kind.embed

    def embed(self: Any, given: Sequence[str], *, kind: str) -> Any:
        if kind == "query":
            return original(self, given, kind=kind)
        seeds = [crc32(text.encode()) for text in given]
        noise = np.stack([np.random.default_rng(seed).standard_normal(pool.shape[1]) for seed in seeds])
        turned = pool[np.array(seeds) % len(pool)] + NOISE * noise / np.sqrt(pool.shape[1])
        return (turned / np.linalg.norm(turned, axis=1, keepdims=True)).astype(np.float32)

    kind.embed = embed
    try:
        yield
    finally:
        kind.embed = original


def settle(library: Library) -> float:
    """Wait until the background work is done; returns seconds."""
    started, quiet = time.perf_counter(), 0
    while quiet < 8:  # upkeep waits for a quiet moment before it optimises
        time.sleep(1)
        quiet = quiet + 1 if library.status()["upkeep"] == "idle" else 0
    return time.perf_counter() - started - quiet


def _search_times(library: Library, config: Config, asked: list[str]) -> dict[str, Any]:
    """Time hybrid search, and embedding alone, in turn, each question by both."""
    embedder = plugins.load("embedders", config.embed.model)(threads=config.embed.threads)
    modes: tuple[Mode, ...] = ("hybrid", "dense", "keyword")
    for text in asked[:20]:
        embedder.embed([text], kind="query")
        library.search(Query(text))
    taken: dict[str, list[float]] = {"embed": [], **{mode: [] for mode in modes}}
    # Half the list apart, so that neither finds the other's question in a cache.
    for one, other in zip(asked, asked[len(asked) // 2 :] + asked, strict=False):
        taken["embed"].append(milliseconds(lambda text=one: embedder.embed([text], kind="query")))
        taken["hybrid"].append(milliseconds(lambda text=other: library.search(Query(text))))
    for mode in modes[1:]:
        taken[mode] += [
            milliseconds(lambda t=text, m=mode: library.search(Query(t, mode=m))) for text in asked
        ]
    percent = {name: percentiles(values) for name, values in taken.items()}
    return {"embed_ms": percent["embed"], "search_ms": percent["hybrid"], "modes_ms": percent}


def _add_times(library: Library, config: Config, texts: list[str], times: int = 200) -> dict[str, float]:
    """Time an add until its word is found by the very next search, less the time inside the embedder."""
    kind = plugins.load("embedders", config.embed.model)
    taken: list[float] = []
    for number in range(times):
        word = f"zqx{number}vk"
        document = Document(f"new-{number}", f"{word} {texts[-1 - number]}")
        with _timed(kind) as embedding:
            started = time.perf_counter()
            library.add(document)
            hits = library.search(Query(word, limit=1, mode="keyword"))
            seconds = time.perf_counter() - started
        if not hits or hits[0].passage.document_id != document.id:
            raise SystemExit(f"{document.id} was added and not found by the next search")
        taken.append((seconds - sum(embedding)) * 1000)
    return percentiles(taken)


@contextmanager
def _timed(kind: Any) -> Iterator[list[float]]:
    original = kind.embed
    taken: list[float] = []

    def embed(self: Any, given: Sequence[str], *, kind: str) -> Any:
        started = time.perf_counter()
        try:
            return original(self, given, kind=kind)
        finally:
            taken.append(time.perf_counter() - started)

    kind.embed = embed
    try:
        yield taken
    finally:
        kind.embed = original


def milliseconds(call: Any) -> float:
    """Time one call."""
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def percentiles(values: list[float]) -> dict[str, float]:
    """Return p50, p95 and p99."""
    return {f"p{p}": float(np.percentile(values, p)) for p in (50, 95, 99)}


def _blobs(texts: Sequence[str], size: int) -> Iterator[Blob]:
    """Yield real texts, then texts made of the halves of two."""
    chance = random.Random(SEED)
    for number, text in enumerate(itertools.islice(itertools.chain(texts, itertools.repeat("")), size)):
        yield Blob(f"d{number}.txt", (text or _mixed(texts, chance)).encode(), "text/plain")


def _mixed(texts: Sequence[str], chance: random.Random) -> str:
    """Return the first half of one text and the second half of another: as long as a real one."""
    one, other = (text.split() for text in chance.sample(texts, 2))
    return " ".join(one[: len(one) // 2] + other[len(other) // 2 :])


def _texts(data: Path, most: int) -> list[str]:
    """Return up to `most` real passages, in a random order."""
    folders = sorted(path.parent for path in data.glob("*/corpus.jsonl"))
    found = list(itertools.islice(passages(folders, TOKENS), most))
    random.Random(SEED).shuffle(found)
    return found


def questions(data: Path, most: int = 400) -> list[str]:
    """Return up to `most` real questions, in a random order."""
    found = [text for name in ("ray_docs", "scifact") for text in queries_of(data / name, "test").values()]
    random.Random(SEED).shuffle(found)
    return found[:most]


def _config(folder: Path) -> Config:
    config = Config()
    return replace(config, library=replace(config.library, path=folder))


if __name__ == "__main__":
    main()
