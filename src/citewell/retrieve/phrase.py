"""Quoted phrases are exact: passages without them are not returned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from citewell.model import Query
from citewell.phrases import holds, phrases
from citewell.retrieve.constants import PHRASE_DEPTHS
from citewell.retrieve.rank import Candidate, Ranker

PassageTexts: TypeAlias = Callable[[Sequence[str]], Mapping[str, str]]
"""Passage ids -> their texts; an id that is not known is left out."""


@dataclass(frozen=True)
class Phrases:
    """Only passages whose text contains every phrase that the question has in double quotes.

    They come in the order of `inner`. `words`, a keyword ranker, is asked for the phrases alone, so that a
    passage which `inner` ranks far below is found too; such ones follow. Both are searched ten times deeper
    until `limit`, until exhaustion, or until a deeper look finds no more. A question without quotes goes
    through unchanged.
    """

    inner: Ranker
    words: Ranker
    texts: PassageTexts
    depths: tuple[int, ...] = PHRASE_DEPTHS

    def __call__(self, query: Query) -> list[Candidate]:
        wanted = phrases(query.text)
        if not wanted:
            return self.inner(query)
        judged: dict[str, bool] = {}
        kept: list[Candidate] = []
        before = -1
        for depth in (max(depth, query.limit) for depth in self.depths):
            ranked = self.inner(replace(query, limit=depth))
            named = self.words(replace(query, text=" ".join(wanted), limit=depth))
            found = {one.id for one in (*ranked, *named)}
            judged |= self._judged(sorted(found - judged.keys()), wanted)
            kept = _joined(ranked, named, judged)
            exhausted = max(len(ranked), len(named)) < depth
            if len(kept) >= query.limit or exhausted or len(kept) == before:
                break
            before = len(kept)
        return kept[: query.limit]

    def _judged(self, ids: Sequence[str], wanted: Sequence[str]) -> dict[str, bool]:
        texts = self.texts(ids)
        return {one: one in texts and holds(texts[one], wanted) for one in ids}


def _joined(
    ranked: Sequence[Candidate], named: Sequence[Candidate], judged: Mapping[str, bool]
) -> list[Candidate]:
    """Return those that hold the phrases, `ranked` first; scores of two rankers cannot be compared, but fall."""
    seen = {one.id for one in ranked}
    kept = [one for one in ranked if judged[one.id]]
    last = kept[-1].score if kept else None
    for one in named:
        if judged[one.id] and one.id not in seen:
            kept.append(one if last is None else one._replace(score=min(last, one.score)))
    return kept
