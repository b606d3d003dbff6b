"""A scripted model that writes at ingest, and a library that has it write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from citewell import assemble as assembling
from citewell import chats
from citewell.catalog import schema
from citewell.errors import ProviderError
from citewell.library import Library
from citewell.model import Delta, Prompt, Usage
from citewell.settings import ChatConfig
from tests.stores import config_of

FREE = ChatConfig(model="local")
"""What a scripted model costs."""
PARTS = ("kettle", "lamp", "toaster", "clock", "stove", "radio", "fan", "iron", "mixer", "drill")


class Model:
    """Replies with what `reply` makes of the user's message; keeps what it was asked, and how many at once."""

    def __init__(
        self, reply: Callable[[str], str] = lambda text: "A sentence.", name: str = "scripted"
    ) -> None:
        self.name, self.reply = name, reply
        self.asked: list[str] = []
        self.now = self.most = 0
        self.pause = 0.0

    async def stream(self, prompt: Prompt) -> AsyncIterator[Delta]:
        """Yield the reply, after `pause` seconds."""
        text = prompt.messages[-1].content
        self.asked.append(text)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(self.pause)
            said = self.reply(text)
        finally:
            self.now -= 1
        yield Delta(said, Usage(sum(len(one.content.split()) for one in prompt.messages), len(said.split())))


def shown(asked: str) -> str:
    """Return the passage that a request is about: the last one in it."""
    return asked.rsplit("<passage>", 1)[1].split("\n", 2)[2].removesuffix("\n</passage>")


def passage_of(name: str, words: int = 45) -> str:
    """Return a paragraph that makes a passage of its own, where they hold at most 60 words."""
    return f"It is about the {name}. " + " ".join(f"{name}{number}" for number in range(words)) + "."


def text_of(*names: str) -> str:
    return "\n\n".join(map(passage_of, names))


def failing(word: str) -> Callable[[str], str]:
    """Return a reply that fails for passages that hold a word."""

    def reply(text: str) -> str:
        if word in shown(text):
            raise ProviderError("the service is overloaded; try again later", retryable=True)
        return "A sentence."

    return reply


def open_with(
    folder: Path,
    model: Model,
    patch: pytest.MonkeyPatch,
    *kinds: str,
    chat: Any = "openai",
    concurrency: int = 16,
) -> Library:
    """Open a library in which `model` writes these kinds."""
    patch.setattr(chats, "chat_of", lambda config, _, costs: costs.chat(model, FREE))
    config = config_of(folder, **dict.fromkeys(kinds, True))
    return assembling.assemble(
        replace(
            config,
            split=replace(config.split, tokens=60),
            chat=replace(config.chat, model=chat, concurrency=concurrency),
        ),
        create=True,
    )


def rows(library: Library) -> dict[str, int]:
    """Return how many rows the tables about written texts and further points have."""
    tables = (schema.written, schema.writings, schema.representations)
    with library._parts.catalog._engine.connect() as sql:
        return {one.name: sql.execute(select(func.count()).select_from(one)).scalar_one() for one in tables}
