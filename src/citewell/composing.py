"""From what was found to a checked answer: a gate, a prompt, a model, citations."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any, TypeAlias

from citewell.answer import (
    Doubt,
    Judged,
    Writer,
    answer_of,
    doubts_of,
    fence_of,
    parted,
    prompt_of,
    quotes_of,
)
from citewell.model import Answer, Citation, Delta, Found, Policy, Prompt, Query, Step, Usage
from citewell.money import Quote
from citewell.protocols import Chat

Counts: TypeAlias = Callable[[Query], tuple[int, int]]
"""The documents, and passages, that a question is put to."""
Judge: TypeAlias = Callable[[Found], Judged]
Second: TypeAlias = Callable[[Query, Sequence[Doubt]], Awaitable[tuple[Mapping[str, Citation], Step]]]
"""Reads sentences in doubt beside their nearest quotes; returns the quotes of those that are supported."""


@dataclass(frozen=True)
class Composing:
    """Has an answer written from what was found, and checks it. `counts` is what a refusal names.

    Below `refuse_below`, how likely the hits must at least answer, no model is asked. `second` reads what the checks
    do not support.
    """

    chat: Chat
    writer: Writer | None  # what fills in the prompt; None for `extract`, which takes none
    counts: Counts
    judge: Judge
    refuse_below: float = 0.0
    policy: Policy = "mark"  # of sentences without support, where a query has none
    quoted: Callable[[Prompt], Quote] = lambda _: Quote()
    second: Second | None = None

    async def __call__(self, found: Found) -> Answer:
        """Return the checked answer; nobody is shown how it comes about."""
        async with aclosing(self.stream(found)) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                if isinstance(piece, Answer):
                    return piece
        raise AssertionError("a stream ends with the answer")

    async def stream(self, found: Found, asked: str = "") -> AsyncIterator[Delta | Answer]:
        """Yield what the model writes, as it does, and last the checked answer.

        `asked` is the question as it was typed, for a model that reads the conversation before it.
        """
        started = perf_counter()
        query = replace(found.query, policy=found.query.policy or self.policy)
        pieces: list[str] = []
        usage, model, cached = Usage(), self.chat.name, False
        fence = fence_of(found.query, self.writer)
        judged = await asyncio.to_thread(self.judge, found)
        if self._worth_asking(found, judged):
            prompt = await asyncio.to_thread(self._prompt, found, asked, judged)
            stream: Any = self.chat.stream(prompt)
            async with aclosing(stream) as deltas:
                async for delta in parted(deltas, fence):
                    pieces.append(delta.text)
                    usage, model, cached = (
                        delta.usage or usage,
                        delta.model or model,
                        delta.cached or cached,
                    )
                    if query.policy != "strict":  # of what is not checked yet nothing is shown
                        yield delta
        written = perf_counter()
        searched = await asyncio.to_thread(self.counts, found.query)
        text = "".join(pieces)
        answer = await asyncio.to_thread(answer_of, query, found.hits, text, searched, judged.likely)
        granted, steps = await self._granted(query, found, text, answer)
        if granted:
            answer = await asyncio.to_thread(
                answer_of, query, found.hits, text, searched, judged.likely, granted
            )
        yield replace(
            answer,
            steps=steps,
            prompt=self.writer.used if self.writer else None,
            reasoning=fence.reasoning,
            usage=sum((step.usage for step in steps), usage),
            model=model,
            cached=cached,
            seconds={"write": written - started, "check": perf_counter() - written},
        )

    async def _granted(
        self, query: Query, found: Found, text: str, answer: Answer
    ) -> tuple[Mapping[str, Citation], tuple[Step, ...]]:
        """Have a second reader look at what the checks do not support. A step of its own says what it found."""
        if self.second is None or not answer.unsupported:
            return {}, ()
        doubts = await asyncio.to_thread(doubts_of, text, found.hits)
        if not doubts:
            return {}, ()
        granted, step = await self.second(query, doubts)
        return granted, (step,)

    async def quote(self, found: Found) -> Quote:
        """Quote what `stream` would ask."""
        judged = await asyncio.to_thread(self.judge, found)
        if not self._worth_asking(found, judged):
            return Quote()
        return self.quoted(await asyncio.to_thread(self._prompt, found, found.query.text, judged))

    def _worth_asking(self, found: Found, judged: Judged) -> bool:
        # A follow-up ("and the second?") may mean what only the conversation says; the gate does not see that.
        return bool(found.hits) and (judged.likely >= self.refuse_below or bool(found.query.history))

    def _prompt(self, found: Found, asked: str, judged: Judged) -> Prompt:
        if self.writer is not None and found.query.history and asked:
            found = replace(found, query=replace(found.query, text=asked))
        return replace(prompt_of(found, self.writer), quotes=quotes_of(judged))
