"""A real web site on this machine, whose pages a test changes; it answers conditional requests as servers do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Site:
    """`pages` maps a path to HTML, to (media type, body), to a status, or to a redirect's target ("-> /b")."""

    pages: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answers(self) -> dict[str, int]:
        """Return {path: status} of what was asked for, and forget it."""
        found = dict(self.asked)
        self.asked.clear()
        return found


@contextmanager
def serving() -> Iterator[Site]:
    """Serve a site on a free port of loopback."""
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = site.pages.get(self.path, 404)
            body, kind, status, more = b"", "text/html; charset=utf-8", 200, {}
            if isinstance(page, int):
                status = page
            elif isinstance(page, tuple):
                kind, body = page
            elif page.startswith("-> "):
                status, more = 302, {"Location": page.removeprefix("-> ")}
            else:
                body = page.encode()
            if status == 200:
                more["ETag"] = f'"{sha256(body).hexdigest()[:12]}"'
                if self.headers.get("If-None-Match") == more["ETag"]:
                    status, body = 304, b""
            site.asked.append((self.path, status))
            self.send_response(status)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **more}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
