"""A conversation that is kept: its turns, and how it reads as Markdown. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from citewell.model import JSON, Answer, Citation, Message

NEW: Final = "new"
"""The `conversation` of a query that begins one."""


REMOVED: Final = "(What was answered here came from a document that is not here any more.)"


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer, without the passages shown. `number` counts from 1; `at` is ISO 8601, UTC."""

    number: int
    question: str
    answer: Answer
    at: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """What was asked and answered, oldest first. `title` is the first question. A list leaves `turns` out.

    `access` is who it was begun by and belongs to, as `Access` is written: "*" for the owner.
    """

    id: str
    title: str
    started_at: str
    updated_at: str
    length: int
    access: str = "*"
    turns: tuple[Turn, ...] = ()

    def messages(self, most: int) -> tuple[Message, ...]:
        """Return the last turns as a history of at most `most` messages."""
        said = [
            one
            for turn in self.turns
            for one in (Message("user", turn.question), Message("assistant", turn.answer.text))
        ]
        return tuple(said[-(most - most % 2) :])


def redacted(answer: JSON, gone: Collection[str]) -> JSON:
    """Return a kept answer, as JSON, without what documents said that are gone, or that who reads it may not see.

    It was written from at least one of them. An answer whose every sentence is cited says only what is cited; in any
    other, one that was not checked, and in what a model thought and techniques did, all that was shown may be said.
    """
    cited = any(one["document_id"] in gone for one in answer.get("citations", ()))
    bare = {**answer, "reasoning": "", "steps": []}
    if not cited and answer.get("verdict") == "answered" and answer.get("policy") != "off":
        return bare
    return {**bare, "text": REMOVED, "citations": [], "unsupported": [], "verdict": "refused"}


def markdown(conversation: Conversation) -> str:
    """Return a conversation as Markdown: questions as headings, answers, their footnotes as quotes."""
    parts = [f"# {_line(conversation.title)}", f"Conversation {conversation.id}, {conversation.started_at}."]
    for turn in conversation.turns:
        parts += [f"## {_line(turn.question)}", turn.answer.text]
        parts += [f"*{step.technique}: {_line(step.did)}*" for step in turn.answer.steps]
        parts += _footnotes(turn.answer)
    return "\n\n".join(parts) + "\n"


def _footnotes(answer: Answer) -> Iterator[str]:
    for one in answer.citations:
        quote = one.quote.strip().replace("\n", "\n> ")
        yield f"> {quote}\n>\n> [{one.number}] {_place(one)}"


def _place(one: Citation) -> str:
    spot = f"page {one.page}" if one.page is not None else f"line {one.line}"
    return ", ".join(part for part in (one.title, one.heading, one.document_id, spot) if part)


def _line(text: str) -> str:
    return " ".join(text.split())
