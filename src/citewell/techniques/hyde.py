"""HyDE: a passage that might answer is nearer to those that do than the question is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter

from citewell.model import Found, Query, Step
from citewell.protocols import Find
from citewell.techniques.means import Means
from citewell.techniques.merge import noted


@dataclass(frozen=True)
class Hyde:
    """Has a model write such a passage, for search by meaning alone. (Gao et al., ACL 2023; RAG from Scratch, 9)

    Its words are invented, so search by words keeps the question's; nobody is shown it as an answer.
    """

    inner: Find
    means: Means

    async def __call__(self, query: Query) -> Found:
        """Find with the question's words and the mean of both vectors."""
        started = perf_counter()
        if query.mode not in ("dense", "hybrid"):
            step = Step("hyde", f"left alone: {query.mode} search does not go by meaning")
            return noted(await self.inner(query), step)
        said = await self.means.ask("hyde", query)
        found = await self.inner(replace(query, hypothesis=said.text))
        did = f"imagined: {said.text}" if said.text else "the model imagined nothing"
        step = Step("hyde", did, 1, said.usage, perf_counter() - started)
        return noted(replace(found, query=replace(found.query, hypothesis="")), step)
