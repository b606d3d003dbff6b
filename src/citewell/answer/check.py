"""From a model's text to a checked Answer. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from citewell.answer.cite import Cited, cite
from citewell.answer.prompt import REFUSAL
from citewell.answer.refuse import answerable, refusal
from citewell.answer.support import plain
from citewell.model import Answer, Hit, Policy, Query, Verdict


def verdict(cited: Cited) -> Verdict:
    """Return "answered" when every sentence is cited, "partial" when some are, else "refused"."""
    if not cited.citations:
        return "refused"
    return "partial" if cited.unsupported else "answered"


def answer_of(
    query: Query, hits: Sequence[Hit], text: str, searched: tuple[int, int], policy: Policy = "mark"
) -> Answer:
    """Check a model's text against the hits it was shown; without a citation the answer is a refusal.

    `searched` is (documents, passages) in the library, for the refusal's words. `policy` holds where the query has
    none: "strict" leaves unsupported sentences out of the text; "off" shows any text that a model wrote from hits,
    with footnotes where quotes are found.
    """
    policy = query.policy or policy
    declined = plain(text).startswith(REFUSAL.rstrip("."))
    cited = Cited("") if declined else cite(text, hits, keep=policy != "strict")
    if policy == "off" and hits and cited.text:
        return _unchecked(query, hits, cited)
    decided = verdict(cited)
    if decided == "refused":
        words = refusal(query, *searched, hits)
        return Answer(words, unsupported=cited.unsupported, hits=tuple(hits), verdict=decided, policy=policy)
    quotes = [one.quote for one in cited.citations]
    share = cited.supported / (cited.supported + len(cited.unsupported))
    return Answer(
        text=cited.text,
        citations=cited.citations,
        unsupported=cited.unsupported,
        hits=tuple(hits),
        verdict=decided,
        policy=policy,
        confidence=round(answerable(query.text, hits, quotes) * share, 3),
    )


def _unchecked(query: Query, hits: Sequence[Hit], cited: Cited) -> Answer:
    quotes = [one.quote for one in cited.citations]
    confidence = round(answerable(query.text, hits, quotes), 3)
    return Answer(
        cited.text, cited.citations, (), tuple(hits), verdict="answered", policy="off", confidence=confidence
    )
