"""What the checks leave in doubt: sentences without support, each beside the nearest quote that may support it. Pure.

Words in common find what is said in the same words. A sentence in other words needs a reader; these are what it reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from citewell.answer.cite import Claim, Shown, citation, claims_of, neutral, supporting
from citewell.answer.constants import CONFLICT_COVERAGE, DOUBT, DOUBT_WINDOWS, SENTENCE_COST
from citewell.answer.prompt import fenced
from citewell.answer.support import CONFLICTS, Saying, contradiction
from citewell.model import Citation, Hit


@dataclass(frozen=True, slots=True)
class Doubt:
    """A sentence, the quote nearest to it, and what a reader is shown: the quote in a fence, under its title."""

    claim: str
    quote: Citation
    shown: str


def doubts_of(text: str, hits: Sequence[Hit]) -> list[Doubt]:
    """Return the sentences of a model's text that the checks do not support and that nothing speaks against.

    A quote with another number, name or denial is no candidate: a reader may lend words, not facts.
    """
    shown = [Shown(hit) for hit in hits]
    found = {}
    for claim in claims_of(text)[1]:
        if not neutral(claim.text) and not supporting(claim, shown) and (doubt := _doubt(claim, shown)):
            found[claim.text] = doubt
    return list(found.values())


def _doubt(claim: Claim, shown: Sequence[Shown]) -> Doubt | None:
    said = Saying(claim.text)
    named = [shown[n - 1] for n in claim.named if 1 <= n <= len(shown)]
    for some in (named, [one for one in shown if one not in named]):
        near = [
            (share, at, span)
            for at, one in enumerate(some)
            if (best := _nearest(said, one))
            for share, span in [best]
        ]
        if near:
            _, at, (start, end) = max(near, key=lambda one: (one[0], -one[1]))
            return _between(claim.text, some[at].hit, start, end)
    return None


def _nearest(claim: Saying, shown: Shown) -> tuple[float, tuple[int, int]] | None:
    """Return the run of sentences that shares most with a claim and does not contradict it, and that share."""
    if not claim.stems:
        return None
    shared = [
        (len(claim.stems & one.stems) / len(claim.stems), at, size, one) for at, size, one in shown.windows()
    ]
    near = sorted(
        (one for one in shared if one[0] >= DOUBT), key=lambda one: (SENTENCE_COST * one[2] - one[0], one[1])
    )
    for share, at, size, saying in near[:DOUBT_WINDOWS]:
        run = shown.units[at : at + size]
        against = contradiction(
            claim, [one for _, one in run], saying, shown.near(at, at + size), shown.whole
        )
        if not against:
            return share, (run[0][0].start, run[-1][0].end)
        if against in CONFLICTS and share >= CONFLICT_COVERAGE:
            return None
    return None


def _between(claim: str, hit: Hit, start: int, end: int) -> Doubt:
    where = " > ".join(part for part in (hit.document.title, hit.passage.heading) if part)
    return Doubt(claim, citation(hit, start, end), fenced(1, where, hit.passage.text[start:end]))
