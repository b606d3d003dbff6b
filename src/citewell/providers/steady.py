"""What stands around chat models: a limit on calls at once, a breaker, and a chain of fallbacks. Each is a Chat."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import aclosing
from dataclasses import replace
from time import monotonic
from typing import Any, Final

from citewell.errors import ProviderError
from citewell.model import Delta, Prompt
from citewell.protocols import Chat

FAILURES: Final = 5
REST_SECONDS: Final = 30.0
log = logging.getLogger("citewell.providers")


class Limited:
    """Lets `most` calls at once through to a model; the others wait in order. One limit for all event loops."""

    def __init__(self, inner: Chat, most: int) -> None:
        self.name = inner.name
        self._inner, self._free = inner, most
        self._waiting: deque[Future[None]] = deque()
        self._lock = threading.Lock()

    async def stream(self, prompt: Prompt) -> AsyncIterator[Delta]:
        """Yield the answer, once it is this call's turn. Who hangs up while waiting takes no turn."""
        await self._enter()
        try:
            async with aclosing(_stream(self._inner, prompt)) as deltas:
                async for delta in deltas:
                    yield delta
        finally:
            self._leave()

    async def _enter(self) -> None:
        turn: Future[None] = Future()
        with self._lock:
            if self._free:
                self._free -= 1
                return
            self._waiting.append(turn)
        try:
            await asyncio.wrap_future(turn)
        except asyncio.CancelledError:
            if not turn.cancel():  # its turn had come: the next one has it
                self._leave()
            raise

    def _leave(self) -> None:
        with self._lock:
            while self._waiting:
                turn = self._waiting.popleft()
                if turn.set_running_or_notify_cancel():
                    turn.set_result(None)
                    return
            self._free += 1


class Breaker:
    """Leaves a model alone that failed 5 times in a row: for 30 s calls fail at once, then one may try.

    Only failures that may pass count; a refusal shows that the service is there. (Nygard 2007, Release It!)
    """

    def __init__(self, inner: Chat, clock: Callable[[], float] = monotonic) -> None:
        self.name = inner.name
        self._inner, self._clock = inner, clock
        self._failed, self._until = 0, 0.0

    async def stream(self, prompt: Prompt) -> AsyncIterator[Delta]:
        """Yield the answer, or fail at once."""
        now = self._clock()
        if self._failed >= FAILURES:
            if now < self._until:
                left = self._until - now
                raise ProviderError(
                    f"{self.name!r} failed {self._failed} times in a row and is left alone for {left:.0f} s; try then",
                    retryable=True,
                    retry_after=left,
                )
            self._until = now + REST_SECONDS  # this call tries; the others go on waiting
        try:
            async with aclosing(_stream(self._inner, prompt)) as deltas:
                async for delta in deltas:
                    self._failed = 0
                    yield delta
        except ProviderError as error:
            self._failed = self._failed + 1 if error.retryable else 0
            self._until = self._clock() + REST_SECONDS
            raise


class Fallback:
    """Asks the next model when one fails before its first token. Who answered is in the deltas."""

    def __init__(self, chats: tuple[Chat, ...]) -> None:
        self.name = chats[0].name
        self.chats = chats

    async def stream(self, prompt: Prompt) -> AsyncIterator[Delta]:
        """Yield the answer of the first model that begins one. ProviderError with all reasons when none does."""
        reasons: list[ProviderError] = []
        for chat in self.chats:
            begun = False
            try:
                async with aclosing(_stream(chat, prompt)) as deltas:
                    async for delta in deltas:
                        begun = True
                        yield replace(delta, model=chat.name)
                return
            except ProviderError as error:
                if begun:
                    raise  # half an answer of one is not followed by another's
                log.warning("%s; the next model is asked", error)
                reasons.append(error)
        raise ProviderError(
            f"no model answered: {'; '.join(str(one) for one in reasons)}",
            retryable=any(one.retryable for one in reasons),
        )


def _stream(chat: Chat, prompt: Prompt) -> Any:
    """A chat's iterator, as something that can be closed."""
    return chat.stream(prompt)
