"""Rewrite: a follow-up is made to stand by itself, before anything is searched and before any other technique."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Literal, TypeAlias

from citewell.model import Found, Message, Query, Step, Usage
from citewell.protocols import Find
from citewell.techniques.carry import carried
from citewell.techniques.clarify import clarified
from citewell.techniques.constants import LONGEST_REWRITE, RECALLED, RECALLED_CHARACTERS
from citewell.techniques.means import Means

How: TypeAlias = Literal["carry", "model"]


@dataclass(frozen=True)
class Rewrite:
    """Says a follow-up as a question of its own, by what the conversation named or by asking a model.

    (Rewriting for retrieval: Elgohary, Peskov & Boyd-Graber, "Can You Unpack That?", EMNLP 2019.) A question
    without history is left alone.
    """

    inner: Find
    means: Means
    how: How = "carry"

    async def __call__(self, query: Query) -> Found:
        """Find for the question as rewritten; the step that tells of it comes first, if there is one."""
        if not query.history:
            return await self.inner(query)
        started = perf_counter()
        text, calls, usage = await self._rewritten(query)
        did = f"asked as: {text}" if text != query.text else "the question stands by itself"
        step = Step("rewrite", did, calls, usage, perf_counter() - started)
        found = await self.inner(query if text == query.text else replace(query, text=text))
        return replace(found, steps=(step, *found.steps)) if calls or text != query.text else found

    async def _rewritten(self, query: Query) -> tuple[str, int, Usage]:
        if self.how == "carry":
            return by_carrying(query), 0, Usage()
        said = await self.means.ask("rewrite", query, conversation=conversation_of(query.history))
        lines = said.lines(2)
        # Not one line of a question's length: it answered, or explained itself. Then what is sure is carried over.
        good = len(lines) == 1 and len(lines[0]) <= LONGEST_REWRITE
        return lines[0].strip("\"“”'` ") if good else by_carrying(query), 1, said.usage


def by_carrying(query: Query) -> str:
    """Return the question with what it leans on in brackets behind it; itself where it stands alone.

    What replies to a clarifying question is put behind the question that was not clear.
    """
    if len(query.history) > 1 and clarified(query.history):
        return f"{query.history[-2].content} ({query.text})"
    terms = carried(query.text, query.history)
    return f"{query.text} ({'; '.join(terms)})" if terms else query.text


def conversation_of(history: Sequence[Message]) -> str:
    """Return the last turns as a prompt shows them, a turn a line, long ones cut."""
    turns = [turn for turn in history if turn.role != "system"][-RECALLED:]
    return "\n".join(f"{turn.role}: {_cut(' '.join(turn.content.split()))}" for turn in turns)


def _cut(text: str) -> str:
    return text if len(text) <= RECALLED_CHARACTERS else f"{text[:RECALLED_CHARACTERS].rstrip()} …"
