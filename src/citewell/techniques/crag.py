"""Corrective RAG: passages are graded before anything is written from them; where none is right, it is asked again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

from citewell.answer import passages_of
from citewell.model import Found, Hit, Query, Step, Usage
from citewell.protocols import Find
from citewell.techniques.means import Means, together
from citewell.techniques.merge import joined

GRADES: Final = ("correct", "ambiguous", "wrong")
"""Of a passage: it answers, it may help, it is about something else. What is not understood is ambiguous."""


@dataclass(frozen=True, slots=True)
class Graded:
    """A hit with its grade, and the tokens that this took."""

    hit: Hit
    grade: str
    usage: Usage


@dataclass(frozen=True)
class Crag:
    """Grades each passage with a model and drops the wrong ones; without a correct one, searches in other words.

    (Yan et al., "Corrective Retrieval Augmented Generation", 2024; RAG from Scratch, 16) The paper's web search is
    left out: what is not in the library could not be cited.
    """

    inner: Find
    means: Means

    async def __call__(self, query: Query) -> Found:
        """Find what is graded correct, then what is ambiguous, each in its order; perhaps nothing."""
        started = perf_counter()
        found = [await self.inner(query)]
        graded = await self._graded(query, found[0].hits)
        did, usage, calls = _counted(graded), Usage(), 0
        if not any(one.grade == "correct" for one in graded):
            said = await self.means.ask("search-again", query)
            usage, calls = said.usage, 1
            again = next((line for line in said.lines(1) if line != query.text), "")
            did += f"; searched again: {again}" if again else "; the model gave no other words"
            if again:
                found.append(await self.inner(replace(query, text=again)))
                known = {one.hit.passage.id for one in graded}
                more = await self._graded(
                    query, [hit for hit in found[1].hits if hit.passage.id not in known]
                )
                did += f": {_counted(more)}"
                graded += more
        kept = sorted(
            (one for one in graded if one.grade != "wrong"), key=lambda one: GRADES.index(one.grade)
        )
        usage = sum((one.usage for one in graded), usage)
        step = Step("crag", did, calls + len(graded), usage, perf_counter() - started)
        return joined(found, tuple(one.hit for one in kept)[: query.limit], step)

    async def _graded(self, query: Query, hits: Sequence[Hit]) -> list[Graded]:
        return await together([self._grade(query, hit) for hit in hits])

    async def _grade(self, query: Query, hit: Hit) -> Graded:
        said = await self.means.ask("crag", query, passages=passages_of([hit]))
        return Graded(hit, said.choice(GRADES) or "ambiguous", said.usage)


def _counted(graded: Sequence[Graded]) -> str:
    counts = Counter(one.grade for one in graded)
    return (
        ", ".join(f"{counts[grade]} {grade}" for grade in GRADES if counts[grade]) or "nothing new to grade"
    )
