"""A question's way: find, write, cite, check. What finds is wrapped in the techniques that a question asks for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

from citewell.composing import Composing
from citewell.cost import charged
from citewell.errors import BadInput
from citewell.model import Answer, Delta, Done, Event, Found, HitsFound, Message, Query, Step
from citewell.money import Quote
from citewell.protocols import Find
from citewell.techniques import Means, Technique
from citewell.techniques.clarify import empty, question_back, unclear
from citewell.wire import dump_where

MOST_HISTORY: Final = 100
"""Turns of a conversation that a question may come with."""


@dataclass(frozen=True)
class Answering:
    """Answers questions. `technique` knows techniques by name; `usual` are taken unless a query names its own.

    `rewrite` makes a follow-up stand by itself before any other technique sees it; None leaves it as it is.
    """

    write: Composing
    means: Means
    technique: Callable[[str], Technique]
    usual: tuple[str, ...] = ()
    rewrite: Technique | None = None

    def finding(self, query: Query, find: Find) -> Find:
        """Return `find` wrapped in a question's techniques, the first one innermost. BadInput for an unknown one."""
        for name in self.usual if query.techniques is None else query.techniques:
            find = self.technique(name)(find, self.means)
        return find if self.rewrite is None else self.rewrite(find, self.means)

    async def quote(self, query: Query, find: Find) -> Quote:
        """Quote an answer: passages are found, no chat model is asked. What techniques ask cannot be known before."""
        quote = await self.write.quote(await find(query))
        names = list(self.usual if query.techniques is None else query.techniques)
        names += ["rewriting a follow-up"] if query.history else []
        names += ["chat.judge"] if self.write.second else []
        if self.means.ask.chat is None or not names or quote.free:
            return quote
        note = f"techniques ({', '.join(names)}) ask the model more than this; cost.per_request bounds it"
        return replace(quote, most=None, notes=(*quote.notes, note))

    async def __call__(self, query: Query, find: Find) -> AsyncIterator[Event]:
        """Answer, as it happens: Steps, HitsFound, Deltas, Citations, Done."""
        check_history(query)
        started = perf_counter()
        found = await self.finding(query, find)(query)
        read = perf_counter()
        for step in found.steps:
            yield step
        yield HitsFound(found.hits)
        answer, steps = found.answer, found.steps
        told = answer is None
        if empty(query, found.query.text):
            answer, steps = await self._asked_back(query, found, answer)
            told = answer is None
        if answer is None:
            async with aclosing(self.write.stream(found, query.text)) as pieces:  # type: ignore[type-var]
                async for piece in pieces:
                    if isinstance(piece, Answer):
                        answer = piece
                    else:
                        yield piece
        assert answer is not None
        if answer.verdict == "refused" and steps is found.steps and unclear(query, found.query.text):
            answer, steps = await self._asked_back(query, found, answer)
            assert answer is not None
        if not told or answer.verdict == "refused" or answer.policy == "strict":
            yield Delta(answer.text)
        for citation in answer.citations:
            yield citation
        account = charged()
        yield Done(
            replace(
                answer,
                steps=(*steps, *answer.steps),
                usage=sum((step.usage for step in steps), answer.usage),  # its own steps are in its usage
                cost=account.cost if account else None,
                where="" if found.query.where is None else dump_where(found.query.where),
                seconds={
                    "retrieve": read - started,
                    **({"write": 0.0, "check": 0.0} | dict(answer.seconds)),
                    "total": perf_counter() - started,
                },
            )
        )

    async def _asked_back(
        self, query: Query, found: Found, answer: Answer | None
    ) -> tuple[Answer | None, tuple[Step, ...]]:
        """Return the answer that asks which thing is meant, if there is one to ask, and the steps with that one."""
        back, step = await question_back(self.means, query, found.hits)
        steps = (*found.steps, *([step] if step else ()))
        if not back:
            return answer, steps
        asked = answer or Answer("", hits=found.hits, model=self.write.chat.name)
        return replace(asked, text=back, unsupported=()), steps


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
