"""Would a library search better with a map learned from its own headings? Measured; not built: see decision 0006.

    python -m bench.learning --data DATA [--sets ray_docs ...] [--work .bench/retrieval]

Pairs are (heading, passage under it). A 384 x 384 map on the question's side starts at the identity and is trained with
a contrastive loss over the other passages of a batch (InfoNCE, van den Oord et al. 2018), by Adam. Dense and hybrid
are scored with and without it, on libraries that `bench/retrieval.py` has made.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.retrieval import SETS, metrics, pages
from citewell.assemble import assemble
from citewell.evaluate import load
from citewell.library import Library
from citewell.model import Query
from citewell.retrieve import Dense, Fuse, Lexical, Pool
from citewell.retrieve.constants import DEPTH, WEIGHTS
from citewell.settings import Config

EPOCHS, RATE, TEMPERATURE, BATCH = 4, 5e-4, 1 / 20, 128
MOST_PAIRS, FEWEST_PAIRS = 4_000, 200


@dataclass(frozen=True)
class Mapped:
    """An embedder whose questions go through a map; passages stay as they are."""

    inner: Any
    map: Any

    def embed(self, texts: list[str], *, kind: str) -> Any:
        rows = self.inner.embed(texts, kind=kind) @ self.map
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def pairs_of(library: Library) -> tuple[list[str], Any]:
    """Return headings of two words and more that stand over a few passages, and a passage vector for each."""
    under: dict[str, list[Any]] = defaultdict(list)
    for version in library._parts.catalog.current():
        for entry, passage, vector in library._parts.catalog.points(version):
            under[passage.heading.split(" > ")[-1] or entry.title].append(vector)
    fit = [
        (name, vectors[0])
        for name, vectors in sorted(under.items())
        if len(name.split()) > 1 and len(vectors) < 7
    ]
    chosen = [fit[i] for i in np.random.default_rng(0).permutation(len(fit))[:MOST_PAIRS]]
    return [name for name, _ in chosen], np.array([vector for _, vector in chosen])


def trained(asked: Any, passages: Any) -> Any:
    """Return the map; `asked` and `passages` are unit rows that belong together."""
    size = asked.shape[1]
    learned, first, second = np.eye(size, dtype=np.float32), np.zeros((size, size)), np.zeros((size, size))
    random, step = np.random.default_rng(0), 0
    for _ in range(EPOCHS):
        order = random.permutation(len(asked))
        for at in range(0, len(order) - BATCH // 2, BATCH):
            rows = order[at : at + BATCH]
            slope = gradient(learned, asked[rows], passages[rows])
            step += 1
            first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope * slope
            adam = (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
            learned = (learned - RATE * adam).astype(np.float32)
    return learned


def gradient(learned: Any, asked: Any, passages: Any) -> Any:
    moved = asked @ learned
    length = np.linalg.norm(moved, axis=1, keepdims=True)
    unit = moved / length
    logits = unit @ passages.T / TEMPERATURE
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    odds /= odds.sum(axis=1, keepdims=True)
    back = (odds - np.eye(len(asked))) / len(asked) / TEMPERATURE @ passages
    return asked.T @ ((back - unit * (back * unit).sum(axis=1, keepdims=True)) / length)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--work", type=Path, default=Path(".bench/retrieval"))
    chosen = parser.parse_args()
    for name in chosen.sets:
        config = Config()
        config = replace(config, library=replace(config.library, path=chosen.work / name))
        with assemble(config) as library:
            measure(name, library, chosen.data)


def measure(name: str, library: Library, data: Path) -> None:
    headings, vectors = pairs_of(library)
    if len(headings) < FEWEST_PAIRS:
        print(f"{name}: {len(headings)} pairs, too few")
        return
    parts = library._parts
    learned = trained(parts.embedder.embed(headings, kind="query"), vectors)
    dataset = load(data / name)
    for label, embedder in (("as it is", parts.embedder), ("learned", Mapped(parts.embedder, learned))):
        dense, keyword = Dense(parts.index, embedder), Lexical(parts.index)
        for kind, ranker in (
            ("dense", dense),
            ("hybrid", Fuse((Pool(dense), Pool(keyword)), WEIGHTS, DEPTH)),
        ):
            rows = []
            for query, gold in dataset.qrels.items():
                found = ranker(Query(dataset.queries[query], limit=100))
                known = parts.catalog.hits([one.id for one in found])
                documents = {one: passage.document_id for one, (passage, _) in known.items()}
                rows.append(metrics(pages(found, documents), gold))
            said = "/".join(f"{value:.3f}" for value in np.mean(rows, axis=0))
            print(
                f"{name} ({len(headings)} pairs) {label} {kind}: nDCG@10/hit@5/recall@20 {said}", flush=True
            )


if __name__ == "__main__":
    main()
