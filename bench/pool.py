"""Any number of passages from real ones: real texts and vectors first, then two neighbours joined.

A passage made of two has the first half of each text, and a vector between theirs. So words and vectors
keep their distributions, and the nearest neighbours of a question are as hard to tell apart as real ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.texts import packed, passages
from citewell import plugins
from citewell.incoming import Blob
from citewell.settings import Config

REAL = 50_000
TOKENS = 80
"""At most, in a real passage: shorter than usual, so that the data at hand gives 50,000 of them."""
NEIGHBOURS = 8
NOISE = 0.1
"""Length of a random turn of an interpolated vector, so that no two are the same."""
A_DOCUMENT = 10
"""Passages in a document."""
BATCH = 1_000
SEED = 7


@dataclass
class Pool:
    """Real passages, their vectors and their neighbours; `made` holds vectors until they are asked for."""

    texts: Sequence[str]
    vectors: Any  # real passages × dimensions, unit length
    near: Any  # real passages × NEIGHBOURS
    made: dict[str, Any] = field(default_factory=dict)

    def documents(self, first: int, last: int) -> Iterator[Blob]:
        """Yield documents number `first` to `last` (excluded), and keep their passages' vectors for `embed`."""
        for number in range(first, last):
            made = [self._passage(number * A_DOCUMENT + n) for n in range(A_DOCUMENT)]
            self.made.update(made)
            text = "\n\n".join(f"## Part {n}\n\n{text}" for n, (text, _) in enumerate(made))
            fields = {f"one_in_{share}": number % share for share in (10, 50, 1000)}
            yield Blob(f"d{number}.md", text.encode(), "text/markdown", fields={**fields, "title": "Pool"})

    def embed(self, texts: Sequence[str]) -> Any:
        """Return the vectors of passages of `documents`, each once. A passage is the last line of what is embedded."""
        return np.stack([self.made.pop(text.rpartition("\n")[2]) for text in texts])

    def _passage(self, number: int) -> tuple[str, Any]:
        real = number % len(self.texts)
        if number < len(self.texts):
            return self.texts[real], self.vectors[real]
        chance = np.random.default_rng((SEED, number))
        other = int(self.near[real, chance.integers(NEIGHBOURS)])
        words, more = self.texts[real].split(), self.texts[other].split()
        text = " ".join([*words[: len(words) // 2], *more[len(more) // 2 :], f"n{number}"])
        share = chance.uniform(0.2, 0.8)
        noise = chance.standard_normal(self.vectors.shape[1]) * NOISE / np.sqrt(self.vectors.shape[1])
        vector = (1 - share) * self.vectors[real] + share * self.vectors[other] + noise
        return text, (vector / np.linalg.norm(vector)).astype(np.float32)


def pool(data: Path, work: Path, most: int = REAL) -> Pool:
    """Return the real passages, embedded once and kept in `work`; goes on where it was interrupted."""
    kept = work / "real.json"
    if not kept.exists():
        kept.write_text(json.dumps(_real(data)[:most]))
    texts = json.loads(kept.read_text())
    vectors = _embedded(texts, work)
    return Pool(texts, vectors, _neighbours(vectors))


def _real(data: Path) -> list[str]:
    """Passages of every corpus, in a random order; then of the contexts in grounding/."""
    folders = sorted(path.parent for path in data.glob("*/corpus.jsonl"))
    found = list(passages(folders, TOKENS))
    order = np.random.default_rng(SEED).permutation(len(found))
    known = set(found)
    more = packed(_contexts(data), TOKENS)
    return [found[n] for n in order] + [text for text in dict.fromkeys(more) if text not in known]


def _contexts(data: Path) -> Iterator[str]:
    for path in sorted(data.glob("grounding/*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield str(json.loads(line).get("context") or "")


def _embedded(texts: Sequence[str], work: Path) -> Any:
    config = Config()
    embedder = plugins.load("embedders", config.embed.model)(threads=config.embed.threads)
    parts = []
    for start in range(0, len(texts), BATCH):
        kept = work / f"real-{start}.npy"
        if not kept.exists():
            np.save(kept, embedder.embed(texts[start : start + BATCH], kind="passage"))
        parts.append(np.load(kept))
    return np.concatenate(parts)


def _neighbours(vectors: Any) -> Any:
    """The nearest others of each vector, in no order."""
    found = []
    for start in range(0, len(vectors), BATCH):
        scores = vectors[start : start + BATCH] @ vectors.T
        scores[np.arange(len(scores)), np.arange(start, start + len(scores))] = -1
        found.append(np.argpartition(-scores, NEIGHBOURS, axis=1)[:, :NEIGHBOURS])
    return np.concatenate(found)
