"""Errors as application/problem+json (RFC 9457): every one, and never with anything internal in it."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from citewell import wire
from citewell.errors import BadInput, CitewellError

log = logging.getLogger("citewell.server")

TITLES = {
    400: "BadInput",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    413: "TooLarge",
    500: "InternalError",
    503: "NotReady",
}
"""The `code` of problems that are HTTP's own and not one of `citewell.errors`."""


class WrongWhere(Exception):
    """A `where` that cannot be read, with the reason; the problem says at which character."""

    def __init__(self, reason: BadInput) -> None:
        super().__init__(str(reason))
        self.reason = reason


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
    if isinstance(error, WrongWhere):
        place = re.search(r"\(character (\d+)\)", str(error))
        position = {"position": int(place[1]) - 1} if place else {}
        return {**wire.dump_error(error.reason), "parameter": "where", **position}
    if isinstance(error, HTTPException):
        return problem(error.status_code, str(error.detail))
    log.error("unexpected error while answering a request", exc_info=error)
    return problem(500, "an unexpected error; the server's log has the details")


def add_problems(app: FastAPI) -> None:
    """Make every error that a route raises, or that FastAPI raises for it, a problem."""

    async def known(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.status_code in (404, 405):
            asked = f"{request.method} {request.url.path!r}"
            error = HTTPException(
                error.status_code, f"no route {asked}; /openapi.json lists all", error.headers
            )
        headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
        return ProblemResponse(problem_of(error), headers)

    async def invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return ProblemResponse(_invalid(error))

    app.add_exception_handler(CitewellError, known)
    app.add_exception_handler(WrongWhere, known)
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
