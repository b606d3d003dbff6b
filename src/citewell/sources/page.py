"""What a web page and a sitemap say to a crawler: links, robots' rules, the address that a page prefers."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit, urlunsplit
from xml.etree.ElementTree import Element, ParseError, XMLParser

from selectolax.lexbor import LexborHTMLParser

MOST_SITEMAP: Final = 50 * 1024 * 1024
"""Bytes of a sitemap, unpacked: the protocol's own limit."""


@dataclass(frozen=True)
class Page:
    """`links` are absolute, in order, each once. `listed`: the page may be shown. `canonical` is "" where none is."""

    links: tuple[str, ...]
    listed: bool
    canonical: str


def page_of(data: bytes, url: str) -> Page:
    """Read a page; what is broken in it is read as a browser would."""
    tree = LexborHTMLParser(data)
    rules = " ".join(
        (meta.attributes.get("content") or "").lower() for meta in tree.css("meta[name='robots' i]")
    )
    base_tag = tree.css_first("base[href]")
    base = joined(url, base_tag.attributes.get("href") or "") if base_tag else url
    links: dict[str, None] = {}
    if "nofollow" not in rules and "none" not in rules:
        for link in tree.css("a[href]"):
            if "nofollow" not in (link.attributes.get("rel") or "").lower():
                links[joined(base or url, link.attributes.get("href") or "")] = None
    links.pop("", None)
    preferred = tree.css_first("link[rel='canonical' i][href]")
    canonical = joined(base or url, preferred.attributes.get("href") or "") if preferred else ""
    return Page(tuple(links), "noindex" not in rules and "none" not in rules.split(), canonical)


def joined(base: str, link: str) -> str:
    """Return a link as an absolute http(s) address without fragment, or "" when it is none."""
    try:
        parts = urlsplit(urljoin(base, link.strip()))
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
            return ""
        return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path or "/", parts.query, ""))
    except ValueError:
        return ""


def sitemap_of(data: bytes, url: str) -> tuple[list[str], list[str]]:
    """Return (pages, further sitemaps) of a sitemap: XML, gzipped or not, or a list of lines. ([], []) for neither.

    Entities are refused: a sitemap needs none, and an attack does.
    """
    if data.startswith(b"\x1f\x8b"):
        data = _unpacked(data)
    if b"<!ENTITY" in data or len(data) > MOST_SITEMAP:
        return [], []
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        lines = [line for line in data.decode("utf-8", "replace").split() if line.startswith("http")]
        return [one for one in (joined(url, line) for line in lines) if one], []
    parser = XMLParser()
    try:
        parser.feed(data)
        root: Element = parser.close()
    except ParseError:
        return [], []
    found = [one for one in (joined(url, text) for text in _locations(root)) if one]
    return ([], found) if _name(root) == "sitemapindex" else (found, [])


def _unpacked(data: bytes) -> bytes:
    import io

    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            return packed.read(MOST_SITEMAP + 1)
    except (OSError, EOFError, zlib.error):
        return b""


def _locations(root: Element) -> Iterator[str]:
    for entry in root:
        for child in entry:
            if _name(child) == "loc" and child.text:
                yield child.text


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
