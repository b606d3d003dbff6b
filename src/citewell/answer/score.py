"""How well a passage supports a claim, 0 to 1: a logistic model of a few signals that people can read.

`cite` decides sentence by sentence and gives quotes; this gives one number for a whole claim, which may have
several sentences, so that claims can be ranked and a threshold be moved. It has
no vectors: they gained nothing (docs/decisions/0011).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from citewell.answer import words
from citewell.answer.cite import Shown
from citewell.answer.constants import GROUNDED
from citewell.answer.support import CONFLICTS, Saying, contradiction
from citewell.model import Entry, Hit, Passage

SIGNALS: Final = ("window", "clause", "pairs", "facts", "conflict", "first")
_CLAUSE: Final = re.compile(r"[,;:()—–.!?]\s| (?:but|although|while|because|which|that|and|or|so) ")
_FIRST: Final = frozenset(["i", "my", "me", "we", "our", "you", "your"])
Window = tuple[int, int, Saying]


def grounded(claim: str, context: str) -> float:
    """Return how likely it is that a text supports a claim, 0 to 1; an empty claim has no support."""
    found = signals_of(claim, context)
    return probability(found, GROUNDED) if found else 0.0


def probability(found: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Return the logistic of the weighted signals; `bias` stands alone."""
    total = sum(weight * found.get(name, 1.0) for name, weight in weights.items())
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def signals_of(claim: str, context: str) -> dict[str, float]:
    """Return the signals for a claim and a text, 0 to 1; {} when either says nothing.

    window: share of the claim's content words in the best run of sentences; clause: the same for the clause that has
    least; pairs: adjacent content words that are adjacent in the text; facts: share of numbers and names that the text
    has; conflict: 1 when the best run says otherwise; first: 1 when the claim speaks of "I", "you" or "we".
    """
    said, shown = Saying(claim), _shown(context)
    windows = list(shown.windows())
    if not said.stems or not windows:
        return {}
    best = max(windows, key=lambda one: (_share(said, one[2]), -one[1], -one[0]))
    return {
        "window": _share(said, best[2]),
        "clause": _weakest(said, windows),
        "pairs": _pairs(said, shown.whole),
        "facts": _facts(said, shown.whole),
        "conflict": _conflict(said, shown, best),
        "first": float(any(word.lower() in _FIRST for word in words.WORD.findall(claim))),
    }


def _shown(context: str) -> Shown:
    entry = Entry("", 1, "", "", "text/plain", {}, 1, len(context), "", "")
    return Shown(Hit(Passage("", "", 1, context, 0, len(context)), entry, 1.0))


def _share(claim: Saying, text: Saying) -> float:
    return len(claim.stems & text.stems) / len(claim.stems)


def _weakest(claim: Saying, windows: Sequence[Window]) -> float:
    clauses = [frozenset(words.stems(clause)) for clause in _CLAUSE.split(claim.text)]
    shares = [
        max(len(stems & text.stems) / len(stems) for _, size, text in windows if size <= 2)
        for stems in clauses
        if len(stems) > 1
    ]
    return min(shares, default=0.0)


def _pairs(claim: Saying, text: Saying) -> float:
    mine = set(pairwise(words.stems(claim.text)))
    return len(mine & set(pairwise(words.stems(text.text)))) / len(mine) if mine else 0.0


def _facts(claim: Saying, text: Saying) -> float:
    """The share of numbers and names that the passage has; 1 without any."""
    held = [number in text.numbers for number in claim.numbers]
    held += [name.known(text.stems, text.initials) for name in claim.names]
    return (1 + sum(held)) / (1 + len(held))


def _conflict(claim: Saying, shown: Shown, best: Window) -> float:
    at, size, text = best
    run = [saying for _, saying in shown.units[at : at + size]]
    return float(contradiction(claim, run, text, shown.near(at, at + size), shown.whole) in CONFLICTS)
