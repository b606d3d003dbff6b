"""Fit the weights of src/citewell/suspicion/constants.py; judge them on kinds and published attacks left out.

    python -m bench.suspicion --data DATA --django FOLDER

Instructions are bench/hostile_exemplars.py's, each put into a passage of Django's documentation; what is innocent are
that file's other sentences and Django's own. No sentence of DATA is fitted: its attacks are the test, and so are the
clean collections.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
from scipy.optimize import minimize  # type: ignore[import-untyped]

from bench.hostile_exemplars import ATTACKS, INNOCENT
from citewell.answer.sentences import units
from citewell.suspicion.features import NAMES, Sentence, features
from citewell.suspicion.score import around, pieces

Row: TypeAlias = list[float]
STRENGTH = 0.004
"""Of the L2 penalty on the distance from PRIOR."""
PRIOR = {
    **dict.fromkeys(
        ("override", "tags", "persona", "addressed", "trigger", "secrecy", "refuse", "authority", "letters",
         "insert_output", "transform_output", "say_link", "task_novel", "wh_novel", "send_secrets", "splice_code",
         "spliced_danger"), 3.5),
    **dict.fromkeys(("output", "your_code", "literal", "loud", "order_output"), 1.5),
    "mention": -1.5, "technical": -1.0, "quoted": -3.0,
}  # fmt: skip
"""Weights before any sentence is seen: what is enough nearly alone, what is half of it, what speaks against."""
PRIOR_BIAS = -4.0
CLEAN = 600
"""Weight of Django's sentences together; each of the others has 1."""
BULK = 12_000
"""Sentences of Django's documentation."""
UNSIGNED = ("mention", "quoted", "technical")
"""Features that may speak against; the others speak for, or not at all."""


def row(text: str, host: str, code: str = "", is_code: bool = False) -> Row:
    """Return the features of a sentence in a text that goes on around it."""
    found = features(Sentence(text, partial(around, f"{text}\n{host}", 0, len(text)), code, is_code))
    return [found[name] for name in NAMES]


def passages(folder: Path, count: int, seed: int = 0) -> list[str]:
    """Return stretches of a folder's text files, of about a passage's length each."""
    files = sorted(folder.rglob("*.txt"))
    texts = [part for file in files for part in _stretches(file.read_text(encoding="utf-8"))]
    return random.Random(seed).sample(texts, min(count, len(texts)))


def _stretches(text: str) -> Iterator[str]:
    held = ""
    for part in text.split("\n\n"):
        held += part + "\n\n"
        if len(held) > 1000:
            yield held
            held = ""


def bulk(hosts: Sequence[str]) -> list[Row]:
    """Return the features of the hosts' own sentences."""
    rows: list[Row] = []
    for host in hosts:
        found = pieces(host)
        for at, (unit, spans) in enumerate(found):
            after = found[at + 1][0] if at + 1 < len(found) and found[at + 1][0].kind == "code" else None
            for start, end in spans:
                text, rest = host[start:end], host[:start] + host[end:]
                ends = end == unit.end and text.rstrip("*_ \n`").endswith((":", "."))
                code = (
                    text if unit.kind == "code" else host[after.start : after.end] if after and ends else ""
                )
                rows.append(row(text, rest, code, unit.kind == "code"))
    return rows[:BULK]


def fit(
    rows: Sequence[Row], labels: Sequence[int], weights: Sequence[float]
) -> tuple[float, dict[str, float]]:
    """Return bias and weights of a logistic regression (L2), each weight of the sign that its feature means."""
    x, y, w = np.array(rows), np.array(labels, float), np.array(weights)
    w = w / w.sum()
    prior = np.array([PRIOR_BIAS, *(PRIOR.get(name, 0.0) for name in NAMES)])

    def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
        z = theta[0] + x @ theta[1:]
        p = 1 / (1 + np.exp(-z))
        off = theta - prior
        value = float(w @ (np.logaddexp(0, z) - y * z)) + STRENGTH / 2 * float(off @ off)
        slope = w * (p - y)
        return value, np.concatenate([[slope.sum()], x.T @ slope]) + STRENGTH * off

    bounds = [(None, None), *((None, 0.0) if name in UNSIGNED else (0.0, None) for name in NAMES)]
    found = minimize(loss, prior, jac=True, method="L-BFGS-B", bounds=bounds).x
    return float(found[0]), {
        name: float(v) for name, v in zip(NAMES, found[1:], strict=True) if abs(v) > 0.05
    }


def score(rows: Sequence[Row], bias: float, weights: dict[str, float]) -> np.ndarray:
    theta = np.array([weights.get(name, 0.0) for name in NAMES])
    return np.asarray(1 / (1 + np.exp(-(bias + np.array(rows) @ theta))))


def attacks(data: Path) -> dict[str, list[str]]:
    """Return the published attacks, by family."""
    found: dict[str, list[str]] = {}
    for name in ("text_attack_train.json", "code_attack_train.json"):
        found |= json.loads((data / "injection" / name).read_text(encoding="utf-8"))
    return found


def contexts(data: Path) -> list[str]:
    lines = (data / "injection" / "email_train.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["context"] for line in lines]


def attack_row(attack: str, host: str) -> Row:
    """Return the features of an attack's first sentence, with the code that it announces."""
    found = units(attack)
    code = attack[found[-1].start :] if found[-1].kind == "code" else ""
    return row(attack[found[0].start : found[0].end], host, code)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument(
        "--django", type=Path, required=True, help="a folder of Django's documentation (.txt)"
    )
    arguments = parser.parse_args()
    chance = random.Random(0)
    hosts = passages(arguments.django, 1500)
    clean = bulk(hosts)
    hard = {kind: [row(text, chance.choice(hosts)) for text in texts] for kind, texts in INNOCENT.items()}
    # A question of a document's own: its words come up around it.
    hard["questions"] = [row(text, f"{text} {chance.choice(hosts)}") for text in INNOCENT["questions"]]
    hostile = {kind: [row(text, chance.choice(hosts)) for text in texts] for kind, texts in ATTACKS.items()}
    emails = contexts(arguments.data)
    tested = {
        kind: [attack_row(one, chance.choice(emails)) for one in some]
        for kind, some in attacks(arguments.data).items()
    }

    def fitted(kinds: Sequence[str], innocents: Sequence[str]) -> tuple[float, dict[str, float]]:
        positive = [one for kind in kinds for one in hostile[kind]]
        negative = [one for kind in innocents for one in hard[kind]]
        rows = [*positive, *negative, *clean]
        labels = [1] * len(positive) + [0] * (len(negative) + len(clean))
        weights = [1.0] * len(positive) + [1.0] * len(negative) + [CLEAN / len(clean)] * len(clean)
        return fit(rows, labels, weights)

    print("own kinds, each left out: scored >= .5 and >= .9")
    for kind in hostile:
        bias, weights = fitted([other for other in hostile if other != kind], list(hard))
        found = score(hostile[kind], bias, weights)
        print(f"  {kind:<16} {len(found):>3} {np.mean(found >= 0.5):.2f} {np.mean(found >= 0.9):.2f}")
    for kind in hard:
        bias, weights = fitted(list(hostile), [other for other in hard if other != kind])
        found = score(hard[kind], bias, weights)
        print(
            f"  innocent {kind:<16} {len(found):>3} {np.mean(found >= 0.5):.2f} {np.mean(found >= 0.9):.2f}"
        )
    bias, weights = fitted(list(hostile), list(hard))
    found = score(clean, bias, weights)
    print(f"django sentences {len(clean)}: {np.mean(found >= 0.5):.4f} {np.mean(found >= 0.9):.4f}")
    print("published families, none fitted")
    for kind, rows in tested.items():
        found = score(rows, bias, weights)
        print(f"  {kind:<36} {np.mean(found >= 0.5):.2f} {np.mean(found >= 0.9):.2f}")
    everything = np.concatenate([score(rows, bias, weights) for rows in tested.values()])
    print(f"  all {len(everything)}: {np.mean(everything >= 0.5):.3f} {np.mean(everything >= 0.9):.3f}")
    print(f"BIAS: Final = {bias:.2f}\nWEIGHTS: Final[Mapping[str, float]] = {{")
    for name, weight in weights.items():
        print(f'    "{name}": {weight:.2f},')
    print("}")


if __name__ == "__main__":
    main()
