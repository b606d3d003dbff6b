"""Asking a chat model for texts, and keeping each the moment it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from weakref import WeakValueDictionary

from citewell.catalog.written import Kept
from citewell.errors import CitewellError, Unsupported
from citewell.model import Query
from citewell.techniques import Ask
from citewell.writing.request import Request


class Texts(Protocol):
    """Where texts are kept. `usual` is the mean of tokens that a model wrote with a prompt."""

    def known(self, hashes: Iterable[bytes]) -> dict[bytes, str]: ...
    def keep(self, one: Kept) -> None: ...
    def usual(self, model: str, prompt: str) -> float | None: ...


@dataclass(frozen=True)
class Write:
    """Writes what is asked for and not kept yet, at most `most` at once. All calls come from one event loop.

    `longest` is the most tokens that the model writes in a call.
    """

    ask: Ask
    texts: Texts
    most: int = 16
    longest: int = 512
    _free: asyncio.Semaphore = field(init=False)
    _asking: WeakValueDictionary[bytes, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_free", asyncio.Semaphore(self.most))

    @property
    def model(self) -> str:
        """Return the model's name. Unsupported where there is none to write."""
        if self.ask.chat is None:
            raise Unsupported(
                "embed.context, .summaries, .questions and .tree need a chat model to write, and extract is none; "
                "set chat.model, or switch them off"
            )
        return self.ask.chat.name

    def key(self, request: Request) -> bytes:
        """Return what a request's text is kept under: it changes with the model, the prompt file and the passage."""
        return request.key(self.model, self.ask.body(request.prompt).template.used.hash)

    def missing(self, requests: Sequence[Request]) -> list[Request]:
        """Return the requests, each once, whose texts are not kept."""
        by_key = {self.key(one): one for one in requests}
        known = self.texts.known(by_key)
        return [one for key, one in by_key.items() if key not in known]

    async def __call__(self, requests: Sequence[Request]) -> dict[bytes, str]:
        """Return the text of each request by its key.

        When one fails, no further one is begun, those under way are kept when they come, and its error is raised.
        """
        keys = [self.key(one) for one in requests]
        known = await asyncio.to_thread(self.texts.known, keys)
        failed: list[CitewellError] = []

        async def one(key: bytes, request: Request) -> None:
            async with self._free, self._asking.setdefault(key, asyncio.Lock()):
                if failed:
                    return
                try:
                    known[key] = await self._once(key, request)
                except CitewellError as error:
                    failed.append(error)

        todo = {key: request for key, request in zip(keys, requests, strict=True) if key not in known}
        await asyncio.gather(*(one(key, request) for key, request in todo.items()))
        if failed:
            raise failed[0]
        return known

    async def _once(self, key: bytes, request: Request) -> str:
        """Ask, unless another document has asked the same meanwhile."""
        there = await asyncio.to_thread(self.texts.known, [key])
        if key in there:
            return there[key]
        said = await self.ask(request.prompt, Query(""), **request.values)
        # Paid: it is kept even if this is cancelled now.
        await asyncio.shield(
            asyncio.to_thread(self.texts.keep, Kept(key, said.text, self.model, request.prompt, said.usage))
        )
        return said.text
