"""Near-duplicates collapse to the best of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from citewell.model import Hit, Query, Stage
from citewell.protocols import Retriever
from citewell.retrieve.constants import COLLAPSE_SAME, COLLAPSE_WORDS, DEEPEST

WORD: Final = re.compile(r"\w+")
TELLING: Final = re.compile(r"\S*\d\S*|\b(?:no|not|nor|none|never|without|cannot|\w+n['’]t)\b")
"""What makes two near-duplicates say different things: numbers and negations."""


@dataclass(frozen=True)
class Collapse:
    """Show one of several passages that say the same; `inner` is asked for more until there are `limit`.

    Two are the same when at least `same` of all their runs of five words are common to both (Jaccard over
    shingles: Broder 1997, here exact), and numbers and negations are equal: "the limit is 10" and "the limit is
    20" contradict each other, and both are shown. Which document they are in does not matter. The one that
    stays has a stage "collapsed" whose score is how many it stands for.

    This is for what a chat model is shown, where the same text twice pushes out something else. A search is
    left as it is: there, two documents with the same text are two answers, to a person ("which pages say
    this?") and to an evaluation by document, whose recall a hidden duplicate would lower.
    """

    inner: Retriever
    same: float = COLLAPSE_SAME

    def __call__(self, query: Query) -> list[Hit]:
        depth = query.limit * 2
        while True:
            found = self.inner(replace(query, limit=depth))
            hits = distinct(found, self.same)
            if len(hits) >= query.limit or len(found) < depth or depth >= DEEPEST:
                return hits[: query.limit]
            depth = min(DEEPEST, depth * 4)


class Words:
    """A text as it is compared. Only texts with most words in common need their runs."""

    def __init__(self, text: str, same: float) -> None:
        self.text = text.casefold()
        self.each = WORD.findall(self.text)
        self.different = set(self.each)
        # A word that another text has not begins a run that it has not either (but for the last four words),
        # and of those there may be (1 - same) / same for each run: so this many words are in common.
        foreign = len(self.each) * (1 - same) / same + COLLAPSE_WORDS - 1
        self.least = len(self.different) - foreign

    @cached_property
    def runs(self) -> set[tuple[str, ...]]:
        if len(self.each) < COLLAPSE_WORDS:
            return {tuple(self.each or self.text.split())}
        return set(zip(*(self.each[start:] for start in range(COLLAPSE_WORDS)), strict=False))

    def says(self, other: Words, same: float) -> bool:
        """Say whether both say the same."""
        alike = len(self.runs & other.runs) >= same * len(self.runs | other.runs)
        return alike and TELLING.findall(self.text) == TELLING.findall(other.text)


def distinct(hits: Sequence[Hit], same: float) -> list[Hit]:
    """Return the hits that no better one says already, in their order."""
    kept: list[tuple[Hit, Words]] = []
    stands_for: Counter[int] = Counter()
    for hit in hits:
        words = Words(hit.passage.text, same)
        for place, (_, one) in enumerate(kept):
            if len(words.different & one.different) >= words.least and words.says(one, same):
                stands_for[place] += 1
                break
        else:
            kept.append((hit, words))
    return [_noted(hit, place, stands_for[place]) for place, (hit, _) in enumerate(kept)]


def _noted(hit: Hit, place: int, others: int) -> Hit:
    stage = Stage("collapsed", place + 1, 1.0 + others)
    return replace(hit, stages=(*hit.stages, stage)) if others else hit
