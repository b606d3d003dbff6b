"""When to refuse: how likely it is that the passages answer the question, and what a refusal says. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from citewell.answer import words
from citewell.answer.constants import GATE_DENSE, GATE_WORDS
from citewell.answer.evidence import Evidence, dense_score
from citewell.model import Hit, Query
from citewell.phrases import phrases

SIGNALS: Final = ("best", "chosen", "dense", "cosine")


def answerable(
    question: str, hits: Sequence[Hit], chosen: Sequence[str], cosine: float | None = None
) -> float:
    """Return how likely it is that the chosen texts from the hits answer the question, 0 to 1.

    A logistic model of word and vector agreement, without the vector part where the hits hold no dense score.
    `cosine` is that of the best chosen text to the question, where known. Refuse below THRESHOLD.
    """
    if not hits or not chosen:
        return 0.0
    found = signals(Evidence(question, tuple(hits)), chosen, cosine)
    weights = GATE_DENSE if found["dense"] else GATE_WORDS
    total = weights["bias"] + sum(weights[name] * value for name, value in found.items() if name in weights)
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def signals(evidence: Evidence, chosen: Sequence[str], cosine: float | None = None) -> Mapping[str, float]:
    """Return what speaks for an answer, each 0 to 1.

    The rarity-weighted share of the question's words in the best passage and in the best chosen text, and the
    cosine of the question to each; an unknown cosine takes the value of the other.
    """
    shares = [
        evidence.share(frozenset().union(*(saying.stems for _, saying in own), heading))
        for own, heading in zip(evidence.units, evidence.headings, strict=True)
    ]
    dense = max(dense_score(hit) for hit in evidence.hits)
    return {
        "best": max(shares),
        "chosen": max(evidence.share(frozenset(words.stems(text))) for text in chosen),
        "dense": dense or cosine or 0.0,
        "cosine": dense if cosine is None else cosine,
    }


def refusal(query: Query, n_documents: int, n_passages: int, hits: Sequence[Hit]) -> str:
    """Return the words of a refusal: what was searched, how, and what came closest."""
    scope = f"{_counted(n_documents, 'document')} ({_counted(n_passages, 'passage')}, {query.mode} search"
    scope += ", narrowed by your filter)" if query.where is not None else ")"
    titles = list(dict.fromkeys(place_of(hit) for hit in hits))[:3]
    if not titles and (quoted := phrases(query.text)):
        wanted = " and ".join(f"“{phrase}”" for phrase in quoted)
        return f"I searched {scope} and found no passage that contains {wanted}."
    if not titles:
        return f"I searched {scope} and found nothing that matches this question."
    return (
        f"I searched {scope} and found no passage that answers this question. Closest: {'; '.join(titles)}."
    )


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def place_of(hit: Hit) -> str:
    """Return where a hit is, in words: its document's title, and the heading above it."""
    title = hit.document.title or hit.document.id
    last = hit.passage.heading.rpartition(" > ")[2]
    return f"{title} > {last}" if last and last != title else title
