"""Choose the weights of `citewell.answer.score`, judged leave-one-dataset-out.

    python -m bench.grounding --data DATA [--signals FILE] [--most COUNT]

For each set of DATA/grounding, a logistic model with balanced classes is fitted on the other sets, each set counting
alike, and judged on the one held out, at the threshold of one half. The weights printed last are fitted on all sets.
`--signals` keeps the signals in a file, and reads them from there the next time.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
from scipy.optimize import minimize

from citewell.answer.score import SIGNALS, probability, signals_of
from citewell.evaluate import read_pairs
from citewell.evaluate.grounding import judged

RIDGE = 1.0
Row: TypeAlias = dict[str, float]
"""The signals of a claim, its label, and the milliseconds it took."""


def main() -> None:
    """Print the table and the weights."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--most", type=int, default=0, help="claims of each set, the first ones; 0 is all")
    parser.add_argument("--signals", type=Path)
    chosen = parser.parse_args()
    rows = _kept(chosen.signals) or _measured(chosen.data / "grounding", chosen.most)
    if chosen.signals:
        chosen.signals.write_text("".join(json.dumps([n, r]) + "\n" for n, own in rows.items() for r in own))
    print("\n".join(_table(rows, SIGNALS)))


def _kept(path: Path | None) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for line in path.read_text().splitlines() if path and path.exists() else []:
        name, row = json.loads(line)
        found.setdefault(name, []).append(row)
    return found


def _measured(folder: Path, most: int) -> dict[str, list[Row]]:
    return {path.stem: _rows(path, most) for path in sorted(folder.glob("*.jsonl"))}


def _rows(path: Path, most: int) -> list[Row]:
    found = []
    for pair in read_pairs(path)[: most or None]:
        started = time.perf_counter()
        own = signals_of(pair.claim, pair.context)
        seconds = time.perf_counter() - started
        found.append({**own, "label": float(pair.supported), "ms": seconds * 1000})
    return found


def fit(sets: Sequence[Sequence[Row]], names: Sequence[str]) -> Row:
    """Fit a logistic model; sets and, in each, both classes weigh alike. A claim without signals is left out."""
    rows = [(row, 1 / len(own)) for own in sets for row in own if "window" in row]
    x = np.array([[row[name] for name in names] + [1.0] for row, _ in rows])
    y = np.array([row["label"] for row, _ in rows])
    share = np.array([weight for _, weight in rows])
    weigh = share * np.where(y > 0, 0.5 / (share * y).sum(), 0.5 / (share * (1 - y)).sum()) * len(y)

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        z = x @ w
        p = 1 / (1 + np.exp(-z))
        total = float((weigh * (np.logaddexp(0, z) - y * z)).sum() + RIDGE / 2 * w[:-1] @ w[:-1])
        return total, x.T @ (weigh * (p - y)) + RIDGE * np.append(w[:-1], 0)

    found = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x
    return {name: round(float(w), 2) for name, w in zip([*names, "bias"], found, strict=True)}


def _table(rows: dict[str, list[Row]], names: Sequence[str]) -> list[str]:
    lines = [f"{'held out':18} claims   balanced accuracy        AUROC                    ms"]
    means = []
    for held, own in rows.items():
        weights = fit([other for name, other in rows.items() if name != held], names)
        score = partial(probability, weights=weights)
        scores = [score(row) if "window" in row else 0.0 for row in own]
        accuracy, area = judged(scores, [row["label"] > 0 for row in own], 0.5)
        means.append((accuracy.mean, area.mean))
        figures = [f"{e.mean:.3f} ({e.low:.3f}–{e.high:.3f})" for e in (accuracy, area)]
        spent = sum(row.get("ms", 0.0) for row in own) / len(own)
        lines.append(f"{held:18} {len(own):6}   {figures[0]:24} {figures[1]:24} {spent:.1f}")
    mean = np.array(means).mean(axis=0)
    lines.append(f"{'average':18} {'':6}   {mean[0]:<24.3f} {mean[1]:.3f}")
    return [*lines, f"fitted on all: {fit(list(rows.values()), names)}"]


if __name__ == "__main__":
    main()
