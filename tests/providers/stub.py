"""A stub of a hosted model server: answers with scripted statuses and bodies, and notes what it was asked."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

Reply: TypeAlias = tuple[int, dict[str, str], bytes]
"""Status, headers and body."""
Made: TypeAlias = Callable[[str, dict[str, Any]], Reply]


class Stub(ThreadingHTTPServer):
    """Serves `replies`, one a request; the last one again and again. A reply may be made from path and body."""

    daemon_threads = True

    def __init__(self, replies: list[Reply | Made]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies = replies
        self.asked: list[tuple[dict[str, str], dict[str, Any]]] = []

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def url(self) -> str:
        return f"{self.root}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Stub

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((dict(self.headers), body))
        replies = self.server.replies
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        status, headers, data = reply(self.path, body) if callable(reply) else reply
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(*replies: Reply | Made) -> Iterator[Stub]:
    """Serve the replies on a free loopback port."""
    stub = Stub(list(replies))
    thread = threading.Thread(target=stub.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield stub
    finally:
        stub.shutdown()
        thread.join()
        stub.server_close()


def said(*pieces: str) -> Reply:
    """A streamed answer of these pieces, with its usage."""
    events = [{"choices": [{"delta": {"content": piece}}]} for piece in pieces]
    last = {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": len(pieces)}}
    lines = [f"data: {json.dumps(event)}\n\n" for event in [*events, last]]
    return 200, {"Content-Type": "text/event-stream"}, ("".join(lines) + "data: [DONE]\n\n").encode()


def refused(status: int, message: str, **headers: str) -> Reply:
    """An error as OpenAI words it."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, given, json.dumps({"error": {"message": message, "type": "x"}}).encode()


@contextmanager
def silent(first: bytes | None) -> Iterator[tuple[str, threading.Event, threading.Event]]:
    """A server that sends `first`, or nothing, and then is silent: its address, set when asked, set when hung up on."""
    asked, closed = threading.Event(), threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(20)
            request = b""
            while b"}" not in request:
                request += connection.recv(65536)
            asked.set()
            if first is not None:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + first)
            while connection.recv(65536):
                pass
            closed.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked, closed
        thread.join(25)
