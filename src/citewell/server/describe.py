"""What /openapi.json says of each route: summary, answers, errors, examples."""

from __future__ import annotations

from typing import Any, TypedDict

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from citewell.incoming import Added
from citewell.model import Answer
from citewell.money import Quote
from citewell.server.replies import (
    Collections,
    Conversations,
    Costs,
    Documents,
    DocumentText,
    Drift,
    Hits,
    Listed,
    Problem,
    Released,
    State,
    Status,
    Suspicious,
    WrongFilter,
)
from citewell.why import Why

ABOUT = """Question answering over your documents, with citations that are checked.

A citation exists only if its quote was found, verbatim, in a passage that was shown to the model:
`text[start:end] == quote` in the version of the document that it names. Offsets count Unicode characters.

Every error is an `application/problem+json` whose `code` is the error's class. With a key set, every route
needs `Authorization: Bearer KEY` but `/health`, `/ready` and the page's own files. Host and Origin are checked
on every request.

`Citewell-As` says who asks: `user:ann, group:sales`, or `*` for the owner. Without it, a request sees and changes only
what is for everybody; what is not for who asks is not there (404, and in no list, count or answer). **Whoever holds the
server's key may claim any name**, so the server belongs behind your backend: that knows its users, and says the name.
"""


EVENTS = """A stream of events, in this order; the data of each is JSON.

| event | data |
|---|---|
| `step` | Step: what was done to find them: how a follow-up was rewritten, each technique; none, or several |
| `hits` | `{"hits": [Hit, ...]}`: the passages that are shown to the model |
| `delta` | `{"text": "..."}`: a piece of the answer, not checked yet |
| `citation` | Citation: a checked footnote |
| `done` | `{"answer": Answer}`: the whole checked answer; always last |
| `error` | Problem; always last |

Hanging up ends the work."""


def _errors(*codes: tuple[int, str]) -> dict[int | str, dict[str, Any]]:
    shown: dict[int | str, dict[str, Any]]
    shown = {status: {"model": Problem, "description": text} for status, text in codes}
    wrong = "The request is wrong: `BadInput`; a filter that cannot be read says where"
    return {**shown, 400: {"model": WrongFilter | Problem, "description": wrong}}


class Route(TypedDict, total=False):
    """The arguments of a route that only describe it."""

    summary: str
    description: str
    responses: dict[int | str, dict[str, Any]]
    response_class: Any
    status_code: int
    openapi_extra: dict[str, Any]


OVER_BUDGET = (402, "A budget is spent: `OverBudget`; `budget`, `limit`, `spent`, `resets`")
MISSING = (404, "There is no such document: `NotFound`")
BODY = {
    "requestBody": {
        "required": True,
        "description": "The file's bytes, of any format that can be read.",
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
    },
    "parameters": [
        {
            "name": "Citewell-Fields",
            "in": "header",
            "description": "Metadata for `where`: a JSON object of text, numbers, booleans, lists of text. "
            "`readers`, a list of names, is who may see it: without it a new document is for everybody, and one that "
            "was there keeps its list.",
            "schema": {"type": "string"},
            "example": '{"product": "router", "year": 2024}',
        }
    ],
}


PUT: Route = {
    "summary": "Add or update a document",
    "description": "The id is the rest of the path; its ending and the Content-Type help to tell the format. "
    "What was acknowledged is durable, and found by the very next search.",
    "responses": {
        200: {"model": Added, "description": "Updated, or unchanged"},
        201: {"model": Added, "description": "Added"},
        **_errors(
            OVER_BUDGET,
            (413, "Larger than `read.max_bytes`: `TooLarge`"),
            (422, "The file cannot be read, and why: `Unreadable`"),
            (507, "The disk is full: `OutOfSpace`"),
        ),
    },
    "openapi_extra": BODY,
}
GET: Route = {
    "summary": "Read a document",
    "responses": {200: {"model": DocumentText}, **_errors(MISSING)},
}
DELETE: Route = {
    "summary": "Remove a document",
    "description": "Effective when it answers: no later search returns it.",
    "status_code": 204,
    "responses": _errors(MISSING),
}
COLLECTIONS: Route = {
    "summary": "List collections",
    "description": "A document is in one: the field `collection` of `Citewell-Fields`, else `main`.",
    "responses": {200: {"model": Collections}, **_errors()},
}
LIST: Route = {
    "summary": "List documents",
    "responses": {200: {"model": Documents}, **_errors()},
}
SUSPICIOUS: Route = {
    "summary": "What is suspicious in a document",
    "description": "The passages in which something reads as an instruction to a model, or is hidden from readers: "
    "where, how much, and why in plain words.",
    "responses": {200: {"model": Suspicious}, **_errors(MISSING)},
}
RELEASE: Route = {
    "summary": "Let suspicious passages go",
    "description": "Models are shown them from then on, also in later versions of the document.",
    "responses": {200: {"model": Released}, **_errors(MISSING)},
}
SHARE: Route = {
    "summary": "Set who may see a document",
    "description": "In force for the next request when it answers; the document keeps its version.",
    "status_code": 204,
    "responses": _errors(MISSING),
}
SEARCH: Route = {
    "summary": "Find passages",
    "responses": {200: {"model": Hits}, **_errors(OVER_BUDGET)},
}
UNKEPT = (404, "No such conversation is kept: `NotFound`")
CONVERSATIONS: Route = {
    "summary": "List kept conversations",
    "description": "Those that a question asked to be kept (`conversation` in POST /ask), and whose `Citewell-As` "
    "was the same; `*` sees all.",
    "responses": {200: {"model": Conversations}, **_errors()},
}
CONVERSATION: Route = {
    "summary": "Read a kept conversation",
    "description": "Its questions and answers, without the passages that were shown; as Markdown with "
    "`Accept: text/markdown`.",
    "responses": {200: {"model": Listed}, **_errors(UNKEPT)},
}
FORGET: Route = {
    "summary": "Delete a kept conversation",
    "description": "For good: its text is overwritten in the files of the catalog.",
    "status_code": 204,
    "responses": _errors(UNKEPT),
}
WHY: Route = {
    "summary": "Why did this come up, and that not?",
    "description": "How each hit came up. With `document`, also the first stage that lost it, and the changes "
    "that were tried and bring it back.",
    "responses": {200: {"model": Why}, **_errors()},
}
ASK: Route = {
    "summary": "Ask a question",
    "description": "Answers as JSON, or as server-sent events with `Accept: text/event-stream`.",
    "responses": {
        200: {
            "model": Answer,
            "description": EVENTS,
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **_errors(
            OVER_BUDGET, (502, "The model's server failed: `ProviderError` (503 when trying again may help)")
        ),
    },
}
QUOTE: Route = {
    "summary": "What would an answer cost?",
    "description": "Passages are found, the prompt is written, and no chat model is asked.",
    "responses": {200: {"model": Quote}, **_errors()},
}
QUOTE_DOCUMENT: Route = {
    "summary": "What would it cost to take in a document?",
    "description": "Takes what PUT /documents takes, reads it, and keeps nothing.",
    "responses": {200: {"model": Quote}, **_errors()},
    "openapi_extra": BODY,
}
COST: Route = {
    "summary": "What was spent on hosted models",
    "description": "In US dollars, as decimal text: exact.",
    "responses": {200: {"model": Costs}, **_errors()},
}
STATUS: Route = {"summary": "Counts and progress", "responses": {200: {"model": Status}}}
CHECK: Route = {
    "summary": "Look for drift between catalog and index",
    "responses": {200: {"model": Drift}},
}
HEALTH: Route = {"summary": "Is the process alive?", "responses": {200: {"model": State}}}
READY: Route = {
    "summary": "Can it answer?",
    "responses": {200: {"model": State}, 503: {"model": Problem, "description": "Not yet, or no more"}},
}


def add_schema(app: FastAPI) -> None:
    """Make /openapi.json: problems as problem+json, no 422 that never happens."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _schema(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _schema(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    for path in schema["paths"].values():
        for operation in path.values():
            operation["responses"] = {
                status: _as_problem(answer)
                for status, answer in operation["responses"].items()
                if "HTTPValidationError" not in str(answer)
            }
    for unused in ("HTTPValidationError", "ValidationError"):
        schema["components"]["schemas"].pop(unused, None)
    schema["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{}, {"key": []}]
    return schema


def _as_problem(answer: dict[str, Any]) -> dict[str, Any]:
    content = answer.get("content", {})
    if "Problem" not in str(content):
        return answer
    return {**answer, "content": {"application/problem+json": content["application/json"]}}
