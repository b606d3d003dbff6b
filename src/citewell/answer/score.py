"""How well a passage supports a claim, 0 to 1: a logistic model of a few signals that people can read.

`cite` decides sentence by sentence and gives quotes; this gives one number for a whole claim, which may have
several sentences, so that claims can be ranked and a threshold be moved. Chosen by `python -m bench.grounding`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from citewell.answer import words
from citewell.answer.cite import Shown
from citewell.answer.constants import COMPARED_SENTENCES, GROUNDED, GROUNDED_WORDS, LONG_CLAIM
from citewell.answer.sentences import units
from citewell.answer.support import CONFLICTS, Saying, contradiction
from citewell.model import Entry, Hit, Passage
from citewell.protocols import Embedder

WORD_SIGNALS: Final = (
    "window",
    "passage",
    "rarity",
    "clause",
    "pairs",
    "facts",
    "conflict",
    "length",
    "first",
)
SIGNALS: Final = (*WORD_SIGNALS, "cosine", "cosines")
_CLAUSE: Final = re.compile(r"[,;:()—–.!?]\s| (?:but|although|while|because|which|that|and|or|so) ")
_FIRST: Final = frozenset(["i", "my", "me", "we", "our", "you", "your"])
Window = tuple[int, int, Saying]


def grounded(claim: str, context: str, embedder: Embedder | None = None) -> float:
    """Return how likely it is that a text supports a claim, 0 to 1; an empty claim has no support.

    Without an embedder the cosines are left out, and other weights are used.
    """
    found = signals_of(claim, context, embedder)
    return probability(found, GROUNDED if embedder else GROUNDED_WORDS) if found else 0.0


def probability(found: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Return the logistic of the weighted signals; `bias` stands alone."""
    total = sum(weight * found.get(name, 1.0) for name, weight in weights.items())
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def signals_of(claim: str, context: str, embedder: Embedder | None = None) -> dict[str, float]:
    """Return the signals for a claim and a text, 0 to 1 (cosines -1 to 1); {} when either says nothing.

    window: share of content words in the best run of sentences; passage: in the whole passage; rarity: the same, rare
    words of the passage and unknown ones counting more; clause: `window` of the clause that has least; pairs: adjacent
    content words that are adjacent in the passage; facts: share of numbers and names that the passage has; conflict:
    1 when the best run says otherwise; length: of the claim; first: it speaks of "I", "you" or "we"; cosine: to the
    nearest sentence; cosines: the least over the claim's sentences.
    """
    said, shown = Saying(claim), _shown(context)
    windows = list(shown.windows())
    if not said.stems or not windows:
        return {}
    best = max(windows, key=lambda one: (_share(said, one[2]), -one[1], -one[0]))
    found = {
        "window": _share(said, best[2]),
        "passage": _share(said, shown.whole),
        "rarity": _rarity(said, shown),
        "clause": _weakest(said, windows),
        "pairs": _pairs(said, shown.whole),
        "facts": _facts(said, shown.whole),
        "conflict": _conflict(said, shown, best),
        "length": min(1.0, math.log1p(len(said.stems)) / math.log1p(LONG_CLAIM)),
        "first": float(any(word.lower() in _FIRST for word in words.WORD.findall(claim))),
    }
    return found if embedder is None else {**found, **_cosines(said, shown, embedder)}


def _shown(context: str) -> Shown:
    entry = Entry("", 1, "", "", "text/plain", {}, 1, len(context), "", "")
    return Shown(Hit(Passage("", "", 1, context, 0, len(context)), entry, 1.0))


def _share(claim: Saying, text: Saying) -> float:
    return len(claim.stems & text.stems) / len(claim.stems)


def _rarity(claim: Saying, shown: Shown) -> float:
    counts = Counter(one for _, saying in shown.units for one in saying.stems)
    total = 1 + len(shown.units)
    weights = {one: math.log(1 + total / (counts[one] + 0.5)) for one in claim.stems}
    return sum(w for one, w in weights.items() if one in shown.whole.stems) / sum(weights.values())


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


def _cosines(claim: Saying, shown: Shown, embedder: Embedder) -> dict[str, float]:
    """Cosines to the sentences that share most words with the claim: embedding every sentence would take long."""
    parts = [claim.text[unit.start : unit.end] for unit in units(claim.text)][:COMPARED_SENTENCES]
    parts = [part for part in parts if words.stems(part)] or [claim.text]
    chosen: dict[str, None] = {}
    for part in parts:
        stems = frozenset(words.stems(part))
        ranked = sorted(shown.units, key=lambda pair: -len(stems & pair[1].stems))
        chosen |= dict.fromkeys(pair[1].text for pair in ranked[: max(1, COMPARED_SENTENCES // len(parts))])
    sentences = list(chosen)
    asked = [claim.text, *(parts if len(parts) > 1 else [])]
    vectors = embedder.embed([*asked, *sentences], kind="passage")
    table = vectors[: len(asked)] @ vectors[len(asked) :].T
    nearest = table.max(axis=1)
    return {
        "cosine": float(nearest[0]),
        "cosines": float(nearest[1:].min() if len(asked) > 1 else nearest[0]),
    }
