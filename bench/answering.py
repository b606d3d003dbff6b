"""Choose the numbers in src/citewell/answer/constants.py, judged leave-one-set-out.

    python bench/answering.py --data DATA               extraction
    python bench/answering.py --data DATA --grounding   checking claims against contexts

Each answerable question is answered over its own set's passages (BM25 and vectors, fused by reciprocal ranks): the
answer string, or a sentence that annotators selected, is in the first two sentences. Weights for a set are fitted on
the others. When to refuse, and all of it through the real library: bench/refusal.py.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy.optimize import minimize  # type: ignore[import-untyped]

from citewell.answer import words
from citewell.answer.cite import cite
from citewell.answer.constants import EMBEDDED_SENTENCES, RANK_WORDS
from citewell.answer.evidence import FEATURES, WORD_FEATURES, Evidence, Sentence, with_cosines
from citewell.answer.sentences import units
from citewell.answer.support import plain
from citewell.model import Entry, Hit, Passage, Stage
from citewell.protocols import Embedder

if TYPE_CHECKING:
    from citewell.model import Matrix

SETS = ("squad2_mini", "clapnq_dev", "xquad_en")
GROUNDING = ("attributionbench", "wice", "begin_cmu", "begin_tc", "begin_wow")
MOST = 300
SHOWN = 8
Weights = dict[str, float]


@dataclass(frozen=True)
class Question:
    """A question; `answers` are strings or sentences one of which must be quoted."""

    text: str
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """A question over a set's passages: its sentences with cosines, and which of them answer."""

    question: Question
    evidence: Evidence
    sentences: list[Sentence]
    labels: list[bool]


Cases: TypeAlias = dict[str, list[Case]]
"""Cases by the name of the set whose passages are searched."""


class Cached:
    """Vectors by text, each computed once."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        self.known: dict[str, Matrix] = {}

    def __call__(self, texts: Sequence[str]) -> Matrix:
        new = list(dict.fromkeys(text for text in texts if text not in self.known))
        if new:
            self.known.update(zip(new, self.embedder.embed(new, kind="passage"), strict=True))
        return np.stack([self.known[text] for text in texts])


class Searcher:
    """BM25 and exact vectors over one set, fused: enough retrieval to judge answers without a library."""

    def __init__(self, hits: list[Hit], vectors: Cached) -> None:
        self.hits, self.vectors = hits, vectors
        texts = [f"{hit.document.title}\n{hit.passage.text}".strip() for hit in hits]
        self.matrix = vectors(texts)
        self.counts = [Counter(words.stems(text)) for text in texts]
        self.lengths = [sum(counts.values()) for counts in self.counts]
        frequency = Counter(stem for counts in self.counts for stem in counts)
        self.idf = {s: math.log(1 + (len(texts) - n + 0.5) / (n + 0.5)) for s, n in frequency.items()}

    def __call__(self, question: str) -> tuple[Hit, ...]:
        dense = self.matrix @ self.vectors([question])[0]
        keyword = np.array(self._bm25(words.stems(question)))
        ranks = [np.argsort(np.argsort(-one)) for one in (dense, keyword)]
        fused = 1 / (20 + ranks[0]) + 1 / (20 + ranks[1])
        best = np.argsort(-fused, kind="stable")[:SHOWN]
        return tuple(
            Hit(
                self.hits[i].passage,
                self.hits[i].document,
                float(fused[i]),
                (Stage("dense", 1, float(dense[i])),),
            )
            for i in best
        )

    def _bm25(self, asked: Sequence[str]) -> list[float]:
        mean = sum(self.lengths) / len(self.lengths)
        return [
            sum(
                self.idf.get(s, 0) * c[s] * 2.2 / (c[s] + 1.2 * (0.25 + 0.75 * n / mean))
                for s in asked
                if s in c
            )
            for c, n in zip(self.counts, self.lengths, strict=True)
        ]


def passages(folder: Path) -> list[Hit]:
    """Read a BEIR corpus and cut it into passages of about 900 characters at sentence ends."""
    return [
        _hit(row["_id"], row.get("title", "").replace("_", " "), row["text"], start, end)
        for row in _rows(folder / "corpus.jsonl")
        for start, end in _cut(row["text"])
    ]


def _cut(text: str, most: int = 900) -> Iterable[tuple[int, int]]:
    if len(text) <= most * 1.5:
        return [(0, len(text))]
    cuts: list[tuple[int, int]] = []
    start, end = 0, 0
    for unit in units(text):
        if unit.end - start > most and end > start:
            cuts.append((start, end))
            start = unit.start
        end = unit.end
    return [*cuts, (start, end)]


def _hit(identity: str, title: str, text: str, start: int, end: int) -> Hit:
    passage = Passage(f"{identity}:{start}", identity, 1, text[start:end], start, end)
    return Hit(passage, Entry(identity, 1, title, "", "text/plain", {}, 1, len(text), "", ""), 0.0)


def questions(folder: Path) -> list[Question]:
    """Read up to MOST answerable questions, always the same ones."""
    rows = [_question(row) for row in _rows(folder / "queries.jsonl") if row.get("answerable", True)]
    return random.Random(0).sample(rows, MOST) if len(rows) > 2 * MOST else rows


def _question(row: dict) -> Question:  # type: ignore[type-arg]
    chosen = row.get("metadata", {}).get("selected_sentences")
    return Question(row["text"], tuple(chosen or row.get("answers", ())))


def _rows(path: Path) -> list[dict]:  # type: ignore[type-arg]
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def case(question: Question, search: Searcher) -> Case:
    """Retrieve for a question and label the sentences that answer it."""
    evidence = Evidence(question.text, search(question.text))
    ranked = rank(evidence.sentences, RANK_WORDS)[:EMBEDDED_SENTENCES]
    vector = search.vectors([question.text])[0]
    sentences = with_cosines(ranked, lambda texts: search.vectors(texts) @ vector) if ranked else []
    labels = [_answers(one.saying.text, question.answers) for one in sentences]
    return Case(question, evidence, sentences, labels)


def _answers(sentence: str, answers: Sequence[str]) -> bool:
    said = f" {plain(sentence).lower()} "
    return any(
        plain(a).lower() in said or (len(said) > 40 and said.strip() in plain(a).lower()) for a in answers
    )


def rank(sentences: Sequence[Sentence], weights: Weights) -> list[Sentence]:
    """Return sentences by the weighted sum of their features, best first."""
    return sorted(sentences, key=lambda one: -sum(w * one.features[name] for name, w in weights.items()))


def fit_rank(cases: Sequence[Case], names: Sequence[str], ridge: float = 2.0) -> Weights:
    """Fit weights so that softmax over a question's sentences puts its mass on those that answer."""
    data = [
        (np.array([[s.features[n] for n in names] for s in one.sentences]), np.array(one.labels))
        for one in cases
        if any(one.labels)
    ]

    def loss(w: Matrix) -> tuple[float, Matrix]:
        total, slope = ridge * float(w @ w) / 2, ridge * w
        for x, y in data:
            z = x @ w
            p = np.exp(z - z.max())
            q = p * y / (p * y).sum()
            p = p / p.sum()
            total -= math.log(max(float(p[y].sum()), 1e-12))
            slope = slope + x.T @ (p - q)
        return total, slope

    found = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B").x
    return {name: round(float(w), 2) for name, w in zip(names, found, strict=True)}


def hit_rate(cases: Sequence[Case], weights: Weights, first: int = 2) -> float:
    """Return the share of answerable questions answered within the first sentences."""
    return sum(_hit_within(one, weights, first) for one in cases) / max(len(cases), 1)


def _hit_within(one: Case, weights: Weights, first: int) -> bool:
    labels = {id(s): label for s, label in zip(one.sentences, one.labels, strict=True)}
    return any(labels[id(s)] for s in rank(one.sentences, weights)[:first])


def collect(data: Path, embedder: Embedder) -> Cases:
    """Return every set's answerable questions, each over the set's passages."""
    vectors = Cached(embedder)
    searches = {name: Searcher(passages(data / name), vectors) for name in SETS}
    return {name: [case(q, searches[name]) for q in questions(data / name)] for name in SETS}


def table(cases: Cases, names: Sequence[str]) -> Weights:
    """Print the leave-one-set-out table; return the weights fitted on all sets."""
    print(f"{'held out':12} in one  in two in three")
    for held in SETS:
        weights = fit_rank([one for name in SETS if name != held for one in cases[name]], names)
        rates = [hit_rate(cases[held], weights, first) for first in (1, 2, 3)]
        print(f"{held:12}" + " ".join(f"{rate:7.3f}" for rate in rates))
    return fit_rank([one for name in SETS for one in cases[name]], names)


def grounding(data: Path) -> None:
    """Print, per set, how well "every sentence is cited" tells supported claims from others."""
    print("kept: share of supported and of unsupported claims that got a citation for every sentence")
    print(f"{'set':18} claims kept+ kept- balanced precision")
    for name in GROUNDING:
        kept: dict[int, list[bool]] = {0: [], 1: []}
        for row in _rows(data / "grounding" / f"{name}.jsonl"):
            context = row["context"]
            cited = cite(row["claim_or_answer"], [_hit("context", "", context, 0, len(context))])
            kept[int(row["label"])].append(bool(cited.citations and not cited.unsupported))
        right, wrong = (sum(kept[label]) / max(len(kept[label]), 1) for label in (1, 0))
        precision = sum(kept[1]) / max(sum(kept[1]) + sum(kept[0]), 1)
        count, balanced = len(kept[0]) + len(kept[1]), (1 + right - wrong) / 2
        print(f"{name:18} {count:6} {right:.3f} {wrong:.3f}    {balanced:.3f}     {precision:.3f}")


def main() -> None:
    """Print the tables that `--data` gives rise to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--grounding", action="store_true")
    options = parser.parse_args()
    if options.grounding:
        grounding(options.data)
        return
    from citewell.providers.minilm import MiniLM

    report(collect(options.data, MiniLM()))


def report(cases: Cases) -> None:
    """Print both tables, with vectors and by words alone, and the weights to write into constants.py."""
    for title, names in (("DENSE", FEATURES), ("WORDS", WORD_FEATURES)):
        print(f"-- {title}")
        print(f"RANK_{title} = {table(cases, names)}")


if __name__ == "__main__":
    main()
