"""Multi-query: the question in other words, all searched at once, and what any of them finds, best ranks first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter

from citewell.model import Found, Query, Step
from citewell.protocols import Find
from citewell.techniques.constants import WAYS
from citewell.techniques.means import Means, together
from citewell.techniques.merge import taking_turns


@dataclass(frozen=True)
class MultiQuery:
    """Asks a model for the question in other words. (LangChain's MultiQueryRetriever, 2023; RAG from Scratch, 5)"""

    inner: Find
    means: Means

    async def __call__(self, query: Query) -> Found:
        """Find with the question and up to WAYS rewordings; their hits take turns, the question's own first."""
        started = perf_counter()
        said = await self.means.ask("multi-query", query.text)
        others = [text for text in said.lines(WAYS + 1) if text != query.text][:WAYS]
        asked = (query, *(replace(query, text=text) for text in others))
        found = await together([self.inner(one) for one in asked])
        hits = taking_turns([one.hits for one in found], query.limit)
        did = "asked also: " + " | ".join(others) if others else "the model gave no other words"
        step = Step("multi-query", did, 1, said.usage, perf_counter() - started)
        return Found(query, hits, (*(one for each in found for one in each.steps), step), found[0].notes)
