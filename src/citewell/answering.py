"""A question's way: find, write, cite, check. What finds is wrapped in the techniques that a question asks for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from citewell.answer import Writer, answer_of, fence_of, parted, prompt_of
from citewell.cost import charged
from citewell.model import Delta, Done, Event, HitsFound, Prompt, Query, Usage
from citewell.money import Quote
from citewell.protocols import Chat, Find
from citewell.techniques import Means, Technique

Counts: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Answering:
    """Answers questions. `technique` knows techniques by name; `usual` are taken unless a query names its own."""

    chat: Chat
    writer: Writer | None  # what fills in the prompt; None for `extract`, which takes none
    means: Means
    technique: Callable[[str], Technique]
    usual: tuple[str, ...] = ()
    quoted: Callable[[Prompt], Quote] = lambda _: Quote()

    def finding(self, query: Query, find: Find) -> Find:
        """Return `find` wrapped in a question's techniques, the first one innermost. BadInput for an unknown one."""
        for name in self.usual if query.techniques is None else query.techniques:
            find = self.technique(name)(find, self.means)
        return find

    async def quote(self, query: Query, find: Find) -> Quote:
        """Quote an answer: passages are found, no chat model is asked. What techniques ask cannot be known before."""
        found = await find(query)
        if not found.hits:
            return Quote()
        quote = self.quoted(await asyncio.to_thread(prompt_of, found, self.writer))
        names = self.usual if query.techniques is None else query.techniques
        if not names or quote.free:
            return quote
        said = f"techniques ({', '.join(names)}) ask the model more than this; cost.per_request bounds it"
        return replace(quote, most=None, notes=(*quote.notes, said))

    async def __call__(self, query: Query, find: Find, counts: Callable[[], Counts]) -> AsyncIterator[Event]:
        """Answer, as it happens: Steps, HitsFound, Deltas, Citations, Done. `counts` is what a refusal names."""
        started = time.perf_counter()
        found = await self.finding(query, find)(query)
        read = time.perf_counter()
        for step in found.steps:
            yield step
        yield HitsFound(found.hits)
        pieces: list[str] = []
        usage, model, cached = Usage(), self.chat.name, False
        fence = fence_of(query, self.writer)
        if found.hits:
            prompt = await asyncio.to_thread(prompt_of, found, self.writer)
            async for delta in parted(self.chat.stream(prompt), fence):
                pieces.append(delta.text)
                usage, model, cached = delta.usage or usage, delta.model or model, delta.cached or cached
                yield delta
        written = time.perf_counter()
        searched = await asyncio.to_thread(counts)
        answer = await asyncio.to_thread(answer_of, found.query, found.hits, "".join(pieces), searched)
        if answer.verdict == "refused":
            yield Delta(answer.text)
        for citation in answer.citations:
            yield citation
        ended, account = time.perf_counter(), charged()
        yield Done(
            replace(
                answer,
                prompt=self.writer.used if self.writer else None,
                reasoning=fence.reasoning,
                steps=found.steps,
                usage=sum((step.usage for step in found.steps), usage),
                model=model,
                cost=account.cost if account else None,
                cached=cached,
                seconds={
                    "retrieve": read - started,
                    "write": written - read,
                    "check": ended - written,
                    "total": ended - started,
                },
            )
        )
