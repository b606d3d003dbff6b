"""Who is let in: Host, Origin, keys, sizes, and the headers that protect the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from citewell.server.guard import ANY_ADDRESS, SECURITY
from tests.server.memory import MemoryLibrary
from tests.server.test_routes import is_problem

Make = Callable[..., Any]


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8000", "localhost", "LOCALHOST:1", "[::1]:8000", "docs.example:80"]
)
def test_names_of_ours_are_served(client_of: Make, host: str) -> None:
    client = client_of(MemoryLibrary(), hosts=["Docs.example"])
    assert client.get("/status", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8000",
        "10.0.0.1",
        "",
        "[",
        "a@localhost",
    ],
)
@pytest.mark.parametrize("path", ["/", "/status", "/health", "/documents/a"])
def test_a_page_that_rebinds_its_name_to_loopback_is_refused(client: Any, host: str, path: str) -> None:
    is_problem(client.get(path, headers={"Host": host}), 403, "Forbidden")


def test_addresses_but_no_names_are_served_on_a_wildcard(client_of: Make) -> None:
    client = client_of(MemoryLibrary(), key="k", hosts=[ANY_ADDRESS])
    assert client.get("/health", headers={"Host": "10.1.2.3:8000"}).status_code == 200
    is_problem(client.get("/health", headers={"Host": "evil.example"}), 403, "Forbidden")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1:3000"},
        {"Origin": "http://127.0.0.1:8000.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_web_page_cannot_reach_it(client: Any, headers: dict[str, str]) -> None:
    is_problem(client.get("/status", headers=headers), 403, "Forbidden")
    is_problem(client.put("/documents/a", content=b"x", headers=headers), 403, "Forbidden")
    assert "access-control-allow-origin" not in client.options("/ask", headers=headers).headers


def test_its_own_page_can_reach_it(client: Any) -> None:
    mine = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}
    assert client.get("/status", headers=mine).status_code == 200


def test_with_a_key_all_but_health_readiness_and_the_bare_page_need_it(client_of: Make) -> None:
    client = client_of(MemoryLibrary(), key="s3cret-ü")
    open_paths = [p for p in ("/", "/status", "/openapi.json", "/health", "/ready", "/app.js", "/health/")
                  if client.get(p).status_code == 200]  # fmt: skip
    assert open_paths == ["/", "/health", "/ready", "/app.js"]
    refused = client.get("/status")
    is_problem(refused, 401, "Unauthorized")
    assert refused.headers["www-authenticate"] == "Bearer"
    for wrong in ("Bearer", "Bearer s3cret", "Basic s3cret-ü", "s3cret-ü", "Bearer s3cret-ü x"):
        is_problem(client.get("/status", headers={"Authorization": wrong.encode()}), 401, "Unauthorized")
    right = {"Authorization": "Bearer s3cret-ü".encode()}
    assert client.get("/status", headers=right).status_code == 200


def test_every_answer_carries_the_security_headers(client: Any) -> None:
    for response in (
        client.get("/"),
        client.get("/nothing"),
        client.get("/status", headers={"Host": "evil.example"}),
        client.post("/search", json={}),
    ):
        assert {name: response.headers[name] for name in SECURITY} == SECURITY
    assert "'unsafe" not in SECURITY["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in SECURITY["Content-Security-Policy"]


def chunks(size: int) -> Iterator[bytes]:
    for _ in range(size):
        yield b"x" * 1024


def test_a_body_is_bounded_with_and_without_its_length(client_of: Make) -> None:
    client = client_of(MemoryLibrary(), max_bytes=10 * 1024)
    assert client.put("/documents/a", content=chunks(10)).status_code == 201
    problem = is_problem(client.put("/documents/b", content=chunks(11)), 413, "TooLarge")
    assert "read.max_bytes" in problem["detail"]
    is_problem(client.put("/documents/b", content=b"x" * 10_241), 413, "TooLarge")
    json = {"Content-Type": "application/json"}
    is_problem(client.post("/search", content=chunks(11), headers=json), 413, "TooLarge")
