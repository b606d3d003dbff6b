"""Which sentences of the hits answer a question best, and how likely it is that anything there does.

What `extract` quotes, and what every answer's confidence comes from. No language model: words, kind of question,
clashes and, where an embedder is given, vectors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from citewell.answer.clash import CLASHES, clashes
from citewell.answer.constants import (
    ANSWER_SENTENCES,
    EMBEDDED_SENTENCES,
    GATE_DENSE,
    GATE_WORDS,
    RANK_DENSE,
    RANK_WORDS,
    SAME,
)
from citewell.answer.evidence import Evidence, Sentence, dense_score, with_cosines
from citewell.answer.support import Saying
from citewell.model import Hit
from citewell.protocols import Embedder

SIGNALS: Final = ("words", "dense", "gap", "cosine", *CLASHES)
WORD_SIGNALS: Final = ("words", "passage", *CLASHES)


@dataclass(frozen=True)
class Judged:
    """`chosen` are the sentences that answer best, with their scores, best first; `likely`, 0 to 1, that the hits
    answer.
    """

    evidence: Evidence
    chosen: tuple[tuple[Sentence, float], ...]
    likely: float


def judge(question: str, hits: Sequence[Hit], embedder: Embedder | None = None) -> Judged:
    """Judge the hits of a question. With an embedder, the best sentences by words are compared by vector too."""
    evidence = Evidence(question, tuple(hits))
    chosen = tuple(distinct(_ranked(evidence, embedder)))
    if not hits:
        return Judged(evidence, chosen, 0.0)
    found = signals(evidence, [one for one, _ in chosen], embedder is not None)
    return Judged(evidence, chosen, likely(found))


def likely(found: Mapping[str, float]) -> float:
    """Return how likely it is that there is an answer, 0 to 1, by a logistic model of the signals.

    Without any vector (`dense` is 0) by words alone.
    """
    weights = GATE_DENSE if found["dense"] else GATE_WORDS
    total = weights["bias"] + sum(weights[name] * value for name, value in found.items() if name in weights)
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def signals(evidence: Evidence, chosen: Sequence[Sentence], embedded: bool) -> Mapping[str, float]:
    """Return what speaks for an answer and, the clashes, against one; each 0 to 1.

    `words` and `passage`: the rarity-weighted share of the question's words in the best sentence, and in the best
    passage with its title and heading. `dense` and `cosine`: the cosine of the question to the closest passage and to
    the closest chosen sentence, each standing in for the other where that is unknown. `gap`: how much closer the
    closest passage is than the next.
    """
    passages = [
        evidence.share(frozenset().union(*(saying.stems for _, saying in own), heading))
        for own, heading in zip(evidence.units, evidence.headings, strict=True)
    ]
    best = chosen[0] if chosen else None
    first, second = sorted([0.0, *(dense_score(hit) for hit in evidence.hits)], reverse=True)[:2]
    cosine = max((one.features["cosine"] for one in chosen), default=0.0) if embedded else 0.0
    hit = evidence.hits[best.hit if best else 0]
    whole = Saying(f"{hit.document.title} {hit.passage.heading}. {hit.passage.text}")
    against = clashes(Saying(evidence.question), evidence.kind, best.saying if best else whole, whole)
    return {
        "words": best.features["coverage"] if best else max(passages),
        "passage": max(passages),
        "dense": first or cosine,
        "gap": first - second if second else 0.0,
        "cosine": cosine or first,
        **against,
    }


def _ranked(evidence: Evidence, embedder: Embedder | None) -> list[tuple[Sentence, float]]:
    """Return the sentences with their scores, best first; with an embedder, only the best by words."""
    by_words = ranked(evidence.sentences, RANK_WORDS)
    if embedder is None or not by_words:
        return by_words
    some = [one for one, _ in by_words[:EMBEDDED_SENTENCES]]
    vector = embedder.embed([evidence.question], kind="query")[0]
    return ranked(
        with_cosines(some, lambda texts: embedder.embed(texts, kind="passage") @ vector), RANK_DENSE
    )


def ranked(sentences: Sequence[Sentence], weights: Mapping[str, float]) -> list[tuple[Sentence, float]]:
    """Return sentences with the weighted sum of their features, best first; ties keep their order."""
    scored = [(one, sum(w * one.features[name] for name, w in weights.items())) for one in sentences]
    return sorted(scored, key=lambda pair: -pair[1])


def distinct(scored: Sequence[tuple[Sentence, float]]) -> list[tuple[Sentence, float]]:
    """Return the best few that say something of their own."""
    chosen: list[tuple[Sentence, float]] = []
    for one, score in scored:
        if len(chosen) == ANSWER_SENTENCES:
            break
        if not any(_alike(one, other) for other, _ in chosen):
            chosen.append((one, score))
    return chosen


def _alike(one: Sentence, other: Sentence) -> bool:
    both = one.saying.stems & other.saying.stems
    return len(both) >= SAME * min(len(one.saying.stems), len(other.saying.stems))
