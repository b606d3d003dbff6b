"""Servers that are no good, on this machine's loopback: one that is silent, one that refuses, a relay that can fail."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

LOOPBACK: Final = "127.0.0.1"


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server((LOOPBACK, 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def silent() -> Iterator[int]:
    """Yield the port of a server that takes connections and never says anything."""
    with socket.create_server((LOOPBACK, 0), backlog=64) as server:
        yield int(server.getsockname()[1])


@contextmanager
def refusing(status: int = 401) -> Iterator[int]:
    """Yield the port of an HTTP server (a stub) that answers everything with one status, and repeats the key."""

    class Refuse(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            keys = [self.headers.get(name, "") for name in ("api-key", "x-chroma-token", "Authorization")]
            body = f"no entry for {' '.join(keys)}".encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer((LOOPBACK, 0), Refuse) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()


class Relay:
    """Passes connections on to a server, given as a TCP port or the path of a Unix socket, until told otherwise."""

    def __init__(self, target: int | str) -> None:
        self._target = target
        self._flowing = threading.Event()
        self._flowing.set()
        self._open: list[socket.socket] = []
        self._server = socket.create_server((LOOPBACK, 0), backlog=64)
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def stall(self) -> None:
        """Take everything and pass nothing on."""
        self._flowing.clear()

    def resume(self) -> None:
        """Pass on again, what was held back too."""
        self._flowing.set()

    def cut(self) -> None:
        """Break every connection that there is; new ones are passed on."""
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def close(self) -> None:
        """Break every connection, and take no new ones."""
        self.resume()
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = self._connected()
                self._open += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _connected(self) -> socket.socket:
        if isinstance(self._target, int):
            return socket.create_connection((LOOPBACK, self._target))
        far = socket.socket(socket.AF_UNIX)
        far.connect(self._target)
        return far

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self._flowing.wait()
                sink.sendall(data)
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
