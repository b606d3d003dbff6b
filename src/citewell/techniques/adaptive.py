"""Adaptive: simple questions go the plain way, hard ones are answered in parts."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

from citewell.model import Found, Query, Step
from citewell.protocols import Find
from citewell.techniques.decomposition import recursive
from citewell.techniques.means import Means
from citewell.techniques.merge import noted


@dataclass(frozen=True)
class Adaptive:
    """Asks a model how hard a question is. (Jeong et al., "Adaptive-RAG", NAACL 2024)

    The paper's third way, no retrieval at all, is left out: what is not found cannot be cited.
    """

    inner: Find
    means: Means

    async def __call__(self, query: Query) -> Found:
        """Find in one step, or, where the model says "complex", by decomposition-recursive."""
        started = perf_counter()
        said = await self.means.ask("adaptive", query)
        choice = said.choice(("simple", "complex"))
        did = choice or f"simple: the model did not say how hard it is ({said.shown})"
        step = Step("adaptive", did, 1, said.usage, perf_counter() - started)
        find = recursive(self.inner, self.means) if choice == "complex" else self.inner
        return noted(await find(query), step)
