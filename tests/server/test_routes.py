"""Every route and every error, through the app."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from citewell import errors, wire
from citewell.errors import CitewellError
from citewell.model import Query
from citewell.server.app import PAGE
from citewell.settings import SearchConfig
from tests.server.memory import MemoryLibrary

TEXT = b"# Tea\n\nGreen tea steeps for two minutes.\n\nBlack tea steeps for four minutes.\n"


def is_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = response.json()
    assert found["code"] == code
    assert found["status"] == status
    assert set(found) >= {"type", "title", "status", "detail", "code"}
    return found


def test_a_document_lives_from_put_to_delete(client: Any) -> None:
    path = "/documents/drinks/hot/tea%20%26%20more.md"
    fields = {"Citewell-Fields": '{"kind": "tea", "year": 2024, "tags": ["a", "b"], "ü": "ü"}'.encode()}
    first = client.put(path, content=TEXT, headers={"Content-Type": "text/markdown", **fields})
    assert first.status_code == 201
    assert wire.load_added(first.json()).document_id == "drinks/hot/tea & more.md"
    assert client.put(path, content=TEXT).json()["status"] == "unchanged"
    again = client.put(path, content=TEXT + b"more")
    assert (again.status_code, again.json()["status"], again.json()["version"]) == (200, "updated", 2)
    entry, document = wire.load_document(client.get(path).json())
    assert document.text.endswith("more")
    assert client.get("/documents").json()["documents"][0] == wire.dump(entry)
    assert client.delete(path).status_code == 204
    is_problem(client.get(path), 404, "NotFound")
    is_problem(client.delete(path), 404, "NotFound")


def test_metadata_comes_with_the_header(client: Any, library: MemoryLibrary) -> None:
    header = '{"kind": "tea", "year": 2024, "tags": ["a", "b"], "ü": "ü"}'.encode()
    client.put("/documents/a", content=TEXT, headers={"Citewell-Fields": header})
    assert library.documents["a"][0].fields == {"kind": "tea", "year": 2024, "tags": ("a", "b"), "ü": "ü"}


@pytest.mark.parametrize("header", ["{", "[1]", '{"a": {"b": 1}}', '{"a": NaN}', '{"a": [1]}', "[" * 90_000])
def test_wrong_metadata_is_refused_in_one_line(client: Any, header: str) -> None:
    problem = is_problem(
        client.put("/documents/a", content=TEXT, headers={"Citewell-Fields": header}), 400, "BadInput"
    )
    assert "\n" not in problem["detail"]


def test_an_unreadable_file_says_which_and_why(client: Any) -> None:
    problem = is_problem(client.put("/documents/photo.md", content=b"\xff\xd8"), 422, "Unreadable")
    assert problem["detail"] == "photo.md: it is not text that can be read"
    assert wire.load_error(problem).args == ("photo.md: it is not text that can be read",)


@pytest.mark.parametrize("id", ["", "%20", "a%00b", "a%09b", "%FF", "x" * 1001])
def test_an_impossible_id_is_refused(client: Any, id: str) -> None:
    is_problem(client.put(f"/documents/{id}", content=TEXT), 400, "BadInput")


def test_the_list_is_paged_in_order_without_gaps(client: Any) -> None:
    for number in range(7):
        client.put(f"/documents/{number}", content=TEXT)
    found, after = [], ""
    while after is not None:
        page = client.get("/documents", params={"limit": 3, "after": after}).json()
        found += [one["id"] for one in page["documents"]]
        after = page["next"]
    assert found == [str(number) for number in range(7)]


def test_search_and_ask_answer_in_the_types_of_the_model(client: Any) -> None:
    client.put("/documents/tea", content=TEXT)
    found = client.post("/search", json={"text": "green tea", "limit": 1, "mode": "keyword"}).json()
    assert [hit.passage.text for hit in wire.load_hits(found["hits"])] == [
        "Green tea steeps for two minutes."
    ]
    assert found["seconds"] >= 0
    turns = [{"role": "user", "content": "hello"}]
    answer = wire.load_answer(client.post("/ask", json={"question": "green tea", "history": turns}).json())
    quote = answer.citations[0]
    assert TEXT.decode()[quote.start : quote.end] == quote.quote


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "text"),
        ({"text": "a", "limit": 0}, "limit (0)"),
        ({"text": "a", "limit": 1001}, "limit (1001)"),
        ({"text": "a", "mode": "magic"}, "mode ('magic')"),
        ({"text": "a", "colour": "red"}, "colour"),
        ({"text": "   "}, "empty"),
        ({"text": "a" * 10_001}, "text"),
        ([1], "body"),
        ("[" * 100_000, "parsing"),
        ("{", "JSON"),
    ],
)
def test_a_wrong_search_names_the_value(client: Any, body: Any, named: str) -> None:
    data = body if isinstance(body, str) else json.dumps(body)
    response = client.post("/search", content=data, headers={"Content-Type": "application/json"})
    assert named in is_problem(response, 400, "BadInput")["detail"]


def test_a_wrong_filter_points_at_the_character(client: Any) -> None:
    wrong = "year >= 2023 AND"
    for response in (
        client.post("/search", json={"text": "a", "where": wrong}),
        client.post("/ask", json={"question": "a", "where": wrong}),
        client.get("/documents", params={"where": wrong}),
    ):
        problem = is_problem(response, 400, "BadInput")
        assert (problem["parameter"], problem["position"]) == ("where", len(wrong))
        assert problem["detail"].splitlines()[-1].strip() == "^"


ERRORS = [
    (errors.BadInput("x"), 400),
    (errors.NotFound("x"), 404),
    (errors.Unsupported("x"), 501),
    (errors.MissingExtra("x"), 501),
    (errors.InUse("x"), 409),
    (errors.ProviderError("x"), 502),
    (errors.ProviderError("x", retryable=True), 503),
    (errors.OutOfSpace("x"), 507),
    (errors.Corrupt("x"), 500),
]


@pytest.mark.parametrize(("error", "status"), ERRORS)
def test_every_error_has_its_status_and_comes_back_as_itself(
    client: Any, library: MemoryLibrary, error: CitewellError, status: int
) -> None:
    library.failure = error
    problem = is_problem(client.get("/documents/a"), status, type(error).__name__)
    assert type(wire.load_error(problem)) is type(error)


def test_an_unexpected_error_tells_nothing_and_is_logged(
    client: Any, library: MemoryLibrary, caplog: pytest.LogCaptureFixture
) -> None:
    library.failure = RuntimeError("secret /etc/path")
    problem = is_problem(client.post("/search", json={"text": "a"}), 500, "InternalError")
    assert "secret" not in json.dumps(problem)
    assert "secret /etc/path" in caplog.text
    assert "Traceback" in caplog.text


def test_what_is_not_a_route_is_a_problem_too(client: Any) -> None:
    is_problem(client.get("/nothing"), 404, "NotFound")
    is_problem(client.post("/documents", json={}), 405, "MethodNotAllowed")


def test_health_and_readiness_differ(client: Any, library: MemoryLibrary) -> None:
    assert (client.get("/health").status_code, client.get("/ready").status_code) == (200, 200)
    library.failure = errors.NotFound("closed")
    assert client.get("/health").status_code == 200
    is_problem(client.get("/ready"), 503, "NotReady")


def test_check_and_status_say_what_the_library_says(client: Any, library: MemoryLibrary) -> None:
    assert client.post("/check", headers={"Citewell-As": "*"}).json() == {"drift": []}
    assert client.get("/status").json() == library.status()


def test_openapi_describes_every_route_and_real_errors(client: Any) -> None:
    schema = client.get("/openapi.json").json()
    routes = {f"{method.upper()} {path}" for path, all in schema["paths"].items() for method in all}
    assert routes == {
        "PUT /documents/{id}", "GET /documents/{id}", "DELETE /documents/{id}", "GET /documents",
        "GET /conversations", "GET /conversations/{id}", "DELETE /conversations/{id}",
        "POST /search", "POST /why", "POST /ask", "GET /status", "POST /check", "GET /health", "GET /ready",
            "GET /suspicious", "POST /release", "POST /share",
            "GET /collections", "POST /quote", "POST /quote/documents/{id}", "GET /cost",
    }  # fmt: skip
    text = json.dumps(schema)
    assert "HTTPValidationError" not in text
    assert "application/problem+json" in text
    assert all(one.get("summary") for path in schema["paths"].values() for one in path.values())


def test_the_page_loads_nothing_from_elsewhere(client: Any) -> None:
    for path in PAGE:
        text = client.get(path).text.replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text
        assert "https://" not in text
        assert "innerHTML" not in text
    assert client.get("/docs").json()["openapi"]


def test_a_request_that_names_no_mode_or_limit_gets_the_configured_ones(
    client_of: Callable[..., Any], library: MemoryLibrary
) -> None:
    asked: list[Query] = []
    search = library.search
    library.search = lambda query: asked.append(query) or search(query)  # type: ignore[assignment,func-returns-value]
    client = client_of(library, search=SearchConfig("keyword", 3))
    client.post("/search", json={"text": "tea"})
    client.post("/search", json={"text": "tea", "mode": "dense", "limit": 7})
    assert [(one.mode, one.limit) for one in asked] == [("keyword", 3), ("dense", 7)]
