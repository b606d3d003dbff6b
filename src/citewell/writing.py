"""From what was found to a checked answer: a gate, a prompt, a model, citations."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any, TypeAlias

from citewell.answer import Writer, answer_of, fence_of, parted, prompt_of
from citewell.model import Answer, Delta, Found, Prompt, Usage
from citewell.protocols import Chat

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

    async def stream(self, found: Found, asked: str = "") -> AsyncIterator[Delta | Answer]:
        """Yield what the model writes, as it does, and last the checked answer.

        `asked` is the question as it was typed, for a model that reads the conversation before it.
        """
        started = perf_counter()
        pieces: list[str] = []
        usage, model = Usage(), self.chat.name
        fence = fence_of(found.query, self.writer)
        if found.hits:
            prompt = await asyncio.to_thread(self._prompt, found, asked)
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

    def _prompt(self, found: Found, asked: str) -> Prompt:
        if self.writer is not None and found.query.history and asked:
            found = replace(found, query=replace(found.query, text=asked))
        return prompt_of(found, self.writer)
