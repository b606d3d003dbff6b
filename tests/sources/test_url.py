"""Addresses: what is fetched, what is refused. A real server on this machine stands for the web."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from citewell.errors import Unreadable
from citewell.sources import url as web


@dataclass(frozen=True)
class Bounds:
    max_bytes: int = 1000
    max_seconds: float = 5.0


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
            return
        body = b"x" * 2000 if self.path == "/large" else f"<p>{self.headers['Host']}</p>".encode()
        self.send_response(404 if self.path == "/none" else 200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def test_a_page_is_named_by_its_address_and_keeps_its_media_type(port: int) -> None:
    address = f"http://127.0.0.1:{port}/guide"
    blob = web.download(f"{address}#part", Bounds(), private=True)
    assert (blob.name, blob.media_type) == (address, "text/html")
    assert b"<p>" in blob.data


@pytest.mark.parametrize(
    ("path", "said"),
    [("/none", "404"), ("/large", "more than 1000 bytes"), ("/to//to//to//to//to//to//to/", "redirects")],
)
def test_what_cannot_be_taken_ends_in_one_line_with_the_reason(port: int, path: str, said: str) -> None:
    with pytest.raises(Unreadable, match=said) as raised:
        web.download(f"http://127.0.0.1:{port}{path}", Bounds(), private=True)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/",
        "http://localhost:8000/status",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.1.2.3/",
        "http://192.168.0.1/",
        "http://0.0.0.0/",
        "http://2130706433/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[fd00::1]/",
    ],
)
def test_private_addresses_are_refused_in_every_spelling(address: str) -> None:
    with pytest.raises(Unreadable, match="not a public address"):
        web.download(address, Bounds())


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "ftp://example.com/x", "http://", "http://u:p@example.com/"]
)
def test_other_schemes_and_addresses_with_passwords_are_refused(address: str) -> None:
    with pytest.raises(Unreadable):
        web.download(address, Bounds())


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let the server on 127.0.0.1 count as public under the name site.example; note each look-up."""
    looked_up: list[str] = []
    resolve = socket.getaddrinfo

    def answer(host: Any, *more: Any, **options: Any) -> Any:
        looked_up.append(host)
        return resolve("127.0.0.1" if host == "site.example" else host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    is_public = web.is_public
    monkeypatch.setattr(web, "is_public", lambda address: address == "127.0.0.1" or is_public(address))
    return looked_up


def test_a_name_is_looked_up_once_and_the_connection_goes_to_the_address_checked(
    port: int, public: list[str]
) -> None:
    blob = web.download(f"http://site.example:{port}/", Bounds())
    assert f"<p>site.example:{port}</p>".encode() in blob.data
    assert public.count("site.example") == 1


@pytest.mark.parametrize("target", ["http://127.0.0.2/", "http://169.254.169.254/", "file:///etc/passwd"])
def test_a_redirect_to_a_private_address_is_refused(port: int, public: list[str], target: str) -> None:
    with pytest.raises(Unreadable, match=r"not a public address|not an http"):
        web.download(f"http://site.example:{port}/to/{target}", Bounds())


def test_a_relative_redirect_stays_on_the_host(port: int, public: list[str]) -> None:
    blob = web.download(f"http://site.example:{port}/to//guide", Bounds())
    assert f"site.example:{port}".encode() in blob.data
