"""From a model's text to a checked Answer. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from citewell.answer.cite import Cited, cite
from citewell.answer.prompt import REFUSAL
from citewell.answer.refuse import refusal
from citewell.answer.support import plain
from citewell.model import Answer, Hit, Query, Verdict


def verdict(cited: Cited) -> Verdict:
    """Return "answered" when every sentence is cited, "partial" when some are, else "refused"."""
    if not cited.citations:
        return "refused"
    return "partial" if cited.unsupported else "answered"


def answer_of(
    query: Query, hits: Sequence[Hit], text: str, searched: tuple[int, int], likely: float = 1.0
) -> Answer:
    """Check a model's text against the hits it was shown; without a citation the answer is a refusal.

    `searched` is (documents, passages) in the library, for the refusal's words; `likely` is how likely the hits answer.
    """
    declined = plain(text).startswith(REFUSAL.rstrip("."))
    cited = Cited("") if declined else cite(text, hits)
    decided = verdict(cited)
    if decided == "refused":
        words = refusal(query, *searched, hits)
        return Answer(words, (), cited.unsupported, tuple(hits), verdict=decided, confidence=round(likely, 3))
    share = cited.supported / (cited.supported + len(cited.unsupported))
    return Answer(
        text=cited.text,
        citations=cited.citations,
        unsupported=cited.unsupported,
        hits=tuple(hits),
        verdict=decided,
        confidence=round(likely * share, 3),
    )
