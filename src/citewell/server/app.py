"""The REST API and the page, over a Library.

Library methods are sync and run in threads. Writes have threads of their own, so that they never take
those that answer questions.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from urllib.parse import unquote

import anyio
from fastapi import APIRouter, FastAPI, Query, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from citewell import wire
from citewell.access import Access
from citewell.conversation import markdown
from citewell.errors import BadInput, CitewellError, NotFound, Unreadable
from citewell.incoming import Added, Blob, Failure
from citewell.money import By
from citewell.server import describe
from citewell.server.bodies import (
    AskBody,
    Asker,
    DocumentId,
    ReleaseBody,
    SearchBody,
    ShareBody,
    Where,
    WhyBody,
    document_id,
    fields_of,
    parsed,
)
from citewell.server.events import EventsResponse, answer_unless_gone
from citewell.server.guard import Guard, Rules
from citewell.server.problems import ProblemResponse, add_problems, problem
from citewell.settings import SearchConfig

if TYPE_CHECKING:
    from citewell.library import Library

T = TypeVar("T")
READERS = 16
WRITERS = 2
MAX_BYTES = 64 * 1024 * 1024
PAGE = {
    "/": ("index.html", "text/html"),
    **{
        f"/{name}": (name, "text/javascript")
        for name in ("app.js", "dom.js", "reader.js", "server.js", "why.js")
    },
    "/style.css": ("style.css", "text/css"),
}


OPEN = frozenset({"/health", "/ready", *PAGE})
"""Paths that need no key: they hold nothing of the library. The page asks for the key itself."""


@dataclass
class Room:
    """What the routes share: the library, the threads that work for them, and the word to stop."""

    library: Library
    search: SearchConfig
    readers: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(READERS))
    writers: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(WRITERS))
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, work: Callable[[], T]) -> T:
        """Run what only reads."""
        return await anyio.to_thread.run_sync(work, limiter=self.readers)

    async def write(self, work: Callable[[], T]) -> T:
        """Run what changes the library, or takes long."""
        return await anyio.to_thread.run_sync(work, limiter=self.writers)


def make_app(
    library: Library,
    *,
    key: str | None = None,
    hosts: Collection[str] = (),
    max_bytes: int = MAX_BYTES,
    search: SearchConfig = SearchConfig(),
) -> FastAPI:
    """Return the application over an open library.

    `key` is the bearer key that every route needs but /health, /ready and the page itself; `hosts` are the names it may
    be called by, beside the loopback names; `max_bytes` bounds a document (JSON bodies: 1 MiB);
    `search` is what a request means that names no mode or limit.
    `app.state.room.stopping` ends the streams that are open.
    """
    app = FastAPI(
        title="Citewell",
        description=describe.ABOUT,
        version="0.1",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.room = Room(library, search)
    app.add_middleware(Guard, rules=Rules(key, frozenset(hosts), max_bytes, OPEN))
    add_problems(app)
    for routes in (_documents, _questions, _conversations, _money, _state, _page):
        app.include_router(routes(app.state.room))
    describe.add_schema(app)
    return app


def _documents(room: Room) -> APIRouter:
    api = APIRouter(tags=["documents"])

    @api.put("/documents/{id:path}", **describe.PUT)
    async def put_document(id: str, request: Request, access: Asker) -> Response:
        blob = await _blob(id, request)
        added = await room.write(lambda: _take_in(room.library, blob, access))
        return _json(wire.dump(added), 201 if added.status == "added" else 200)

    @api.get("/documents/{id:path}", **describe.GET)
    async def get_document(id: str, request: Request, access: Asker) -> Response:
        name = document_id(request.scope, id)
        entry, document = await room.read(lambda: room.library.get(name, access))
        return _json(wire.dump_document(entry, document))

    @api.delete("/documents/{id:path}", **describe.DELETE)
    async def delete_document(id: str, request: Request, access: Asker) -> Response:
        name = document_id(request.scope, id)
        await room.write(lambda: room.library.remove(name, access))
        return Response(status_code=204)

    @api.get("/suspicious", **describe.SUSPICIOUS)
    async def suspicious(document: DocumentId, access: Asker) -> Response:
        found = await room.read(lambda: room.library.suspicious(document, access))
        return _json({"passages": wire.dump(found)})

    @api.post("/release", **describe.RELEASE)
    async def release(body: ReleaseBody, access: Asker) -> Response:
        done = await room.write(lambda: room.library.release(body.document, body.passage, access))
        return _json({"released": done})

    @api.post("/share", **describe.SHARE)
    async def share(body: ShareBody, access: Asker) -> Response:
        await room.write(lambda: room.library.share(body.document, body.readers, access))
        return Response(status_code=204)

    @api.get("/documents", **describe.LIST)
    async def list_documents(
        access: Asker,
        where: Where = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        after: Annotated[str, Query(max_length=1000)] = "",
        collection: Annotated[str, Query(max_length=100)] = "",
    ) -> Response:
        chosen = where if parsed(where) is not None else None
        entries = await room.read(lambda: room.library.list(chosen, limit + 1, after, access, collection))
        more = entries[limit - 1].id if len(entries) > limit else None
        return _json({"documents": wire.dump(entries[:limit]), "next": more})

    @api.get("/collections", **describe.COLLECTIONS)
    async def list_collections(access: Asker) -> Response:
        found = await room.read(lambda: room.library.collections(access))
        return _json({"collections": wire.dump(found)})

    return api


def _money(room: Room) -> APIRouter:
    api = APIRouter(tags=["money"])

    @api.post("/quote", **describe.QUOTE)
    async def quote(body: AskBody, access: Asker) -> Response:
        query = replace(body.query(room.search), access=access)
        return _json(wire.dump(await room.read(lambda: room.library.quote(query))))

    @api.post("/quote/documents/{id:path}", **describe.QUOTE_DOCUMENT)
    async def quote_document(id: str, request: Request, access: Asker) -> Response:
        blob = await _blob(id, request)
        return _json(wire.dump(await room.write(lambda: room.library.quote([blob], access))))

    @api.get("/cost", **describe.COST)
    async def cost(
        by: Annotated[By, Query()] = "day", since: Annotated[str, Query(max_length=10)] = ""
    ) -> Response:
        from citewell.cost.costs import total

        spent = await room.read(lambda: room.library.cost(by, since))
        return _json({"by": by, "spent": wire.dump(spent), "total": wire.dump(total(spent))})

    return api


def _questions(room: Room) -> APIRouter:
    api = APIRouter(tags=["questions"])

    @api.post("/search", **describe.SEARCH)
    async def search(body: SearchBody, access: Asker) -> Response:
        started = time.perf_counter()
        query = replace(body.query(room.search), access=access)
        hits = await room.read(lambda: room.library.search(query))
        return _json({"hits": wire.dump(hits), "seconds": time.perf_counter() - started})

    @api.post("/why", **describe.WHY)
    async def why(body: WhyBody, access: Asker) -> Response:
        query, document = replace(body.query(room.search), access=access), body.document
        # Asked from elsewhere: a document may claim any file of this machine as its source.
        found = await room.write(lambda: room.library.why(query, document, local=False))
        return _json(wire.dump(found))

    @api.post("/ask", **describe.ASK)
    async def ask(body: AskBody, request: Request, access: Asker) -> Response:
        query = replace(body.query(room.search), access=access)
        if "text/event-stream" in request.headers.get("accept", ""):
            return EventsResponse(room.library.stream(query), room.stopping)
        answer = await answer_unless_gone(room.library.stream(query), request.receive)
        return Response(status_code=499) if answer is None else _json(wire.dump(answer))

    return api


def _conversations(room: Room) -> APIRouter:
    api = APIRouter(tags=["conversations"])

    @api.get("/conversations", **describe.CONVERSATIONS)
    async def list_conversations(
        access: Asker,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        before: Annotated[str, Query(max_length=100)] = "",
    ) -> Response:
        found = await room.read(lambda: room.library.conversations.list(limit, before, access))
        return _json({"conversations": wire.dump(found)})

    @api.get("/conversations/{id}", **describe.CONVERSATION)
    async def get_conversation(id: str, request: Request, access: Asker) -> Response:
        found = await room.read(lambda: room.library.conversations.get(id, access))
        if "text/markdown" in request.headers.get("accept", ""):
            text = await room.read(lambda: markdown(found))
            return Response(text, media_type="text/markdown", headers={"Cache-Control": "no-store"})
        return _json(wire.dump(found))

    @api.delete("/conversations/{id}", **describe.FORGET)
    async def delete_conversation(id: str, access: Asker) -> Response:
        await room.write(lambda: room.library.conversations.delete(id, access))
        return Response(status_code=204)

    return api


def _state(room: Room) -> APIRouter:
    api = APIRouter(tags=["state"])

    @api.get("/status", **describe.STATUS)
    async def status(access: Asker) -> Response:
        return _json(wire.dump(await room.read(lambda: room.library.status(access))))

    @api.post("/check", **describe.CHECK)
    async def check(access: Asker) -> Response:
        if not access.everything:
            raise BadInput("a check looks at every document; send 'Citewell-As: *'")
        return _json({"drift": await room.write(room.library.check)})

    @api.get("/health", **describe.HEALTH)
    async def health() -> Response:
        return _json({"status": "alive"})

    @api.get("/ready", **describe.READY)
    async def ready() -> Response:
        try:
            await room.read(room.library.status)
        except CitewellError as error:
            return ProblemResponse(problem(503, f"the library is not open: {error}"))
        if room.stopping.is_set():
            return ProblemResponse(problem(503, "the server is stopping"))
        return _json({"status": "ready"})

    return api


def _page(_: Room) -> APIRouter:
    api = APIRouter(include_in_schema=False)

    def serve(path: str, name: str, kind: str) -> None:
        data = files("citewell.server").joinpath("web", name).read_bytes()

        @api.get(path)
        async def page() -> Response:
            return Response(data, media_type=kind, headers={"Cache-Control": "no-cache"})

    for path, (name, kind) in PAGE.items():
        serve(path, name, kind)

    @api.get("/docs")
    async def docs() -> Response:
        return RedirectResponse("/openapi.json")

    return api


async def _blob(id: str, request: Request) -> Blob:
    """Return the document that a request holds."""
    name = document_id(request.scope, id)
    kind = request.headers.get("content-type", "").split(";")[0].strip() or None
    if kind in ("application/octet-stream", "application/x-www-form-urlencoded"):
        kind = None  # what clients say when nobody told them: the name and the bytes know better
    fields = fields_of(request.headers.get("citewell-fields"))
    origin = unquote(request.headers.get("citewell-source", ""))[:2000] or name
    return Blob(name, await request.body(), media_type=kind, source=origin, fields=fields)


def _take_in(library: Library, blob: Blob, access: Access) -> Added:
    """Read and add one blob. Unreadable, with the first reason, when any part of it cannot be read; NotFound when it
    is there and not for who sends it."""
    outcomes: list[Added | Failure] = []
    library.ingest([blob], outcomes.append, 0, access)
    for outcome in outcomes:
        if isinstance(outcome, Failure) and outcome.taken:
            raise NotFound(outcome.reason)
        if isinstance(outcome, Failure):
            raise Unreadable(outcome.name, outcome.reason)
    added = [outcome for outcome in outcomes if isinstance(outcome, Added)]
    if not added:
        raise BadInput(f"{blob.name!r} holds no document; send one with some text")
    return next((one for one in added if one.document_id == blob.name), added[0])


def _json(value: Any, status: int = 200) -> Response:
    return JSONResponse(value, status, headers={"Cache-Control": "no-store"})
