"""A question's way: find, write, cite, check. What finds is wrapped in the techniques that a question asks for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any, TypeAlias

from citewell.answer import Writer, answer_of, fence_of, parted, prompt_of
from citewell.model import Answer, Delta, Done, Event, Found, HitsFound, Query, Usage
from citewell.protocols import Chat, Find
from citewell.techniques import Means, Technique
from citewell.wire import dump_where

Counts: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Writing:
    """Has an answer written from what was found, and checks it. `counts` is what a refusal names."""

    chat: Chat
    writer: Writer | None  # what fills in the prompt; None for `extract`, which takes none
    counts: Callable[[], Counts]

    async def __call__(self, found: Found) -> Answer:
        """Return the checked answer; nobody is shown how it comes about."""
        async with aclosing(self.stream(found)) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                if isinstance(piece, Answer):
                    return piece
        raise AssertionError("a stream ends with the answer")

    async def stream(self, found: Found) -> AsyncIterator[Delta | Answer]:
        """Yield what the model writes, as it does, and last the checked answer."""
        started = perf_counter()
        pieces: list[str] = []
        usage, model = Usage(), self.chat.name
        fence = fence_of(found.query, self.writer)
        if found.hits:
            prompt = await asyncio.to_thread(prompt_of, found, self.writer)
            stream: Any = self.chat.stream(prompt)
            async with aclosing(stream) as deltas:
                async for delta in parted(deltas, fence):
                    pieces.append(delta.text)
                    usage, model = delta.usage or usage, delta.model or model
                    yield delta
        written = perf_counter()
        searched = await asyncio.to_thread(self.counts)
        answer = await asyncio.to_thread(answer_of, found.query, found.hits, "".join(pieces), searched)
        yield replace(
            answer,
            prompt=self.writer.used if self.writer else None,
            reasoning=fence.reasoning,
            usage=usage,
            model=model,
            seconds={"write": written - started, "check": perf_counter() - written},
        )


@dataclass(frozen=True)
class Answering:
    """Answers questions. `technique` knows techniques by name; `usual` are taken unless a query names its own."""

    write: Writing
    means: Means
    technique: Callable[[str], Technique]
    usual: tuple[str, ...] = ()

    def finding(self, query: Query, find: Find) -> Find:
        """Return `find` wrapped in a question's techniques, the first one innermost. BadInput for an unknown one."""
        for name in self.usual if query.techniques is None else query.techniques:
            find = self.technique(name)(find, self.means)
        return find

    async def __call__(self, query: Query, find: Find) -> AsyncIterator[Event]:
        """Answer, as it happens: Steps, HitsFound, Deltas, Citations, Done."""
        started = perf_counter()
        found = await self.finding(query, find)(query)
        read = perf_counter()
        for step in found.steps:
            yield step
        yield HitsFound(found.hits)
        answer = found.answer
        if answer is None:
            async with aclosing(self.write.stream(found)) as pieces:  # type: ignore[type-var]
                async for piece in pieces:
                    if isinstance(piece, Answer):
                        answer = piece
                    else:
                        yield piece
        assert answer is not None
        if found.answer is not None or answer.verdict == "refused":
            yield Delta(answer.text)
        for citation in answer.citations:
            yield citation
        drafted = sum(answer.seconds.values()) if found.answer is not None else 0.0
        seconds = {"retrieve": read - started - drafted, **answer.seconds, "total": perf_counter() - started}
        yield Done(
            replace(
                answer,
                steps=found.steps,
                usage=sum((step.usage for step in found.steps), answer.usage),
                where="" if found.query.where is None else dump_where(found.query.where),
                seconds=seconds,
            )
        )
