"""Run the server: bind, say where, serve until a signal, stop gracefully."""

from __future__ import annotations

import errno
import signal
import socket
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import uvicorn

from citewell.errors import BadInput
from citewell.server.app import make_app
from citewell.server.guard import ANY_ADDRESS
from citewell.settings import SearchConfig

if TYPE_CHECKING:
    from citewell.library import Library

GRACE_SECONDS = 10
WILDCARDS = ("0.0.0.0", "::", "")


def serve(
    library: Library,
    host: str = "127.0.0.1",
    port: int = 8000,
    key: str | None = None,
    on_ready: Callable[[str], None] = lambda url: None,
    *,
    hosts: Collection[str] = (),
    max_bytes: int = 64 * 1024 * 1024,
    search: SearchConfig = SearchConfig(),
) -> None:
    """Serve a library until SIGINT or SIGTERM; returns when open requests are answered and streams ended.

    `port` 0 takes a free one. `on_ready` is called once, from the server's thread, with its URL.
    BadInput for a port that is taken, or an address beyond loopback without a key. Does not close the
    library.
    """
    if not key and not _is_loopback(host):
        raise BadInput(
            f"{host!r} can be reached from other machines: set the environment variable CITEWELL_KEY to a "
            "secret that clients must send, or listen on 127.0.0.1"
        )
    named = {ANY_ADDRESS, socket.gethostname()} if host in WILDCARDS else {host}
    app = make_app(library, key=key or None, hosts=named | set(hosts), max_bytes=max_bytes, search=search)
    listener = _bind(host, port)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="off",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    with listener, _signals_stay_ours():
        _Server(config, lambda: on_ready(_url(listener))).run([listener])


class _Server(uvicorn.Server):
    """Says when it is ready, and tells streams to end when it stops."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.config.app.state.room.stopping.set()  # type: ignore[union-attr]
        await super().shutdown(sockets)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, OverflowError) as error:
        raise BadInput(f"cannot listen on {host!r}: {error}; give an address of this machine") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
    except (OSError, OverflowError) as error:
        listener.close()
        raise BadInput(_why(error, host, port)) from error
    return listener


def _why(error: Exception, host: str, port: int) -> str:
    if getattr(error, "errno", None) == errno.EADDRINUSE:
        return f"port {port} on {host} is taken by another program; choose another port (0 takes a free one)"
    return f"cannot listen on {host!r} port {port}: {error}; choose another address or port"


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


@contextmanager
def _signals_stay_ours() -> Iterator[None]:
    """Keep uvicorn from ending the process: when done, it raises the signal again, before we can close."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def swallow(*_: Any) -> None: ...

    before = {number: signal.signal(number, swallow) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, action in before.items():
            signal.signal(number, action)
