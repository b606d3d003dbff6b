"""Server-sent events over real sockets: in order, ended by an error, by a hang-up, by the server's end."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import Any
from urllib.parse import urlsplit

import httpx

from citewell import wire
from citewell.errors import ProviderError
from citewell.model import Done
from tests.server.conftest import served
from tests.server.memory import MemoryLibrary

TEXT = b"Green tea steeps for two minutes.\n\nBlack tea steeps for four minutes."
SSE = {"Accept": "text/event-stream"}


def events(text: str) -> list[tuple[str, Any]]:
    blocks = [
        dict(line.split(": ", 1) for line in block.splitlines()) for block in text.split("\n\n") if block
    ]
    return [(block["event"], json.loads(block["data"])) for block in blocks]


def ask_slowly(url: str, library: MemoryLibrary) -> socket.socket:
    """Ask over a bare socket; the first event comes only after `library.pause`."""
    library.pause = 30
    place = urlsplit(url)
    body = b'{"question": "green tea"}'
    connection = socket.create_connection((place.hostname, place.port), timeout=10)
    connection.sendall(
        f"POST /ask HTTP/1.1\r\nHost: {place.netloc}\r\nAccept: text/event-stream\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    assert b"200 OK" in connection.recv(65536)
    return connection


def within(seconds: float, test: Any) -> bool:
    end = time.monotonic() + seconds
    while not (found := bool(test())) and time.monotonic() < end:
        time.sleep(0.01)
    return found


def test_events_come_in_order_and_end_with_done(url: str, library: MemoryLibrary) -> None:
    httpx.put(f"{url}/documents/tea", content=TEXT)
    response = httpx.post(f"{url}/ask", json={"question": "green tea"}, headers=SSE)
    found = events(response.text)
    names = [name for name, _ in found]
    assert response.headers["content-type"] == "text/event-stream"
    assert sorted(set(names), key=names.index) == ["hits", "delta", "citation", "done"]
    last = wire.load_event(*found[-1])
    assert isinstance(last, Done)
    assert "".join(data["text"] for name, data in found if name == "delta") == last.answer.text


def test_an_error_in_the_middle_is_an_event(url: str, library: MemoryLibrary) -> None:
    library.failure = ProviderError("the model's server is away", retryable=True)
    found = events(httpx.post(f"{url}/ask", json={"question": "green tea"}, headers=SSE).text)
    assert found[-1][0] == "error"
    assert found[-1][1]["code"] == "ProviderError"
    assert found[-1][1]["status"] == 503


def test_hanging_up_before_the_first_event_ends_the_work(url: str, library: MemoryLibrary) -> None:
    ask_slowly(url, library).close()
    assert within(3, lambda: library.ended == ["closed"])


def test_stopping_the_server_ends_streams_with_a_word(library: MemoryLibrary) -> None:
    with served(library) as url:
        connection = ask_slowly(url, library)
        started = time.monotonic()
    assert time.monotonic() - started < 5
    rest = b""
    while piece := connection.recv(65536):
        rest += piece
    connection.close()
    assert b"event: error" in rest
    assert b"the server is stopping" in rest
    assert library.ended == ["closed"]


def test_searches_stay_fast_while_documents_are_taken_in(url: str, library: MemoryLibrary) -> None:
    library.gate.clear()
    puts = [
        threading.Thread(target=lambda n=n: httpx.put(f"{url}/documents/{n}", content=TEXT, timeout=30))
        for n in range(24)
    ]
    for put in puts:
        put.start()
    time.sleep(0.3)
    with httpx.Client() as client:
        client.get(f"{url}/health")
        started = time.monotonic()
        for _ in range(10):
            client.post(f"{url}/search", json={"text": "tea"}).raise_for_status()
        spent = time.monotonic() - started
    library.gate.set()
    for put in puts:
        put.join()
    assert spent < 2
    assert len(library.documents) == 24
