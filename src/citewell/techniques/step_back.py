"""Step-back: a more general question beside the one asked, so that the background is found too."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter

from citewell.model import Found, Query, Step
from citewell.protocols import Find
from citewell.techniques.means import Means, together
from citewell.techniques.merge import joined, taking_turns


@dataclass(frozen=True)
class StepBack:
    """Asks a model for the question behind the question. (Zheng et al., ICLR 2024; RAG from Scratch, 8)"""

    inner: Find
    means: Means

    async def __call__(self, query: Query) -> Found:
        """Find with the question and the general one, side by side; their hits take turns."""
        started = perf_counter()
        said = await self.means.ask("step-back", query)
        wider = [text for text in said.lines(1) if text != query.text]
        found = await together([self.inner(query), *(self.inner(replace(query, text=one)) for one in wider)])
        hits = taking_turns([one.hits for one in found], query.limit)
        did = f"asked also: {wider[0]}" if wider else "the model gave no more general question"
        return joined(found, hits, Step("step-back", did, 1, said.usage, perf_counter() - started))
