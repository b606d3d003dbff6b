"""What is to be written of a document's passages: a prompt file's name and what it is given. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeAlias

from citewell.answer.prompt import fenced
from citewell.model import Document
from citewell.split import Span
from citewell.writing.constants import OPENING, SHORTEST, WINDOW


@dataclass(frozen=True, slots=True)
class Request:
    """A text to be written. `same` says what it is about: while that is the same, so is the text."""

    prompt: str
    values: Mapping[str, str]
    same: tuple[str, ...]

    def key(self, model: str, prompt_hash: str) -> bytes:
        """Return the hash that its text is kept under."""
        return sha256(json.dumps([model, self.prompt, prompt_hash, *self.same]).encode()).digest()[:20]


Requests: TypeAlias = "Callable[[Document, Sequence[Span]], list[tuple[int, Request]]]"
"""What is written of a document's passages one by one, each with the passage's position."""


def contexts(document: Document, spans: Sequence[Span]) -> list[tuple[int, Request]]:
    """Ask where each passage stands in its document (contextual retrieval: Anthropic, 2024).

    Shown: the document, or its opening and the stretch around. The same while the passage, its two neighbours, its
    heading and the document's title (or id) are: another word far away, or another folder, writes nothing anew.
    A document of one passage needs none.
    """
    if len(spans) < 2:
        return []
    texts = ["", *(document.text[span.start : span.end] for span in spans), ""]
    name = document.title or document.id
    windows = [fenced(1, name, window) for window in windows_of(document.text, spans)]
    return [
        (
            at,
            Request(
                "context",
                {"document": window, "passages": fenced(2, span.heading, texts[at + 1])},
                (name, span.heading, *texts[at : at + 3]),
            ),
        )
        for at, (span, window) in enumerate(zip(spans, windows, strict=True))
    ]


def summaries(document: Document, spans: Sequence[Span]) -> list[tuple[int, Request]]:
    """Ask for a summary of each passage that is long enough for one."""
    return [one for one in _each("summary", document, spans) if len(one[1].same[-1]) >= SHORTEST]


def questions(document: Document, spans: Sequence[Span]) -> list[tuple[int, Request]]:
    """Ask which questions each passage answers (doc2query: Nogueira & Lin, 2019, docTTTTTquery)."""
    return _each("passage-questions", document, spans)


def summed_up(texts: Sequence[str], headings: Sequence[str]) -> Request:
    """Ask for the summary of several passages, or of summaries of such, for a tree."""
    pairs = enumerate(zip(headings, texts, strict=True), start=1)
    shown = "\n\n".join(fenced(number, heading, text) for number, (heading, text) in pairs)
    return Request("tree", {"passages": shown}, (shown,))


def windows_of(text: str, spans: Sequence[Span]) -> list[str]:
    """Return what is shown of a document around each passage. Neighbours share one: services keep such beginnings."""
    if len(text) <= WINDOW:
        return [text] * len(spans)
    groups: list[list[Span]] = []
    for span in spans:
        if not groups or span.end - groups[-1][0].start > WINDOW - OPENING:
            groups.append([])
        groups[-1].append(span)
    windows = []
    for group in groups:
        window = text[group[0].start : group[-1].end]
        opening = "" if group is groups[0] else f"{text[:OPENING]}\n…\n"
        windows += [opening + window] * len(group)
    return windows


def _each(prompt: str, document: Document, spans: Sequence[Span]) -> list[tuple[int, Request]]:
    made = []
    for at, span in enumerate(spans):
        text = document.text[span.start : span.end]
        where = " > ".join(part for part in (document.title, span.heading) if part)
        made.append((at, Request(prompt, {"passages": fenced(1, where, text)}, (where, text))))
    return made


KINDS: Final[Mapping[str, Requests | None]] = {
    "context": contexts,
    "summaries": summaries,
    "questions": questions,
    "tree": None,  # what it sums up depends on vectors: `tree.py`
}
"""The settings of `embed` that have a model write, with what each asks of single passages."""
