"""Multi-query: the question in other words, all searched at once, and what any of them finds, best ranks first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter

from citewell.model import Found, Query, Step
from citewell.protocols import Find
from citewell.techniques.constants import WAYS
from citewell.techniques.means import Means, together
from citewell.techniques.merge import Merge, fused, joined, taking_turns


@dataclass(frozen=True)
class MultiQuery:
    """Asks a model for the question in other words. (LangChain's MultiQueryRetriever, 2023; RAG from Scratch, 5)"""

    inner: Find
    means: Means
    name: str = "multi-query"
    merge: Merge = taking_turns

    async def __call__(self, query: Query) -> Found:
        """Find with the question and up to WAYS rewordings, side by side."""
        started = perf_counter()
        said = await self.means.ask("multi-query", query)
        others = [text for text in said.lines(WAYS + 1) if text != query.text][:WAYS]
        found = await together([self.inner(query), *(self.inner(replace(query, text=one)) for one in others)])
        hits = self.merge([one.hits for one in found], query.limit)
        did = "asked also: " + " | ".join(others) if others else "the model gave no other words"
        return joined(found, hits, Step(self.name, did, 1, said.usage, perf_counter() - started))


def rag_fusion(inner: Find, means: Means) -> MultiQuery:
    """Multi-query whose hits are fused by reciprocal ranks: what several wordings find rises.

    (Raudaschl 2023; Rackauckas, "RAG-Fusion", arXiv 2402.03367, 2024; RAG from Scratch, 6)
    """
    return MultiQuery(inner, means, "rag-fusion", fused)
