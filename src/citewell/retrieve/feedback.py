"""Pseudo relevance feedback: ask again with the words of what came up first."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from citewell.model import Query
from citewell.retrieve.constants import (
    FEEDBACK_PASSAGES,
    FEEDBACK_REPEATS,
    FEEDBACK_SHARE,
    FEEDBACK_TERMS,
)
from citewell.retrieve.join import Lookup
from citewell.retrieve.rank import Candidate, Ranker

WORD: Final = re.compile(r"\w+")
Analyse: TypeAlias = Callable[[str], list[str]]
"""A text -> its index terms, as the keyword ranker sees them."""


@dataclass(frozen=True)
class Feedback:
    """RM3 (Abdul-Jaleel et al., TREC 2004) around a keyword ranker.

    The relevance model P(word) = Σ P(word | passage) P(passage) over the best passages (Lavrenko & Croft, SIGIR
    2001), their scores being the prior, is cut to its `terms` strongest words and mixed with the question's own,
    which keep `share`. Weights are told by repetition: a keyword query weighs a word by its count.
    """

    inner: Ranker
    lookup: Lookup
    analyse: Analyse
    passages: int = FEEDBACK_PASSAGES
    terms: int = FEEDBACK_TERMS
    share: float = FEEDBACK_SHARE

    def __call__(self, query: Query) -> list[Candidate]:
        first = self.inner(replace(query, limit=self.passages))
        known = self.lookup([one.id for one in first], query.where)
        texts = [(known[one.id][0].text, one.score) for one in first if one.id in known]
        model = relevance(texts, self.terms, self.analyse)
        own = len(self.analyse(query.text))
        return self.inner(replace(query, text=expanded(query.text, own, model, self.share)))


def relevance(texts: Sequence[tuple[str, float]], terms: int, analyse: Analyse) -> dict[str, float]:
    """Return the strongest words of (text, score) pairs with their probabilities, which sum to 1.

    Words with the same index terms count as one, named by its commonest form; stop words have none.
    """
    weights: dict[tuple[str, ...], float] = defaultdict(float)
    forms: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for text, score in texts:
        words = [(word, key) for word in WORD.findall(text) if (key := tuple(analyse(word)))]
        for word, key in words:
            weights[key] += max(score, 0.0) / len(words)
            forms[key][word] += 1
    best = sorted(weights, key=lambda key: (-weights[key], key))[:terms]
    total = sum(weights[key] for key in best)
    return {forms[key].most_common(1)[0][0]: weights[key] / total for key in best if total > 0}


def expanded(question: str, own: int, model: Mapping[str, float], share: float) -> str:
    """Return a question in which words are repeated by their weight: its `own` terms hold `share` of them."""
    added = own * FEEDBACK_REPEATS * (1 - share) / share
    words = [word for word, weight in model.items() for _ in range(round(weight * added))]
    return " ".join([question] * FEEDBACK_REPEATS + words) if words else question
