"""Self-RAG: an answer is written, criticised, and, where it does not stand, written once more from other passages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

from citewell.model import Answer, Found, Query, Step
from citewell.protocols import Find
from citewell.techniques.means import Means
from citewell.techniques.merge import joined, noted, taking_turns

_BESIDE: Final = (1, 1.0)
"""What an answer is worth that is supported and not useful: less than any other that is supported."""


@dataclass(frozen=True)
class SelfRag:
    """Is the answer supported? That is what the checker of citations says. Is it useful? A model says that.

    (Asai et al., "Self-RAG", ICLR 2024; RAG from Scratch, 17) The paper may answer without retrieval; here that
    could not be cited, so it always searches once, and again only where the critique demands it. The answer is
    shown when it is judged, not while it is written.
    """

    inner: Find
    means: Means

    async def __call__(self, query: Query) -> Found:
        """Return what was found with the better of two answers, the first where they are equal."""
        started = perf_counter()
        found = await self.inner(query)
        draft = found.answer or await self.means.write(found)
        useful, step = await self._useful(query, draft)
        first = replace(found, answer=draft)
        if useful:
            return noted(first, replace(step, seconds=perf_counter() - started))
        said = await self.means.ask("search-again", query)
        again = next((line for line in said.lines(1) if line != query.text), "")
        step = replace(step, calls=step.calls + 1, usage=step.usage + said.usage)
        if not again:
            did = f"{step.did}; the model gave no other words"
            return noted(first, replace(step, did=did, seconds=perf_counter() - started))
        more = await self.inner(replace(query, text=again))
        hits = taking_turns([more.hits, found.hits], query.limit)
        second = await self.means.write(replace(found, hits=hits))
        better = _worth(second) > (_BESIDE if draft.verdict == "answered" else _worth(draft))
        kept, dropped = (second, draft) if better else (draft, second)
        step = Step(
            "self-rag",
            f"{step.did}; searched again: {again}; the {'second' if better else 'first'} answer is kept",
            step.calls + bool(dropped.hits),
            step.usage + dropped.usage,
            perf_counter() - started,
        )
        return replace(joined([first, more], kept.hits, step), answer=kept)

    async def _useful(self, query: Query, draft: Answer) -> tuple[bool, Step]:
        """Criticise a draft. Only one whose every sentence is cited is worth asking about."""
        if draft.verdict != "answered":
            return False, Step("self-rag", f"the draft was {draft.verdict}")
        said = await self.means.ask("self-rag", query, answer=draft.text)
        choice = said.choice(("yes", "no"))
        words = {"yes": "supported and useful", "no": "supported, and not useful"}
        did = words.get(choice or "", f"supported; the model did not say whether it is useful ({said.shown})")
        return choice != "no", Step("self-rag", did, 1, said.usage)


def _worth(answer: Answer) -> tuple[int, float]:
    return ("refused", "partial", "answered").index(answer.verdict), answer.confidence
