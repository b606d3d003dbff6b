"""Errors as application/problem+json (RFC 9457): every one, and never with anything internal in it."""

from __future__ import annotations

import json
import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from citewell import wire
from citewell.errors import BadInput, CitewellError

log = logging.getLogger("citewell.server")

TITLES = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    413: "TooLarge",
    500: "InternalError",
    503: "NotReady",
}
"""The `code` of problems that are HTTP's own and not one of `citewell.errors`."""


class ProblemResponse(Response):
    """A problem, with its status."""

    media_type = "application/problem+json"

    def __init__(self, problem: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        body = json.dumps(problem, ensure_ascii=False).encode("utf-8", "replace")
        super().__init__(body, problem["status"], {"Cache-Control": "no-store", **(headers or {})})


def problem(status: int, detail: str, **more: Any) -> dict[str, Any]:
    """Return a problem that is HTTP's own."""
    code = TITLES.get(status, "CitewellError")
    return {"type": "about:blank", "title": code, "status": status, "detail": detail, "code": code, **more}


def problem_of(error: Exception) -> dict[str, Any]:
    """Return the problem of any exception. An unexpected one is logged, and told without its details."""
    if isinstance(error, CitewellError):
        found = wire.dump_error(error)
        if getattr(error, "retryable", False):
            found["status"] = 503
        return found
    if isinstance(error, HTTPException):
        return problem(error.status_code, str(error.detail))
    log.error("unexpected error while answering a request", exc_info=error)
    return problem(500, "an unexpected error; the server's log has the details")


def add_problems(app: FastAPI) -> None:
    """Make every error that a route raises, or that FastAPI raises for it, a problem."""

    async def known(_: Request, error: Exception) -> Response:
        headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
        return ProblemResponse(problem_of(error), headers)

    async def invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return ProblemResponse(_invalid(error))

    app.add_exception_handler(CitewellError, known)
    app.add_exception_handler(HTTPException, known)
    app.add_exception_handler(RequestValidationError, invalid)


def _invalid(error: RequestValidationError) -> dict[str, Any]:
    """One line that names each wrong value and what is wrong with it."""
    lines = []
    for one in error.errors():
        where = ".".join(str(part) for part in one["loc"][1:]) or "the body"
        value = one.get("input")
        shown = f" ({_short(value)})" if isinstance(value, str | int | float | bool) else ""
        lines.append(f"{where}{shown}: {one['msg']}")
    return wire.dump_error(BadInput("; ".join(lines))) | {"errors": lines}


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
