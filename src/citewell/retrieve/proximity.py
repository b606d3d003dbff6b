"""Words that stand side by side in the question and in the passage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from citewell.model import Query, Stage
from citewell.retrieve.constants import PAIR_DEPTH, PAIR_WEIGHT
from citewell.retrieve.phrase import PassageTexts
from citewell.retrieve.rank import Candidate, Ranker

Terms: TypeAlias = Callable[[str], list[str]]
"""A text -> its index terms in the order of its words, stop words left out."""


@dataclass(frozen=True)
class Proximity:
    """Raise passages that hold the question's neighbouring words as neighbours: score × (1 + weight × share).

    The share is of the question's pairs of neighbouring terms: the ordered windows of the sequential dependence
    model (Metzler & Croft, SIGIR 2005), as a factor, so that they count for what both searches find good.
    Stop words are not seen: "types of a file" and "file types" are "type file" and "file type". The best
    `depth` of `inner`, whose scores are not negative, are reordered; nothing below comes above them. A question
    without a pair goes through unchanged and reads no text.
    """

    inner: Ranker
    texts: PassageTexts
    terms: Terms
    weight: float = PAIR_WEIGHT
    depth: int = PAIR_DEPTH

    def __call__(self, query: Query) -> list[Candidate]:
        found = self.inner(query)
        pairs = {pair for pair in pairwise(self.terms(query.text)) if pair[0] != pair[1]}
        if not pairs or not found:
            return found
        best, rest = found[: self.depth], found[self.depth :]
        shares = self._shares([one.id for one in best], pairs)
        scored = [
            (one.score * (1 + self.weight * share), one) for one, share in zip(best, shares, strict=True)
        ]
        scored.sort(key=lambda pair: -pair[0])
        return [
            Candidate(one.id, score, (*one.stages, Stage("word pairs", rank, score)))
            for rank, (score, one) in enumerate(scored, start=1)
        ] + rest

    def _shares(self, ids: Sequence[str], pairs: set[tuple[str, str]]) -> list[float]:
        """What share of the pairs each passage holds; none where its text is not known."""
        texts = self.texts(ids)
        held = [pairs.intersection(pairwise(self.terms(texts.get(one, "")))) for one in ids]
        return [len(some) / len(pairs) for some in held]
