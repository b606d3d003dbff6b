"""From a question and the passages shown to what a chat model is sent: a prompt file, filled in. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from citewell.answer.prompt import passages_of
from citewell.answer.reasoning import Fence
from citewell.answer.render import Body
from citewell.answer.template import Example
from citewell.model import Found, Hit, Message, Prompt, Query
from citewell.prompted import AS_WRITTEN, PromptUsed, Style

Nearest: TypeAlias = Callable[[str], Sequence[Example]]
"""A question -> the examples that are most like it, most like it last."""

TURNS: Final = 6
"""Turns of a conversation that are repeated to the model."""


@dataclass(frozen=True)
class Writer:
    """Fills in a prompt file. `style` comes before the file's own, and a query's before both."""

    body: Body
    style: Style = AS_WRITTEN
    nearest: Nearest | None = None

    def __call__(self, query: Query, hits: Sequence[Hit], notes: str = "") -> Prompt:
        """Return what a chat model is given: system, the last turns, the passages with the question."""
        template = self.body.template
        near = self.nearest(query.text) if self.nearest is not None else ()
        system, user = self.body(
            query.text, passages_of(hits), self.style_of(query), (*template.examples, *near), notes
        )
        turns = [turn for turn in query.history if turn.role != "system"][-TURNS:]
        messages = (Message("system", system), *turns, Message("user", user))
        return Prompt(query.text, tuple(hits), messages, notes=notes, access=str(query.access))

    def style_of(self, query: Query) -> Style:
        """Return the style that a question is answered in."""
        return query.style.over(self.style).over(self.body.template.style)

    @property
    def used(self) -> PromptUsed:
        """Return which prompt file this is."""
        return self.body.template.used


def prompt_of(found: Found, writer: Writer | None = None) -> Prompt:
    """Return what a chat is given; without a writer no messages, which is all that `extract` needs."""
    if writer is None:
        return Prompt(found.query.text, found.hits, (), access=str(found.query.access))
    return writer(found.query, found.hits, found.notes)


def fence_of(query: Query, writer: Writer | None) -> Fence:
    """Return what parts reasoning from an answer; it is kept where the question's style asks for it."""
    if writer is None:
        return Fence(began=True)  # quoted passages may speak of such tags
    return Fence(bool(writer.style_of(query).reasoning))
