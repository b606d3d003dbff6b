"""Routing: which collection of documents a question is about. A model says it, or the embedder."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from citewell.errors import BadInput
from citewell.model import Found, Query, Step
from citewell.protocols import Find
from citewell.techniques.means import Means
from citewell.techniques.merge import noted
from citewell.techniques.narrowing import narrowed
from citewell.techniques.routes import EVERYTHING, Route


@dataclass(frozen=True)
class LogicalRouting:
    """Asks a model which of the collections in `chat.routes` a question is about. (RAG from Scratch, 10)"""

    inner: Find
    means: Means

    async def __call__(self, query: Query) -> Found:
        """Find in the collection that the model names; in all documents, where it names none."""
        started = perf_counter()
        routes = _routes(self.means, "logical-routing")
        choices = "\n".join(f"{one.name}: {one.about}" for one in routes)
        said = await self.means.ask("logical-routing", query, choices=choices)
        name = said.choice([*(one.name for one in routes), EVERYTHING])
        chosen = next((one for one in routes if one.name == name), None)
        if chosen is None:
            found = await self.inner(query)
            did = (
                "everything"
                if name == EVERYTHING
                else f"everything: the model named no collection ({said.shown})"
            )
        else:
            found, why = await narrowed(self.inner, query, chosen.where)
            did = f"{chosen.name}{why}"
        return noted(found, Step("logical-routing", did, 1, said.usage, perf_counter() - started))


@dataclass(frozen=True)
class SemanticRouting:
    """Takes the collection of `chat.routes` whose description is nearest by the embedder. (RAG from Scratch, 10)

    No model is asked. There is no "none of them": describe what is left over as a collection too.
    """

    inner: Find
    means: Means

    async def __call__(self, query: Query) -> Found:
        """Find in the nearest collection; in all documents, where it has nothing."""
        started = perf_counter()
        routes = _routes(self.means, "semantic-routing")
        vectors = await asyncio.to_thread(self.means.embed, [query.text, *(one.about for one in routes)])
        near = (vectors[1:] @ vectors[0]).tolist()
        chosen = routes[near.index(max(near))]
        found, why = await narrowed(self.inner, query, chosen.where)
        did = f"{chosen.name} ({max(near):.2f} near){why}"
        return noted(found, Step("semantic-routing", did, 0, seconds=perf_counter() - started))


def _routes(means: Means, name: str) -> Sequence[Route]:
    if not means.routes:
        raise BadInput(f"{name} has no collections to choose from; name a file of them in chat.routes")
    return means.routes
