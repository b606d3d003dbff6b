"""Routes about sources: how they stand, and one synced now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from citewell import wire
from citewell.access import Access
from citewell.errors import BadInput
from citewell.server.bodies import Asker
from citewell.server.describe import Route, errors
from citewell.sourced import SourceState

if TYPE_CHECKING:
    from citewell.server.app import Room


class States(BaseModel):
    """How each source stands: the configured ones, then others that documents came from."""

    sources: list[SourceState]


class SyncBody(BaseModel):
    """How to sync."""

    model_config = ConfigDict(extra="forbid")
    most_removed: Annotated[
        float | None,
        Field(
            ge=0,
            le=1,
            description="The largest share of its items that may be removed; as configured, if null.",
        ),
    ] = None


LIST: Route = {
    "summary": "How the sources stand",
    "description": "What their last runs did, why they failed, and when the next ones are.",
    "responses": {200: {"model": States}},
}
SYNC: Route = {
    "summary": "Sync a configured source now",
    "description": "Answers when it is done. `state` is `held` when it lists so little of what it had that nothing was "
    "removed; `most_removed: 1` removes whatever is gone.",
    "responses": {200: {"model": SourceState}, **errors((404, "No such source is configured: `NotFound`"))},
}


def routes(room: Room) -> APIRouter:
    """Return the routes."""
    api = APIRouter(tags=["sources"])

    @api.get("/sources", **LIST)
    async def list_sources(access: Asker) -> Response:
        _owner(access)
        return _json({"sources": wire.dump(await room.read(room.library.sources.list))})

    @api.post("/sources/{name}/sync", **SYNC)
    async def sync_source(name: str, access: Asker, body: SyncBody = SyncBody()) -> Response:
        _owner(access)
        sources = room.library.sources
        return _json(wire.dump(await room.write(lambda: sources.run(name, prune=body.most_removed))))

    return api


def _owner(access: Access) -> None:
    """Sources bring in what is for anybody, and their names and errors say where from."""
    if not access.everything:
        raise BadInput("sources are the owner's; send 'Citewell-As: *'")


def _json(value: object) -> Response:
    return JSONResponse(value, headers={"Cache-Control": "no-store"})
