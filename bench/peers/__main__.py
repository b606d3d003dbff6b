"""Run one system: `python -m bench.peers NAME FOLDER --out FILE`, or with `--passages FILE.jsonl` for timing.

Started from the project's root with the interpreter of the system's own environment. Writes JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from bench.peers.protocol import (
    Module,
    Peer,
    go_offline,
    model_folder,
    pages_of,
    queries_of,
    recorded,
    rows,
    tokens,
)


def main() -> None:
    """Read the arguments, run, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("system", choices=("citewell", "llamaindex", "langchain_chroma", "haystack", "txtai"))
    parser.add_argument("folder", type=Path, nargs="?", help="a BEIR folder")
    parser.add_argument("--qrels", default="test")
    parser.add_argument(
        "--passages", type=Path, help="JSONL with a text a line: index exactly these, timing only"
    )
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    go_offline()
    model = model_folder()
    load = os.getloadavg()[0]
    started = time.perf_counter()
    module = cast(Module, import_module(f"bench.peers.{chosen.system}"))
    imported = time.perf_counter()
    peer = module.start(model)
    peer.embed(["a text to warm up with"] * 8)
    result: dict[str, Any] = {
        "system": chosen.system,
        "name": module.NAME,
        "versions": {package: version(package) for package in module.PACKAGES},
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "load_before": load,
        "import_seconds": imported - started,
        "load_seconds": time.perf_counter() - imported,
    }
    if chosen.passages:
        result |= _time_passages(peer, [row["text"] for row in rows(chosen.passages)], model)
    else:
        result |= _run(peer, chosen.folder, chosen.qrels, model)
    result["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    chosen.out.write_text(json.dumps(result))


def _run(peer: Peer, folder: Path, qrels: str, model: str) -> dict[str, Any]:
    pages, queries = pages_of(folder), queries_of(folder, qrels)
    with recorded(*peer.embedding()) as texts:
        started = time.perf_counter()
        passages = peer.ingest(pages)
        seconds = time.perf_counter() - started
    runs = [_ask(name, search, queries) for name, search in peer.searches().items()]
    counted = tokens(texts, peer.limit, model)
    facts = {"documents": len(pages), "passages": passages, "ingest_seconds": seconds, "tokens": counted}
    return {"dataset": folder.name, **facts, "runs": runs}


def _ask(name: str, search: Any, queries: dict[str, str]) -> dict[str, Any]:
    """Ask each query, one at a time; the first is answered once before, to warm up."""
    search(next(iter(queries.values())))
    results: dict[str, list[tuple[str, float]]] = {}
    latencies: dict[str, float] = {}
    for query, text in queries.items():
        started = time.perf_counter()
        found = search(text)
        latencies[query] = (time.perf_counter() - started) * 1000
        best: dict[str, float] = {}
        for page, score in found:
            best.setdefault(page, float(score))
        results[query] = list(best.items())
    return {"name": name, "results": results, "latencies": latencies}


def _time_passages(peer: Peer, texts: list[str], model: str) -> dict[str, Any]:
    started = time.perf_counter()
    peer.index(texts)
    indexed = time.perf_counter()
    peer.embed(texts)
    alone = time.perf_counter() - indexed
    counted = tokens(texts, peer.limit, model)
    facts = {"passages": len(texts), "ingest_seconds": indexed - started, "embed_alone_seconds": alone}
    return {**facts, "tokens": counted}


if __name__ == "__main__":
    main()
