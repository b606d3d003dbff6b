"""When does a library refuse, and should it? Through the real Library, with the default configuration.

    python -m bench.refusal --data DATA [--work .bench/refusal] [--fit]

Foreign questions: recall and precision of refusals, and the share of answerable questions that are answered. Near
misses: AUROC of `confidence` against the best of the top retrieval scores, with 95 % bootstrap intervals, the
difference paired. Extraction: an answer is in the first two quoted sentences. With --fit the gate of each set is fitted
on the other sets, and the weights fitted on all are printed, to be written into src/citewell/answer/constants.py.
What is found for each question is kept in the work folder; remove DATASET.json there to search again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from bench.refusal_cases import FOREIGN, ONE_ANSWERS, Case, cases, opened
from bench.refusal_gate import Gate, fitted
from citewell.answer.constants import GATE_DENSE, THRESHOLD
from citewell.answer.judge import SIGNALS, WORD_SIGNALS, Judged, judge, signals
from citewell.library import Library
from citewell.model import Hit, HitsFound, Query
from citewell.protocols import Embedder

Row: TypeAlias = dict[str, Any]
"""`why`, the signals with vectors and by words alone, the top scores, whether each of the first sentences answers."""
SCORES = ("fused", "dense", "keyword")
UNANSWERED = ("foreign", "near", "missing", "changed")
RESAMPLES = 2000
STEPS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)


def rows(data: Path, work: Path, name: str) -> list[Row]:
    """Return what is found for every question, from the work folder where it is there."""
    kept = work / f"{name}.json"
    if not kept.exists():
        with opened(data, work, name) as library:
            embedder = Remembered(library._parts.embedder)
            found = [_row(library, embedder, case) for case in cases(data, name)]
        kept.write_text(json.dumps(found))
    loaded: list[Row] = json.loads(kept.read_text())
    return loaded


class Remembered:
    """An embedder that embeds no text twice: questions about few documents meet the same sentences."""

    def __init__(self, inner: Embedder) -> None:
        self.inner, self.known = inner, dict[str, Any]()
        self.name, self.dimensions, self.max_tokens = inner.name, inner.dimensions, inner.max_tokens
        self.count = inner.count

    def embed(self, texts: Sequence[str], *, kind: Literal["query", "passage"]) -> Any:
        new = [text for text in dict.fromkeys(texts) if kind + text not in self.known]
        if new:
            vectors = self.inner.embed(new, kind=kind)
            self.known.update({kind + text: vector for text, vector in zip(new, vectors, strict=True)})
        return np.stack([self.known[kind + text] for text in texts])


def _row(library: Library, embedder: Embedder, case: Case) -> Row:
    hits = asyncio.run(_shown(library, case.query))
    judged = judge(case.query.text, hits, embedder)
    worded = judge(case.query.text, hits)
    return {
        "why": case.why,
        "question": case.query.text,
        "dense": _signals(judged, embedded=True),
        "words": _signals(worded, embedded=False),
        "scores": {name: _top(hits, name) for name in SCORES},
        "answers": [case.answered_by(one.saying.text) for one, _ in judged.chosen],
    }


async def _shown(library: Library, query: Query) -> tuple[Hit, ...]:
    async with aclosing(library.stream(query)) as events:  # type: ignore[type-var]
        async for event in events:
            if isinstance(event, HitsFound):
                return event.hits
    return ()


def _signals(judged: Judged, embedded: bool) -> dict[str, float]:
    if not judged.evidence.hits:
        return dict.fromkeys((*SIGNALS, *WORD_SIGNALS), 0.0)
    found = signals(judged.evidence, [one for one, _ in judged.chosen], embedded)
    return {name: float(value) for name, value in found.items()}


def _top(hits: Sequence[Hit], name: str) -> float:
    return max(
        (float(stage.score) for hit in hits for stage in hit.stages if stage.name == name), default=0.0
    )


def wins(own: Sequence[float], other: Sequence[float]) -> Any:
    """Return, own × other, 1 where an own question scores higher, 0.5 where equal; its mean is the AUROC."""
    a, b = np.asarray(own)[:, None], np.asarray(other)[None, :]
    return (a > b) + 0.5 * (a == b)


def interval(matrix: Any, resamples: int = RESAMPLES) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of a matrix' mean, rows and columns resampled (stratified by class)."""
    chance = np.random.default_rng(0)
    n, m = matrix.shape
    means = [
        np.bincount(chance.integers(0, n, n), minlength=n)
        @ matrix
        @ np.bincount(chance.integers(0, m, m), minlength=m)
        for _ in range(resamples)
    ]
    low, high = np.percentile(np.array(means) / (n * m), [2.5, 97.5])
    return float(low), float(high)


def foreign_line(found: list[Row], gate: Gate, threshold: float) -> str:
    """Return recall and precision of refusals of foreign questions, and the share of own ones answered."""
    refused = {
        why: [gate(row) < threshold for row in found if row["why"] == why] for why in ("own", "foreign")
    }
    own, foreign = refused["own"], refused["foreign"]
    precision = sum(foreign) / max(1, sum(foreign) + sum(own))
    return f"{len(foreign):7} {len(own):5} {_share(foreign):>20} {precision:9.3f} {_share([not no for no in own]):>20}"


def _share(values: Sequence[bool]) -> str:
    """A share with its 95 % interval (Wilson 1927)."""
    n, p = len(values), sum(values) / len(values)
    middle, half = p + 1.92 / n, 1.96 * (p * (1 - p) / n + 0.96 / n**2) ** 0.5
    return f"{p:.3f} ({(middle - half) / (1 + 3.84 / n):.3f}–{(middle + half) / (1 + 3.84 / n):.3f})"


def auroc_line(found: list[Row], gate: Gate, why: str) -> str:
    """Return the AUROC of confidence and of the best top score, with the difference."""
    own, other = ([row for row in found if row["why"] == one] for one in ("own", why))
    if not other:
        return ""
    ours = wins([gate(row) for row in own], [gate(row) for row in other])
    tops = {
        name: wins([row["scores"][name] for row in own], [row["scores"][name] for row in other])
        for name in SCORES
    }
    best = max(SCORES, key=lambda name: float(tops[name].mean()))
    low, high = interval(ours)
    less, more = interval(ours - tops[best])
    shown = " ".join(f"{tops[name].mean():.3f}" for name in SCORES)
    gained = (ours - tops[best]).mean()
    bounds = f"({low:.3f}–{high:.3f})  {shown}  {gained:+.3f} ({less:+.3f} to {more:+.3f})"
    return f"{len(other):6} {ours.mean():.3f} {bounds}"


def extract_line(found: list[Row], gate: Gate) -> str:
    """Return the share of answerable questions answered in one, two and three sentences, refusals being misses."""
    own = [row for row in found if row["why"] == "own"]
    rates = [_share([any(row["answers"][:n]) for row in own]) for n in (1, 2, 3)]
    said = _share([any(row["answers"][:2]) and gate(row) >= THRESHOLD for row in own])
    return f"{len(own):5}  {'  '.join(rates)}  {said}"


def report(sets: dict[str, list[Row]], gates: dict[str, Gate]) -> None:
    """Print the four tables, each set judged by its own gate."""
    print(
        f"-- foreign questions, refused below {THRESHOLD}: how many, of own ones, recall, precision, own answered"
    )
    for name, found in sets.items():
        print(f"{name:12} {foreign_line(found, gates[name], THRESHOLD)}")
    for why in UNANSWERED[1:]:
        print(
            f"-- {why}: AUROC of confidence; of {', '.join(SCORES)} alone; difference from the best of these; refused"
        )
        for name, found in sets.items():
            if line := auroc_line(found, gates[name], why):
                print(
                    f"{name:12} {line} {_share([gates[name](r) < THRESHOLD for r in found if r['why'] == why])}"
                )
    print("-- extraction: an answer in the first sentence, two, three; in two, refusals counted as misses")
    for name, found in sets.items():
        if name in ONE_ANSWERS:
            print(f"{name:12} {extract_line(found, gates[name])}")
    sys.stdout.flush()


def sweep(sets: dict[str, list[Row]], gates: dict[str, Gate]) -> None:
    """Print, for thresholds, how many own questions are answered and how many others are refused."""
    print("-- thresholds: own answered | foreign, near, missing, changed refused")
    for step in STEPS:
        shares = []
        for name, found in sets.items():
            refused = {why: [gates[name](r) < step for r in found if r["why"] == why] for why in UNANSWERED}
            answered = [gates[name](r) >= step for r in found if r["why"] == "own"]
            rest = " ".join(f"{np.mean(values):.2f}" if values else "  - " for values in refused.values())
            shares.append(f"{name} {np.mean(answered):.3f} | {rest}")
        print(f"{step:.2f}  " + "   ".join(shares))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path(".bench/refusal"))
    parser.add_argument("--fit", action="store_true", help="judge each set by a gate fitted on the others")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    sets = {name: rows(options.data, options.work, name) for name in FOREIGN}
    if not options.fit:
        report(sets, {name: Gate(GATE_DENSE, "dense") for name in sets})
        return
    for kind, names in (("dense", SIGNALS), ("words", WORD_SIGNALS)):
        print(f"== {kind}")
        gates = {
            name: fitted({one: r for one, r in sets.items() if one != name}, kind, names) for name in sets
        }
        report(sets, gates)
        sweep(sets, gates)
        print(f"GATE_{kind.upper()} = {fitted(sets, kind, names).weights}")


if __name__ == "__main__":
    main()
