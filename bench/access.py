"""Does an access list lose what its reader may see? Recall@10 under a list, against an exact scan of what it leaves.

    python -m bench.access [--passages 100000] [--questions 200]

Passages are unit vectors of 384 numbers around 1,000 centres, as embeddings lie; a question lies near a passage's
centre. Each reader may see a share of the passages, drawn at random, or all those of one centre and nothing else.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import uuid
from pathlib import Path
from statistics import fmean, median
from time import perf_counter
from typing import TypeAlias

import numpy as np

from citewell.access import Access, reach
from citewell.index.qdrant_edge import QdrantEdge
from citewell.model import Point

Held: TypeAlias = tuple[list[str], np.ndarray, list[tuple[str, ...]]]
"""Ids, vectors and lists of all passages."""
CENTRES, DIMENSIONS, TOP, GROUP = 1_000, 384, 10, 2_000
SHARES = (0.0001, 0.001, 0.01, 0.1, 0.5)
WORDS = [
    "router",
    "lamp",
    "kettle",
    "budget",
    "salary",
    "contract",
    "merger",
    "patient",
    "recipe",
    "engine",
    "harbour",
    "violin",
]


def near(centres: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Return a unit vector near each centre."""
    noise = draw.normal(size=centres.shape).astype(np.float32)
    found = centres + 0.9 * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def readers_of(at: int, centre: int, choose: random.Random) -> tuple[str, ...]:
    """Return the list of a passage: a reader for each share that it falls into, and its centre's."""
    return (
        *(f"share:{one}" for one in SHARES if choose.random() < one),
        f"centre:{centre}",
        f"user:u{at % 50}",
    )


def main() -> None:
    """Fill an index, then ask it as each reader."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=200)
    given = parser.parse_args()
    draw, choose = np.random.default_rng(1), random.Random(1)
    centres = near(np.zeros((CENTRES, DIMENSIONS), np.float32), draw)
    own = draw.integers(CENTRES, size=given.passages)
    vectors = near(centres[own], draw).astype(np.float16).astype(np.float32)  # as they are kept
    lists = [readers_of(at, int(centre), choose) for at, centre in enumerate(own)]
    ids = [str(uuid.UUID(int=choose.getrandbits(128))) for _ in lists]
    texts = [" ".join(choose.choices(WORDS, k=5)) for _ in lists]
    asked = near(centres[draw.integers(CENTRES, size=given.questions)], draw)
    with tempfile.TemporaryDirectory() as folder:
        index = QdrantEdge(Path(folder), DIMENSIONS)
        for start in range(0, given.passages, GROUP):
            some = range(start, min(start + GROUP, given.passages))
            index.put(
                [Point(ids[at], ids[at], vectors[at], texts[at], {"readers": lists[at]}) for at in some]
            )
        index.optimize()
        print(f"{given.passages:,} passages, {given.questions} questions: recall@{TOP}, ms in the median")
        for share in SHARES:
            measure(index, f"share:{share}", (ids, vectors, lists), asked)
        measure(index, f"centre:{own[0]}", (ids, vectors, lists), asked)
        index.close()


def measure(index: QdrantEdge, reader: str, held: Held, asked: np.ndarray) -> None:
    """Print recall and time of one reader."""
    ids, vectors, lists = held
    seen = np.array([at for at, names in enumerate(lists) if reader in names])
    where = reach(Access.parse(reader))
    recalls, times = [], []
    for question in asked:
        exact = {ids[seen[at]] for at in np.argsort(-(vectors[seen] @ question))[:TOP]}
        began = perf_counter()
        found = {one for one, _ in index.dense(question, TOP, where)}
        times.append(1000 * (perf_counter() - began))
        recalls.append(len(found & exact) / max(len(exact), 1))
        assert found <= {ids[at] for at in seen}
    words = len(index.lexical("lamp", len(ids), where, "bm25"))
    held_words = f"{words} passages by keyword"
    print(
        f"{reader:>14} sees {len(seen):>6,}: {fmean(recalls):.4f}, {median(times):.1f} ms; {held_words}",
        flush=True,
    )


if __name__ == "__main__":
    main()
