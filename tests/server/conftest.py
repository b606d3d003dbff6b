"""The app over a library in memory, and a real server on a free port."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs fastapi")

import httpx

from citewell.server.app import make_app
from citewell.server.run import serve
from tests.server.memory import MemoryLibrary

LOOPBACK = "http://127.0.0.1:8000"


@pytest.fixture
def library() -> MemoryLibrary:
    return MemoryLibrary()


@pytest.fixture
def client_of() -> Iterator[Callable[..., Any]]:
    """Make clients of an app in this process, all in event loops of their own."""
    from fastapi.testclient import TestClient

    with ExitStack() as stack:

        def make(library: Any, headers: dict[str, str] | None = None, **options: Any) -> Any:
            app = make_app(library, **options)
            client = TestClient(app, LOOPBACK, headers=headers, raise_server_exceptions=False)
            return stack.enter_context(client)

        yield make


@pytest.fixture
def client(client_of: Callable[..., Any], library: MemoryLibrary) -> Any:
    return client_of(library)


@contextmanager
def served(library: Any, **options: Any) -> Iterator[str]:
    """Serve in a thread of this process, on a free port; stopped at the end."""
    from citewell.server import run

    found: list[str] = []
    ready = threading.Event()
    servers: list[Any] = []
    start = run._Server.startup

    async def startup(self: Any, sockets: Any = None) -> None:
        servers.append(self)
        await start(self, sockets)

    def on_ready(url: str) -> None:
        found.append(url)
        ready.set()

    run._Server.startup = startup  # type: ignore[method-assign]
    arguments = {"port": 0, "on_ready": on_ready, **options}
    thread = threading.Thread(target=lambda: serve(library, **arguments), daemon=True)
    thread.start()
    try:
        assert ready.wait(20)
        yield found[0]
    finally:
        run._Server.startup = start  # type: ignore[method-assign]
        servers[0].should_exit = True
        thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def url(library: MemoryLibrary) -> Iterator[str]:
    with served(library) as address:
        httpx.get(f"{address}/health").raise_for_status()
        yield address
