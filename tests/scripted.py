"""A library whose chat model is a script, for tests of what happens around a model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from citewell import assemble as assembling
from citewell import chats
from citewell.library import Library
from citewell.model import Delta, Document, Prompt
from citewell.protocols import Chat
from citewell.settings import Config
from citewell.testing import ScriptedChat

Open = Callable[..., Library]


class Keyed(ScriptedChat):
    """A stub: says the reply of the first key that its prompt's words hold, in whatever order it is asked."""

    def __init__(self, replies: dict[str, str]) -> None:
        super().__init__()
        self._keyed = replies

    async def stream(self, prompt: Prompt) -> AsyncIterator[Delta]:
        said = "\n".join(message.content for message in prompt.messages)
        self._replies.append(next(reply for key, reply in self._keyed.items() if key in said))
        async for delta in super().stream(prompt):
            yield delta


class Waiting(ScriptedChat):
    """A stub: begins to answer and never goes on. `begun` and `ended` count calls."""

    begun = ended = 0

    async def stream(self, prompt: Prompt) -> AsyncIterator[Delta]:
        self.begun += 1
        try:
            yield Delta("So")
            await asyncio.Event().wait()
        finally:
            self.ended += 1


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Open a library of one document with a scripted model, and any settings of `chat`."""
    with ExitStack() as stack:

        def open_(chat: Chat, **settings: Any) -> Library:
            stack.close()  # the one before
            monkeypatch.setattr(chats, "chat_of", lambda *_: chat)
            config = Config()
            config = replace(
                config,
                library=replace(config.library, path=tmp_path / "library"),
                embed=replace(config.embed, model="hash"),
                chat=replace(config.chat, **{"model": "openai", **settings}),
            )
            library = stack.enter_context(assembling.assemble(config, create=True))
            library.add(Document("lamp", "The lamp glows blue at night.", "Lamp"))
            return library

        yield open_
