"""Packing order: where in a long prompt the best passages stand. No model is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from citewell.model import Found, Hit, Query, Step
from citewell.protocols import Find
from citewell.techniques.means import Means
from citewell.techniques.merge import noted

Order: TypeAlias = Callable[[Sequence[Hit]], Sequence[Hit]]


@dataclass(frozen=True)
class Packed:
    """Puts the hits into another order for the model.

    Models read the beginning and the end of a long prompt best; the question stands at its end.
    (Liu et al., "Lost in the Middle", TACL 2024; RAG from Scratch, 18)
    """

    inner: Find
    means: Means
    name: str
    order: Order

    async def __call__(self, query: Query) -> Found:
        """Find, and order what was found; `extract`, and an answer that is written already, have no use for it."""
        found = await self.inner(query)
        if found.answer is not None or self.means.ask.chat is None:
            why = "extract reads in no order" if found.answer is None else "the answer is written already"
            return noted(found, Step(self.name, f"left as it was: {why}"))
        step = Step(self.name, f"ordered {len(found.hits)} passages for the model")
        return noted(replace(found, hits=tuple(self.order(found.hits))), step)


def best_last(inner: Find, means: Means) -> Packed:
    """The best passage last, next to the question."""
    return Packed(inner, means, "best-last", lambda hits: hits[::-1])


def best_at_ends(inner: Find, means: Means) -> Packed:
    """The best passages first and last, the least in the middle. (LangChain's LongContextReorder)"""
    return Packed(inner, means, "best-at-ends", lambda hits: [*hits[::2], *hits[1::2][::-1]])
