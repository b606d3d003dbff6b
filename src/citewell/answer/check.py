"""From a model's text to a checked Answer. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from citewell.answer.cite import Cited, cite
from citewell.answer.prompt import REFUSAL
from citewell.answer.refuse import refusal
from citewell.answer.support import plain
from citewell.model import Answer, Citation, Hit, Query, Verdict


def verdict(cited: Cited) -> Verdict:
    """Return "answered" when every sentence is cited, "partial" when some are, else "refused"."""
    if not cited.citations:
        return "refused"
    return "partial" if cited.unsupported else "answered"


def answer_of(
    query: Query,
    hits: Sequence[Hit],
    text: str,
    searched: tuple[int, int],
    likely: float = 1.0,
    granted: Mapping[str, Citation] | None = None,
) -> Answer:
    """Check a model's text against the hits it was shown; without a citation the answer is a refusal.

    `searched` is (documents, passages) in the library, for the refusal's words; `likely` is how likely the hits answer;
    `granted` has quotes for sentences that a reader found supported (see `doubts_of`).
    The query's policy: "strict" leaves unsupported sentences out of the text, "mark" (and None) shows them; "off" shows
    any text that a model wrote from hits, with footnotes where quotes are found.
    """
    policy = query.policy or "mark"
    declined = plain(text).startswith(REFUSAL.rstrip("."))
    cited = Cited("") if declined else cite(text, hits, keep=policy != "strict", granted=granted)
    if policy == "off" and hits and cited.text:
        return _unchecked(hits, cited, likely)
    decided = verdict(cited)
    if decided == "refused":
        words = refusal(query, *searched, hits)
        return Answer(
            words,
            (),
            cited.unsupported,
            tuple(hits),
            verdict=decided,
            confidence=round(likely, 3),
            policy=policy,
        )
    share = cited.supported / (cited.supported + len(cited.unsupported))
    return Answer(
        text=cited.text,
        citations=cited.citations,
        unsupported=cited.unsupported,
        hits=tuple(hits),
        verdict=decided,
        policy=policy,
        confidence=round(likely * share, 3),
    )


def _unchecked(hits: Sequence[Hit], cited: Cited, likely: float) -> Answer:
    return Answer(
        cited.text,
        cited.citations,
        (),
        tuple(hits),
        verdict="answered",
        policy="off",
        confidence=round(likely, 3),
    )
