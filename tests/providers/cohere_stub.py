"""A stub of Cohere's API v2, written from its published schema. It has never been run against the service.

Every request is checked as the schema says: a field that it does not have, a wrong type or a missing one is
answered with 400, as the service does. Vectors and scores are made from the texts.
"""

from __future__ import annotations

import json
from typing import Any, Final

from tests.providers.stub import Reply

NUMBER: Final = (int, float)
FIELDS: Final[dict[str, dict[str, Any]]] = {
    "/v2/chat": {
        "model": str, "messages": list, "stream": bool, "tools": list, "documents": list, "citation_options": dict,
        "response_format": dict, "safety_mode": str, "max_tokens": int, "stop_sequences": list,
        "temperature": NUMBER, "seed": int, "frequency_penalty": NUMBER, "presence_penalty": NUMBER, "k": int,
        "p": NUMBER, "logprobs": bool, "tool_choice": str, "strict_tools": bool, "thinking": dict,
        "priority": int,
    },
    "/v2/embed": {
        "model": str, "input_type": str, "texts": list, "images": list, "inputs": list, "max_tokens": int,
        "output_dimension": int, "embedding_types": list, "truncate": str, "priority": int,
    },
    "/v2/rerank": {
        "model": str, "query": str, "documents": list, "top_n": int, "max_tokens_per_doc": int, "priority": int,
    },
}  # fmt: skip
NEEDED: Final = {
    "/v2/chat": ("model", "messages", "stream"),
    "/v2/embed": ("model", "input_type", "texts", "embedding_types"),
    "/v2/rerank": ("model", "query", "documents"),
}
ROLES: Final = ("system", "user", "assistant", "tool")
INPUTS: Final = ("search_document", "search_query", "classification", "clustering", "image")
KNOWN: Final = ("command-a-03-2025", "embed-v4.0", "embed-english-v3.0", "rerank-v3.5")
MOST_TEXTS: Final = 96
SIZES: Final = (256, 512, 1024, 1536)


def cohere(path: str, body: dict[str, Any]) -> Reply:
    """Answer as the schema says, or refuse."""
    wrong = _wrong(path, body)
    if wrong:
        return refused(400, wrong)
    if body["model"] not in KNOWN:
        return refused(404, f"model '{body['model']}' not found, make sure the correct model ID was used")
    return {"/v2/chat": _chat, "/v2/embed": _embed, "/v2/rerank": _rerank}[path](body)


def refused(status: int, message: str, **headers: str) -> Reply:
    """An error as Cohere words it."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"id": "1", "message": message}
    return status, {"Content-Type": "application/json", **given}, json.dumps(body).encode()


def streamed(*events: dict[str, Any]) -> Reply:
    """The events of an answer."""
    lines = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events]
    return 200, {"Content-Type": "text/event-stream"}, "".join(lines).encode()


def piece(text: str) -> dict[str, Any]:
    """One piece of text."""
    return {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": text}}}}


START: Final = {"type": "message-start", "id": "1", "delta": {"message": {"role": "assistant"}}}


def ended(reason: str = "COMPLETE", **more: Any) -> dict[str, Any]:
    """The last event."""
    tokens = {"input_tokens": 7, "output_tokens": 2}
    usage = {"billed_units": {"input_tokens": 5, "output_tokens": 2}, "tokens": tokens}
    return {"type": "message-end", "delta": {"finish_reason": reason, "usage": usage, **more}}


def _wrong(path: str, body: dict[str, Any]) -> str:
    if path not in FIELDS:
        return f"no such path {path}"
    for name, value in body.items():
        if name not in FIELDS[path]:
            return f"unknown field: parameter '{name}' is not a valid field"
        if not isinstance(value, FIELDS[path][name]):
            return f"invalid type: parameter '{name}' is of type {type(value).__name__}"
    absent = [name for name in NEEDED[path] if name not in body]
    return f"missing required field: {absent[0]}" if absent else _wrong_value(body)


def _wrong_value(body: dict[str, Any]) -> str:
    for message in body.get("messages", ()):
        if set(message) != {"role", "content"} or message["role"] not in ROLES or not message["content"]:
            return f"invalid message {message}"
    if body.get("input_type", INPUTS[0]) not in INPUTS:
        return f"invalid input_type {body['input_type']}"
    if len(body.get("texts", ())) > MOST_TEXTS or not all(body.get("texts", ("x",))):
        return "total number of texts must be at most 96, and none empty"
    if "output_dimension" in body and (
        body["model"] != "embed-v4.0" or body["output_dimension"] not in SIZES
    ):
        return "output_dimension is not supported"
    return ""


def _chat(body: dict[str, Any]) -> Reply:
    assert body["stream"], "the adapter streams"
    return streamed(START, piece("Hel"), piece("lo"), ended())


def _embed(body: dict[str, Any]) -> Reply:
    size = body.get("output_dimension") or {"embed-v4.0": 1536}.get(body["model"], 1024)
    rows = [
        [len(text) + 1.0, 3.0 if body["input_type"] == "search_query" else 1.0] + [0.0] * (size - 2)
        for text in body["texts"]
    ]
    return _json({"id": "1", "embeddings": {"float": rows}, "texts": body["texts"]})


def _rerank(body: dict[str, Any]) -> Reply:
    wanted = set(body["query"].lower().split())
    scores = [len(wanted & set(text.lower().split())) / len(wanted) for text in body["documents"]]
    best = sorted(range(len(scores)), key=lambda at: -scores[at])[: body.get("top_n")]
    return _json({"id": "1", "results": [{"index": at, "relevance_score": scores[at]} for at in best]})


def _json(body: dict[str, Any]) -> Reply:
    return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()
