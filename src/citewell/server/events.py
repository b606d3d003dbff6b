"""Answers, whole or as server-sent events (step, hits, delta, citation, done, error). Who hangs up ends the work."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from typing import Any

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from citewell import wire
from citewell.model import Answer, Done, Event
from citewell.server.problems import problem, problem_of

BEAT_SECONDS = 15.0
"""A comment is sent when nothing else was for this long, so that proxies keep the connection."""


class EventsResponse(Response):
    """A stream of a Library's events that ends with `done` or `error`, or when the client or server goes."""

    def __init__(self, events: AsyncIterator[Event], stopping: asyncio.Event) -> None:
        self.events = events
        self.stopping = stopping
        self.background = None
        self.status_code = 200
        self.init_headers(
            {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        lock = asyncio.Lock()

        async def write(text: str) -> None:
            async with lock:
                await send({"type": "http.response.body", "body": text.encode(), "more_body": True})

        async with anyio.create_task_group() as group:

            async def until_gone() -> None:
                await _until_gone(receive)
                group.cancel_scope.cancel()

            async def until_stopped() -> None:
                await self.stopping.wait()
                await write(_event("error", problem(503, "the server is stopping; ask again in a moment")))
                group.cancel_scope.cancel()

            async def beat() -> None:
                while True:
                    await asyncio.sleep(BEAT_SECONDS)
                    await write(": still here\n\n")

            for side in (until_gone, until_stopped, beat):
                group.start_soon(side)
            await self._write_events(write)
            group.cancel_scope.cancel()
        with suppress(OSError):  # the client may be gone: then there is nobody to tell
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _write_events(self, write: Any) -> None:
        try:
            async with aclosing(self.events) as events:  # type: ignore[type-var]
                async for event in events:
                    await write(_event(*wire.dump_event(event)))
        except Exception as error:  # the HTTP edge: the status is sent, so the problem is an event
            await write(_event("error", problem_of(error)))


def _event(name: str, data: Any) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


async def answer_unless_gone(events: AsyncIterator[Event], receive: Receive) -> Answer | None:
    """Return the answer that a stream ends with; None when the client hung up first, and then the work is ended."""
    work = asyncio.ensure_future(_answer(events))
    gone = asyncio.ensure_future(_until_gone(receive))
    try:
        await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
        return work.result() if work.done() else None
    finally:
        for task in (work, gone):
            task.cancel()
        await asyncio.gather(work, gone, return_exceptions=True)


async def _answer(events: AsyncIterator[Event]) -> Answer:
    async with aclosing(events) as stream:  # type: ignore[type-var]
        async for event in stream:
            if isinstance(event, Done):
                return event.answer
    raise AssertionError("a stream ends with Done")


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
