"""A question's way: find, write, cite, check. What finds is wrapped in the techniques that a question asks for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from citewell.answer import Judged, Writer, answer_of, fence_of, parted, prompt_of, quotes_of
from citewell.model import Delta, Done, Event, Found, HitsFound, Prompt, Query, Usage
from citewell.protocols import Chat, Find
from citewell.techniques import Means, Technique

Counts: TypeAlias = tuple[int, int]
Judge: TypeAlias = Callable[[Found], Judged]


@dataclass(frozen=True)
class Answering:
    """Answers questions. `technique` knows techniques by name; `usual` are taken unless a query names its own.

    Below `refuse_below`, how likely the hits must at least answer, no model is asked.
    """

    chat: Chat
    writer: Writer | None  # what fills in the prompt; None for `extract`, which takes none
    means: Means
    technique: Callable[[str], Technique]
    judge: Judge
    usual: tuple[str, ...] = ()
    refuse_below: float = 0.0

    def finding(self, query: Query, find: Find) -> Find:
        """Return `find` wrapped in a question's techniques, the first one innermost. BadInput for an unknown one."""
        for name in self.usual if query.techniques is None else query.techniques:
            find = self.technique(name)(find, self.means)
        return find

    async def __call__(self, query: Query, find: Find, counts: Callable[[], Counts]) -> AsyncIterator[Event]:
        """Answer, as it happens: Steps, HitsFound, Deltas, Citations, Done. `counts` is what a refusal names."""
        started = time.perf_counter()
        found = await self.finding(query, find)(query)
        read = time.perf_counter()
        for step in found.steps:
            yield step
        yield HitsFound(found.hits)
        pieces: list[str] = []
        usage, model = Usage(), self.chat.name
        fence = fence_of(query, self.writer)
        judged = await asyncio.to_thread(self.judge, found)
        # A follow-up ("and the second?") may mean what only the conversation says; the gate does not see that.
        if found.hits and (judged.likely >= self.refuse_below or found.query.history):
            prompt = await asyncio.to_thread(self._prompt, found, judged)
            async for delta in parted(self.chat.stream(prompt), fence):
                pieces.append(delta.text)
                usage, model = delta.usage or usage, delta.model or model
                yield delta
        written = time.perf_counter()
        searched = await asyncio.to_thread(counts)
        text = "".join(pieces)
        answer = await asyncio.to_thread(answer_of, found.query, found.hits, text, searched, judged.likely)
        if answer.verdict == "refused":
            yield Delta(answer.text)
        for citation in answer.citations:
            yield citation
        ended = time.perf_counter()
        yield Done(
            replace(
                answer,
                prompt=self.writer.used if self.writer else None,
                reasoning=fence.reasoning,
                steps=found.steps,
                usage=sum((step.usage for step in found.steps), usage),
                model=model,
                seconds={
                    "retrieve": read - started,
                    "write": written - read,
                    "check": ended - written,
                    "total": ended - started,
                },
            )
        )

    def _prompt(self, found: Found, judged: Judged) -> Prompt:
        return replace(prompt_of(found, self.writer), quotes=quotes_of(judged))
