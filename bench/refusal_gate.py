"""The gate that says how likely it is that hits answer, fitted: logistic regression in which every set, and every kind
of unanswerable question, has a weight of its own, whatever its number, so that none is what the gate is made for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize

RIDGE = 3.0
A_SET = 300.0
"""Weight of a set, in questions: what the ridge is held against."""


@dataclass(frozen=True)
class Gate:
    """Weights of signals; `kind` names the signals in a row: "dense" or "words"."""

    weights: Mapping[str, float]
    kind: str

    def __call__(self, row: Mapping[str, Any]) -> float:
        found = row[self.kind]
        total = self.weights["bias"] + sum(
            w * found[name] for name, w in self.weights.items() if name != "bias"
        )
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def fitted(sets: Mapping[str, Sequence[Mapping[str, Any]]], kind: str, names: Sequence[str]) -> Gate:
    """Fit a gate to the rows of sets. Weights are for signals as they are; the ridge is on their standard scores."""
    found = [row for rows in sets.values() for row in rows]
    x = np.array([[row[kind][name] for name in names] for row in found])
    y = np.array([row["why"] == "own" for row in found], dtype=float)
    counts = np.concatenate([_weights(rows) for rows in sets.values()])
    mean, spread = x.mean(0), x.std(0) + 1e-9
    z = np.column_stack([(x - mean) / spread, np.ones(len(x))])

    def loss(w: Any) -> tuple[float, Any]:
        scores = z @ w
        slope = z.T @ (counts * (1 / (1 + np.exp(-scores)) - y))
        slope[:-1] += RIDGE * w[:-1]
        total = (counts * (np.logaddexp(0, scores) - y * scores)).sum() + RIDGE * w[:-1] @ w[:-1] / 2
        return float(total), slope

    best = minimize(loss, np.zeros(z.shape[1]), jac=True, method="L-BFGS-B").x
    weights = {name: round(float(w), 2) for name, w in zip(names, best[:-1] / spread, strict=True)}
    return Gate({**weights, "bias": round(float(best[-1] - (best[:-1] * mean / spread).sum()), 2)}, kind)


def _weights(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Half of a set's weight to its own questions, a quarter to foreign ones, a quarter to the other kinds."""
    kinds = [row["why"] for row in rows]
    nearer = {one for one in kinds if one not in ("own", "foreign")}
    share = {"own": 0.5, "foreign": 0.25, **dict.fromkeys(nearer, 0.25 / max(1, len(nearer)))}
    return np.array([A_SET * share[one] / kinds.count(one) for one in kinds])
