"""One web page or file by its address; and which addresses of the internet are public ones."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Final

from citewell.errors import Unreadable
from citewell.incoming import Blob

if TYPE_CHECKING:
    from citewell.sources.reach import Bounds

NAT64: Final = IPv6Network("64:ff9b::/96")


def download(url: str, bounds: Bounds, *, private: bool = False) -> Blob:
    """Return what is at `url`; the blob is named by the address without its fragment.

    Unreadable for another scheme than http(s), an address that is not public (unless `private`), an
    answer other than 200, more than `max_bytes`, or a wait beyond `max_seconds`.
    """
    from citewell.sources import reach

    with reach.client(private) as http:
        got = reach.get(http, url, bounds)
    if got.status != 200:
        raise Unreadable(url, f"the server answered {got.status}")
    return Blob(url.partition("#")[0], got.data, got.media_type, source=url)


def public_address(host: str, port: int, named: str) -> str:
    """Return an address of `host`. Unreadable when it has none, or any that is not public."""
    try:
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        raise Unreadable(named, f"the host {host!r} is not known: {error}") from error
    for address in found:
        if not is_public(address):
            raise Unreadable(
                named,
                f"{host!r} is {address}, not a public address; --allow-private (allow_private = true "
                "of a source) fetches from it anyway",
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
