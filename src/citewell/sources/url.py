"""One web page or file by its address: bounded in size and time, and never from a private network.

The host is resolved once, every address it has must be public, and the connection goes to that very
address: a name that answers differently a moment later (DNS rebinding) changes nothing. The same holds
for each redirect.
"""

from __future__ import annotations

import socket
import time
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Final, Protocol

from citewell.errors import Unreadable
from citewell.incoming import Blob

if TYPE_CHECKING:
    import httpx

REDIRECTS: Final = 5
NAT64: Final = IPv6Network("64:ff9b::/96")


class Bounds(Protocol):
    """How much to take: bytes of the body, and seconds from the first request to the last byte."""

    @property
    def max_bytes(self) -> int: ...
    @property
    def max_seconds(self) -> float: ...


def download(url: str, bounds: Bounds, *, private: bool = False) -> Blob:
    """Return what is at `url`; the blob is named by the address without its fragment.

    Unreadable for another scheme than http(s), an address that is not public (unless `private`), an
    answer other than 200, more than `max_bytes`, or a wait beyond `max_seconds`.
    """
    import httpx

    deadline = time.monotonic() + bounds.max_seconds
    here = httpx.URL(_checked(url))
    try:
        # Proxies resolve names themselves, so the check would mean nothing behind one.
        with httpx.Client(trust_env=private, headers={"User-Agent": "citewell"}) as client:
            for _ in range(REDIRECTS + 1):
                request = _request(client, here, url, bounds, private)
                response = client.send(request, stream=True)
                if not response.has_redirect_location:
                    return _blob(url, response, bounds, deadline)
                response.close()
                here = httpx.URL(_checked(str(here.join(response.headers["location"])), url))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise Unreadable(url, f"cannot be fetched: {said}") from error
    raise Unreadable(url, f"redirects more than {REDIRECTS} times")


def _checked(url: str, named: str | None = None) -> str:
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Unreadable(named or url, f"{url!r} is not an http or https address")
    if parts.username or parts.password:
        raise Unreadable(named or url, "addresses with a name or password in them are not fetched")
    return url


def _request(
    client: httpx.Client, here: httpx.URL, named: str, bounds: Bounds, private: bool
) -> httpx.Request:
    """Build a request to a checked address; the host's name still goes into Host and TLS."""
    if private:
        return client.build_request("GET", here, timeout=bounds.max_seconds)
    address = public_address(here.host, here.port or (443 if here.scheme == "https" else 80), named)
    return client.build_request(
        "GET",
        here.copy_with(host=address),
        headers={"Host": here.netloc.decode("ascii")},
        extensions={"sni_hostname": here.raw_host.decode("ascii")},
        timeout=bounds.max_seconds,
    )


def public_address(host: str, port: int, named: str) -> str:
    """Return an address of `host`. Unreadable when it has none, or any that is not public."""
    try:
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        raise Unreadable(named, f"the host {host!r} is not known: {error}") from error
    for address in found:
        if not is_public(address):
            raise Unreadable(
                named, f"{host!r} is {address}, not a public address; --allow-private fetches from it anyway"
            )
    return found[0]


def is_public(address: str) -> bool:
    """Say whether an IP address is on the public internet, looking through IPv4 wrapped in IPv6."""
    ip = ip_address(address.split("%")[0])
    if isinstance(ip, IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in NAT64:
            inner = IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _blob(url: str, response: httpx.Response, bounds: Bounds, deadline: float) -> Blob:
    try:
        if response.status_code != 200:
            raise Unreadable(url, f"the server answered {response.status_code}")
        data = bytearray()
        for piece in response.iter_bytes():
            data += piece
            if len(data) > bounds.max_bytes:
                raise Unreadable(url, f"has more than {bounds.max_bytes} bytes (read.max_bytes)")
            if time.monotonic() > deadline:
                raise Unreadable(url, f"took more than {bounds.max_seconds:g} s (read.max_seconds)")
        kind = response.headers.get("content-type", "").split(";")[0].strip() or None
    finally:
        response.close()
    return Blob(url.partition("#")[0], bytes(data), kind, source=url)
