"""Everything that a chat model writes of one document, as it is configured."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from citewell.model import Document, Usage
from citewell.split import Span
from citewell.techniques import Said
from citewell.writing.constants import QUESTIONS
from citewell.writing.expected import Expected, Expecting
from citewell.writing.request import KINDS, Request, summed_up
from citewell.writing.tree import Node, grow, nearest
from citewell.writing.write import Write

if TYPE_CHECKING:
    from citewell.model import Matrix, Vector

Vectors: TypeAlias = "Callable[[Sequence[Span]], Awaitable[Sequence[Vector]]]"
"""The vectors of a document's passages, as they will be embedded."""


@dataclass(frozen=True, slots=True)
class Lead:
    """A text that leads to passages, by their positions; only its vector is indexed."""

    text: str
    to: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """A document's spans with their contexts, what else leads to its passages, and the hashes of all texts used."""

    spans: tuple[Span, ...]
    leads: tuple[Lead, ...] = ()
    used: frozenset[bytes] = frozenset()


@dataclass(frozen=True)
class Writing:
    """Writes what is configured of a document. `kinds` are names of KINDS; `embed` and `count` are the embedder's."""

    write: Write
    kinds: tuple[str, ...]
    embed: Callable[[Sequence[str]], Matrix] = field(repr=False)
    count: Callable[[Sequence[str]], list[int]] = field(repr=False)

    def ready(self) -> None:
        """Raise Unsupported where no model can write."""
        assert self.write.model

    async def __call__(self, document: Document, spans: Sequence[Span], vectors: Vectors) -> Written:
        """Write what is not kept yet. ProviderError when a call fails; what came is kept for the next time."""
        asked = {kind: each(document, spans) for kind in self.kinds if (each := KINDS[kind])}
        texts = await self.write([request for pairs in asked.values() for _, request in pairs])
        placed = {
            kind: [(at, texts[self.write.key(request)]) for at, request in pairs]
            for kind, pairs in asked.items()
        }
        contexts = {at: _plain(text) for at, text in placed.pop("context", [])}
        situated = tuple(replace(span, written=contexts.get(at, "")) for at, span in enumerate(spans))
        leads = [
            Lead(line, (at,))
            for kind, pairs in placed.items()
            for at, text in pairs
            for line in _lines(kind, text)
        ]
        used = {self.write.key(request) for pairs in asked.values() for _, request in pairs}
        if "tree" in self.kinds and len(spans) > 1:
            grown, more = await self._tree(document, situated, vectors)
            leads, used = leads + grown, used | more
        return Written(situated, tuple(leads), frozenset(used))

    async def _tree(
        self, document: Document, spans: Sequence[Span], vectors: Vectors
    ) -> tuple[list[Lead], set[bytes]]:
        used: set[bytes] = set()

        async def sum_up(groups: list[list[Node]]) -> list[str]:
            requests = [
                summed_up([one.text for one in group], [one.heading for one in group]) for group in groups
            ]
            texts = await self.write(requests)
            keys = [self.write.key(one) for one in requests]
            used.update(keys)
            return [texts[key] for key in keys]

        leaves = [
            Node(document.text[span.start : span.end], span.heading, vector, (at,))
            for at, (span, vector) in enumerate(zip(spans, await vectors(spans), strict=True))
        ]
        nodes = await grow(leaves, sum_up, lambda texts: asyncio.to_thread(self.embed, texts))
        return [Lead(node.text, nearest(node, leaves)) for node in nodes if node.text], used

    def expected(self, document: Document, spans: Sequence[Span]) -> Expected:
        """Return what writing this document will take; of a tree, the most that it can."""
        expecting = Expecting(self.write, self.count)
        requests: list[Request] = []
        for kind in self.kinds:
            if each := KINDS[kind]:
                requests += [request for _, request in each(document, spans)]
        taken = expecting.of(requests)
        if "tree" in self.kinds:
            taken += expecting.tree([document.text[span.start : span.end] for span in spans])
        return taken


def _lines(kind: str, text: str) -> list[str]:
    """Return what a text leads with: each of its questions, or the whole."""
    if kind == "questions":
        return Said(text, Usage()).lines(QUESTIONS)
    return [plain] if (plain := _plain(text)) else []


def _plain(text: str) -> str:
    return " ".join(text.split())
