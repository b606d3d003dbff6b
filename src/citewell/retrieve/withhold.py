"""What a model is not shown of a passage that it is shown: what reads as an instruction to it, or is hidden."""

from __future__ import annotations

from dataclasses import dataclass, replace

from citewell.answer import words
from citewell.answer.prompt import WITHHELD as MARK
from citewell.hostile import Suspect
from citewell.model import Hit, Query
from citewell.protocols import Retriever
from citewell.suspicion import HELD, WITHHELD, suspicion_of

ASKED = 0.5
"""Share of a sentence's words that the question has: then it is a question that the documents answer, as in a FAQ."""


@dataclass(frozen=True)
class Withhold:
    """Each hit with the spans of its passage that a model is not shown; the passage stays as it is.

    Titles, headings and table headers are scored here, as they stand in front of many passages. A sentence that is
    only foreign to its document, and asks what the question asks, is shown.
    """

    inner: Retriever

    def __call__(self, query: Query) -> list[Hit]:
        asked = frozenset(words.stems(query.text))
        return [_withheld(hit, asked) for hit in self.inner(query)]


def _withheld(hit: Hit, asked: frozenset[str]) -> Hit:
    passage, entry = hit.passage, hit.document
    heading, context = (_clean(text, passage.text) for text in (passage.heading, passage.context))
    found = passage.suspicion
    if (title := _clean(entry.title, passage.text)) != entry.title:
        entry = replace(entry, title=title)
    if (heading, context) != (passage.heading, passage.context):
        passage = replace(passage, heading=heading, context=context)
    spans = []
    for part in found.parts if found and not found.released else ():
        start, end = (
            max(part.start, passage.start) - passage.start,
            min(part.end, passage.end) - passage.start,
        )
        sure = part.hidden or part.score >= HELD
        doubtful = part.score >= WITHHELD and not _asked(part, passage.text[start:end], asked)
        if start < end and (sure or doubtful):
            spans.append((start, end))
    return replace(hit, passage=passage, document=entry, withheld=tuple(spans))


def _asked(part: Suspect, text: str, asked: frozenset[str]) -> bool:
    own = frozenset(words.stems(text))
    foreign = all("foreign" in why for why in part.why)
    return foreign and bool(own) and len(own & asked) >= ASKED * len(own)


def _clean(text: str, below: str) -> str:
    """Return a heading as it is, or a mark in its place."""
    if not text:
        return text
    found = suspicion_of(f"{text}\n\n{below}", 0, len(text))
    return MARK if found else text
