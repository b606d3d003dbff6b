"""The configured sources of a server, with the methods of `Sources` that a client needs. One request per call."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from citewell import wire
from citewell.access import OWNER
from citewell.sourced import SourceState


class RemoteSources:
    """The sources of a server; it reads them itself. They are the owner's."""

    def __init__(self, request: Callable[..., Any]) -> None:
        self._request = request

    def list(self) -> builtins.list[SourceState]:
        """Return how each source stands."""
        return [wire.load_source(one) for one in self._request("GET", "/sources", OWNER)["sources"]]

    def run(self, name: str, prune: float | None = None) -> SourceState:
        """Have the server sync a source now. NotFound when it has none of that name; what goes wrong is raised."""
        body = {"most_removed": prune}
        return wire.load_source(
            self._request("POST", f"/sources/{quote(name, safe='')}/sync", OWNER, json=body)
        )
