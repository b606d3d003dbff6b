"""HTTP to where a user or a page points: only public addresses, the very ones that were checked, and within bounds.

A host is looked up once, every address that it has must be public, and connections go to those addresses: a name
that answers differently a moment later (DNS rebinding) changes nothing. The same holds for each redirect.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import urlsplit

import httpx

from citewell.errors import Unreadable
from citewell.sources import url as addresses

REDIRECTS: Final = 5
AGENT: Final = "citewell"
PORTS: Final = {"http": 80, "https": 443}


class Bounds(Protocol):
    """How much to take: bytes of the body, and seconds from the first request to the last byte."""

    @property
    def max_bytes(self) -> int: ...
    @property
    def max_seconds(self) -> float: ...


@dataclass(frozen=True)
class Got:
    """An answer: where it came from after redirects, its status, its headers and its body."""

    url: str
    status: int
    headers: Mapping[str, str]
    data: bytes

    @property
    def media_type(self) -> str | None:
        return self.headers.get("content-type", "").split(";")[0].strip().lower() or None


class Pinned(httpx.BaseTransport):
    """Sends each request to a checked address of its host; the host's name still goes into Host and TLS.

    Each host has connections of its own, so that none is used again for another name at the same address. Unreadable
    for a host that has an address that is not public.
    """

    def __init__(self) -> None:
        self._hosts: dict[tuple[str, int], tuple[str, httpx.HTTPTransport]] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        url = request.url
        at = (url.host, url.port or PORTS[url.scheme])
        if at not in self._hosts:
            self._hosts[at] = (addresses.public_address(*at, str(url)), httpx.HTTPTransport(trust_env=False))
        address, transport = self._hosts[at]
        pinned = httpx.Request(
            request.method,
            url.copy_with(host=address),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": url.raw_host.decode("ascii")},
        )
        return transport.handle_request(pinned)

    def close(self) -> None:
        """Close the connections."""
        for _, transport in self._hosts.values():
            transport.close()


def client(private: bool, headers: Mapping[str, str] | None = None) -> httpx.Client:
    """Return a client that follows no redirects by itself. `private` lifts the rule, and lets proxies be used.

    Proxies resolve names themselves, so the check would mean nothing behind one.
    """
    sent = {"User-Agent": AGENT, **(headers or {})}
    if private:
        return httpx.Client(headers=sent)
    return httpx.Client(headers=sent, transport=Pinned(), trust_env=False)


def get(
    http: httpx.Client,
    url: str,
    bounds: Bounds,
    headers: Mapping[str, str] | None = None,
    allow: Callable[[str], bool] = lambda url: True,
) -> Got:
    """Return what is at `url`, whatever the status; redirects are followed where `allow` says so, else returned.

    Unreadable for another scheme than http(s), an address that is not public, too many redirects, more than
    `max_bytes`, or a wait beyond `max_seconds`.
    """
    deadline, here = time.monotonic() + bounds.max_seconds, checked(url)
    with told(url):
        for _ in range(REDIRECTS + 1):
            timeout = max(deadline - time.monotonic(), 0.001)
            request = http.build_request("GET", here, headers=headers, timeout=timeout)
            response = http.send(request, stream=True)
            if response.has_redirect_location:
                response.close()
                here = checked(str(httpx.URL(here).join(response.headers["location"])), url)
                if allow(here):
                    continue
                return Got(here, response.status_code, response.headers, b"")
            return Got(here, response.status_code, response.headers, _body(url, response, bounds, deadline))
    raise Unreadable(url, f"redirects more than {REDIRECTS} times")


def send(http: httpx.Client, request: httpx.Request, bounds: Bounds) -> Got:
    """Return the answer to a request, whatever it is; no redirect is followed. Unreadable as `get`."""
    named, deadline = str(request.url.copy_with(query=None)), time.monotonic() + bounds.max_seconds
    request.extensions["timeout"] = httpx.Timeout(bounds.max_seconds).as_dict()
    with told(named):
        response = http.send(request, stream=True)
        return Got(named, response.status_code, response.headers, _body(named, response, bounds, deadline))


@contextmanager
def told(named: str) -> Iterator[None]:
    """Turn what HTTP raises into Unreadable, in one line."""
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise Unreadable(named, f"cannot be fetched: {said}") from error


def checked(url: str, named: str | None = None) -> str:
    """Return an http(s) address without a password in it; Unreadable for any other."""
    try:
        parts = urlsplit(url)
        fine = parts.scheme in PORTS and parts.hostname and (parts.port or 1)
    except ValueError:
        raise Unreadable(named or "the address", "cannot be read as an address") from None
    if parts.username or parts.password:
        name = named if named != url else None
        raise Unreadable(name or "the address", "addresses with a name or password in them are not fetched")
    if not fine:
        raise Unreadable(named or url, f"{url!r} is not an http or https address")
    return url


def _body(named: str, response: httpx.Response, bounds: Bounds, deadline: float) -> bytes:
    data = bytearray()
    try:
        for piece in response.iter_bytes():
            data += piece
            if len(data) > bounds.max_bytes:
                raise Unreadable(named, f"has more than {bounds.max_bytes} bytes (read.max_bytes)")
            if time.monotonic() > deadline:
                raise Unreadable(named, f"took more than {bounds.max_seconds:g} s (read.max_seconds)")
    finally:
        response.close()
    return bytes(data)
