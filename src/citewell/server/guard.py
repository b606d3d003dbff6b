"""The gate in front of every route: who may ask, from where, and how much they may send.

A server on loopback is reachable by every web page that the user has open. So the name in `Host` must
be one of ours (a page that rebinds its own DNS name to 127.0.0.1 sends its own name), and what a
browser says of a request's origin must be this very server.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from citewell.server.problems import ProblemResponse, problem_of

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
ANY_ADDRESS = "any address"
"""In `hosts`: an IP address in `Host` is accepted. Only names can be rebound; addresses cannot."""
SCRIPTS = ("/app.js", "/dom.js", "/reader.js", "/server.js", "/why.js")
OPEN = frozenset({"/health", "/ready", "/", *SCRIPTS, "/style.css"})
"""Paths that need no key: they hold nothing of the library. The page asks for the key itself."""
JSON_BYTES = 1024 * 1024

SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@dataclass(frozen=True)
class Rules:
    """What the gate lets through. `hosts` are names without ports, beside the loopback names; `open` are the
    paths that need no key."""

    key: str | None
    hosts: Collection[str]
    max_bytes: int
    open: Collection[str]


class Guard:
    """ASGI middleware: checks `Rules`, bounds bodies, adds security headers; what escapes becomes a 500."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app = app
        self.rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def secured(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            check(scope, self.rules)
            await self.app(scope, _bounded(scope, receive, self.rules.max_bytes), secured)
        except Exception as error:  # the HTTP edge: nothing internal leaves, everything is logged
            found = problem_of(error)
            if not started:
                headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
                await ProblemResponse(found, headers)(scope, receive, secured)


def check(scope: Scope, rules: Rules) -> None:
    """Raise HTTPException 403 for a wrong Host or origin, 401 for a missing or wrong key."""
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    if len(headers.getlist("host")) != 1 or not _known_host(host, rules.hosts):
        raise HTTPException(403, f"the host {host!r} is not served here; use http://127.0.0.1, or allow it")
    _check_origin(headers, host)
    if rules.key is not None and scope["path"] not in rules.open and not _has_key(headers, rules.key):
        raise HTTPException(
            401, "a key is needed: send it as 'Authorization: Bearer …'", {"WWW-Authenticate": "Bearer"}
        )


def _known_host(host: str, hosts: Collection[str]) -> bool:
    if any(mark in host for mark in "@/?#\\"):
        return False
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    if name in LOOPBACK or name in {one.lower() for one in hosts}:
        return True
    return ANY_ADDRESS in hosts and _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _check_origin(headers: Headers, host: str) -> None:
    """Browsers send Origin with what may change something, and Sec-Fetch-Site with everything."""
    site = headers.get("sec-fetch-site", "none")
    origin = headers.get("origin")
    foreign = origin is not None and origin.lower() not in (
        f"http://{host}".lower(),
        f"https://{host}".lower(),
    )
    if foreign or site not in ("same-origin", "none"):
        raise HTTPException(
            403,
            f"requests from other web pages are refused (origin {origin!r}, site {site!r}); open it directly",
        )


def _has_key(headers: Headers, key: str) -> bool:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    same = hmac.compare_digest(given.strip().encode("latin-1", "replace"), key.encode("utf-8"))
    return scheme.lower() == "bearer" and same


def _bounded(scope: Scope, receive: Receive, max_bytes: int) -> Callable[[], Any]:
    """Count a body while it comes in, so that one without a length is bounded too."""
    document = scope["method"] == "PUT" or scope["path"].startswith("/quote/documents/")
    limit = max_bytes if document else min(max_bytes, JSON_BYTES)
    declared = Headers(scope=scope).get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise HTTPException(413, f"the body has {declared} bytes; the most is {limit} (read.max_bytes)")
    total = 0

    async def counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > limit:
            raise HTTPException(413, f"the body is larger than {limit} bytes (read.max_bytes)")
        return message

    return counted
