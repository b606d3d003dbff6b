"""Who hangs up on POST /ask, before or after the first token, stops the spend: real sockets on both sides."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.providers.stub import silent
from tests.retrieve.shelf import opened
from tests.server.conftest import served

STARTED = {
    "type": "message_start",
    "message": {"id": "m", "type": "message", "role": "assistant", "content": [], "model": "m",
                "usage": {"input_tokens": 1, "output_tokens": 1}},
}  # fmt: skip
PIECES: dict[str, list[dict[str, Any]]] = {
    "openai": [{"choices": [{"delta": {"content": "One"}}]}],
    "anthropic": [
        STARTED,
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "One"}},
    ],
    "cohere": [
        {"type": "message-start", "id": "1", "delta": {"message": {"role": "assistant"}}},
        {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "One"}}}},
    ],
}
"""The first token, as each protocol says it."""


def first(service: str) -> bytes:
    lines = [f"event: {event.get('type', 'x')}\ndata: {json.dumps(event)}\n\n" for event in PIECES[service]]
    return "".join(lines).encode()


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
@pytest.mark.parametrize("token", ["before", "after"])
@pytest.mark.parametrize("service", list(PIECES))
def test_the_call_to_the_model_ends_within_a_second(
    tmp_path: Path, service: str, token: str, accept: str
) -> None:
    if service != "openai":
        pytest.importorskip(service, reason=f"needs the extra {service!r}")
    settings = {"chat_model": service, "chat_name": "m", "chat_fallback": "extract"}
    with (
        silent(first(service) if token == "after" else None) as (url, asked, closed),
        opened(tmp_path, {"a": "Green tea steeps."}, chat_url=url, **settings) as library,
        served(library) as address,
    ):
        client = ask(address, accept)
        assert asked.wait(20)
        if token == "after" and accept != "application/json":
            said = b""
            while b"One" not in said:
                said += client.recv(65536)
        assert not closed.wait(0.3)
        client.close()
        assert closed.wait(1)


def ask(address: str, accept: str) -> socket.socket:
    place = urlsplit(address)
    body = b'{"question": "green tea"}'
    connection = socket.create_connection((place.hostname, place.port), timeout=10)
    connection.sendall(
        f"POST /ask HTTP/1.1\r\nHost: {place.netloc}\r\nAccept: {accept}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    return connection
