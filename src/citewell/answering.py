"""A question's way: find, write, cite, check. What finds is wrapped in the techniques that a question asks for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from citewell.answer import Writer, answer_of, fence_of, parted, prompt_of
from citewell.errors import BadInput
from citewell.model import Answer, Delta, Done, Event, Found, HitsFound, Message, Prompt, Query, Step, Usage
from citewell.protocols import Chat, Find
from citewell.techniques import Means, Technique
from citewell.techniques.clarify import empty, question_back, unclear

Counts: TypeAlias = tuple[int, int]
MOST_HISTORY: Final = 100
"""Turns of a conversation that a question may come with."""


@dataclass(frozen=True)
class Answering:
    """Answers questions. `technique` knows techniques by name; `usual` are taken unless a query names its own.

    `rewrite` makes a follow-up stand by itself before any other technique sees it; None leaves it as it is.
    """

    chat: Chat
    writer: Writer | None  # what fills in the prompt; None for `extract`, which takes none
    means: Means
    technique: Callable[[str], Technique]
    usual: tuple[str, ...] = ()
    rewrite: Technique | None = None

    def finding(self, query: Query, find: Find) -> Find:
        """Return `find` wrapped in a question's techniques, the first one innermost. BadInput for an unknown one."""
        for name in self.usual if query.techniques is None else query.techniques:
            find = self.technique(name)(find, self.means)
        return find if self.rewrite is None else self.rewrite(find, self.means)

    async def __call__(self, query: Query, find: Find, counts: Callable[[], Counts]) -> AsyncIterator[Event]:
        """Answer, as it happens: Steps, HitsFound, Deltas, Citations, Done. `counts` is what a refusal names."""
        check_history(query)
        started = time.perf_counter()
        found = await self.finding(query, find)(query)
        read = time.perf_counter()
        for step in found.steps:
            yield step
        yield HitsFound(found.hits)
        back, steps = "", found.steps
        if empty(query, found.query.text):
            back, steps = await self._back(query, found)
        pieces: list[str] = []
        usage, model = Usage(), self.chat.name
        fence = fence_of(query, self.writer)
        if found.hits and not back:
            prompt = await asyncio.to_thread(self._prompt, query, found)
            async for delta in parted(self.chat.stream(prompt), fence):
                pieces.append(delta.text)
                usage, model = delta.usage or usage, delta.model or model
                yield delta
        written = time.perf_counter()
        searched = await asyncio.to_thread(counts)
        answer = await asyncio.to_thread(answer_of, found.query, found.hits, "".join(pieces), searched)
        if answer.verdict == "refused" and steps is found.steps and unclear(query, found.query.text):
            back, steps = await self._back(query, found)
        if back:
            answer = Answer(back, hits=found.hits)
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
                steps=steps,
                usage=sum((step.usage for step in steps), usage),
                model=model,
                seconds={
                    "retrieve": read - started,
                    "write": written - read,
                    "check": ended - written,
                    "total": ended - started,
                },
            )
        )

    def _prompt(self, query: Query, found: Found) -> Prompt:
        """Return what the chat is given: a model that reads the conversation, the question as it was asked in it."""
        if self.writer is not None and query.history:
            found = replace(found, query=replace(found.query, text=query.text))
        return prompt_of(found, self.writer)

    async def _back(self, query: Query, found: Found) -> tuple[str, tuple[Step, ...]]:
        """Return the question back ("" for none), and the steps with the one that made it."""
        back, step = await question_back(self.means, query, found.hits)
        return back, (*found.steps, *([step] if step else ()))


def check_history(query: Query) -> None:
    """Refuse a history that is no conversation: turns of other roles, empty ones, too many, or no answer at its end."""
    history = query.history
    if len(history) > MOST_HISTORY:
        raise BadInput(f"the history has {len(history)} turns; send the last {MOST_HISTORY}")
    for number, turn in enumerate(history, 1):
        if not isinstance(turn, Message) or turn.role not in ("system", "user", "assistant"):
            raise BadInput(f"turn {number} of the history is {turn!r}; its role is user or assistant")
        if not turn.content.strip():
            raise BadInput(f"turn {number} of the history is empty ({turn.content!r}); leave it out")
    if history and history[-1].role == "user":
        raise BadInput(
            f"the history ends with {history[-1].content[:80]!r}, which has no answer; end it with the "
            "assistant's turn, and ask what is new as the question"
        )
