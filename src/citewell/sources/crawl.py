"""One listing of a web site: which addresses to ask for, in which order, and what each answer means."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin

from protego import Protego

from citewell.errors import Unreadable
from citewell.incoming import Item
from citewell.read.formats import FORMATS, ending_of, readable
from citewell.sources import reach
from citewell.sources.page import page_of, sitemap_of
from citewell.sources.spool import Spool

if TYPE_CHECKING:
    import httpx

    from citewell.sources.web import Web

LATER: Final = (408, 425, 429)
"""Answers of the 4xx kind that say nothing about whether the page is there."""
MOST_DELAY: Final = 30.0
MOST_SITEMAPS: Final = 200
MOST_FAILURES: Final = 5
"""Failures in a row after which a site counts as down."""
LINKS: Final = 50
"""Addresses kept in mind, for each page that may be asked for."""
HTML: Final = ("text/html", "application/xhtml+xml")
TYPES: Final = {one.media_type for one in FORMATS.values() if one.name != "code"}
NO_PAGES: Final = frozenset(
    f".{one}"
    for some in (
        "png jpg jpeg gif svg webp avif ico bmp mp3 mp4 m4a webm ogg wav avi mov woff woff2 ttf otf eot",
        "css js mjs map zip gz tgz tar bz2 xz 7z rar exe msi dmg deb rpm whl jar iso bin",
    )
    for one in some.split()
)


@dataclass(frozen=True)
class Known:
    """What is remembered of a page: how to ask whether it changed, the hash of its bytes, and where it leads."""

    etag: str = ""
    modified: str = ""
    stamp: str = ""
    links: tuple[str, ...] = ()


@dataclass
class Seen:
    """What the last listing saw: bytes, (media type, date) and failures by address; what it left out, by reason."""

    spool: Spool = field(default_factory=Spool)
    about: dict[str, tuple[str | None, str]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)


class Crawl:
    """Asks for one page after the other. `known` are the pages of the last time, `pages` those of this one."""

    def __init__(self, web: Web, http: httpx.Client, known: Mapping[str, Known], seen: Seen) -> None:
        self.pages: dict[str, Known] = {}
        self._web, self._http, self._known, self._seen = web, http, known, seen
        self._met, self._waiting = {web.url}, deque([web.url])
        self._asked = self._failures = 0
        self._listed: set[str] = set()
        self._gone: set[str] = set()
        self._cut = False
        self._rules = self._robots()
        wanted = float(self._rules.crawl_delay(reach.AGENT) or 0.0)
        self._delay = min(max(web.delay, wanted), MOST_DELAY)

    def items(self) -> Iterator[Item]:
        """Yield what is there, as it is found."""
        for url in self._sitemaps():
            self._want(url)
        while self._waiting and self._asked < self._web.pages:
            url = self._waiting.popleft()
            if self._rules.can_fetch(url, reach.AGENT):
                if self._asked:
                    time.sleep(self._delay)
                self._asked += 1
                yield from self._visit(url)
            elif url == self._web.url:
                raise Unreadable(url, "robots.txt does not allow it; ask the site's owner")
            else:
                self._gone.add(url)
                self._seen.skipped["not allowed by robots.txt"] += 1
        if self._waiting or self._cut:
            self._seen.skipped["past the most pages"] += max(len(self._waiting), 1)
            for url, page in self._known.items():
                if url not in self._listed and url not in self._gone and self._web.in_scope(url):
                    yield from self._keep(url, page)

    def _visit(self, url: str) -> Iterator[Item]:
        known = self._known.get(url)
        asked = {"If-None-Match": known.etag, "If-Modified-Since": known.modified} if known else {}
        headers = {name: value for name, value in asked.items() if value}
        try:
            got = reach.get(self._http, url, self._web, headers, self._allowed)
        except Unreadable as error:
            yield from self._fail(url, error.reason)
            return
        if got.status == 304 and known:
            self._failures = 0
            self._follow(known.links)
            yield from self._keep(url, known)
        elif got.status == 200:
            self._failures = 0
            yield from self._take(url, got)
        elif got.status in LATER or not 300 <= got.status < 500:
            self._delay = min(max(2 * self._delay, 1.0), MOST_DELAY)
            yield from self._fail(url, f"the server answered {got.status}")
        elif url == self._web.url:
            led = f"leads to {got.url!r}, which is out of scope; start there" if got.status < 400 else ""
            raise Unreadable(url, led or f"the server answered {got.status}, so the site cannot be listed")
        else:
            self._gone.add(url)
            self._seen.skipped["leads out of scope" if got.status < 400 else f"answered {got.status}"] += 1

    def _take(self, asked: str, got: reach.Got) -> Iterator[Item]:
        """List a page that was sent, under the address that it came from; look into it for links."""
        url = got.url
        if url != asked:
            if url in self._met:
                self._seen.skipped["leads to another page"] += 1
                return
            self._met.add(url)
        kind, links = got.media_type, tuple[str, ...]()
        if kind in HTML:
            page = page_of(got.data, url)
            links = tuple(one for one in page.links if self._web.in_scope(one))
            self._follow(links)
            elsewhere = page.canonical not in ("", url, asked) and self._web.in_scope(page.canonical)
            if elsewhere:
                self._want(page.canonical)
            if elsewhere or not page.listed:
                self._gone.add(url)
                self._seen.skipped["another address of a page" if elsewhere else "noindex"] += 1
                return
        elif kind not in TYPES and not (kind in (None, "application/octet-stream") and readable(url)):
            self._gone.add(url)
            self._seen.skipped[kind or "no media type"] += 1
            return
        self._seen.spool.put(url, got.data)
        self._seen.about[url] = (kind, date_of(got.headers))
        stamp = sha256(got.data).hexdigest()[:32]
        etag, modified = got.headers.get("etag", ""), got.headers.get("last-modified", "")
        yield from self._keep(url, Known(etag[:500], modified[:100], stamp, links))

    def _keep(self, url: str, page: Known) -> Iterator[Item]:
        self._listed.add(url)
        self.pages[url] = page
        yield Item(url, page.stamp)

    def _fail(self, url: str, reason: str) -> Iterator[Item]:
        """List a page that could not be had, so that it stays; what led on from it still does."""
        if url == self._web.url:
            raise Unreadable(url, reason)
        self._failures += 1
        if self._failures >= MOST_FAILURES:
            raise Unreadable(self._web.url, f"{MOST_FAILURES} pages in a row failed, the last one: {reason}")
        self._seen.failed[url] = reason
        self._listed.add(url)
        if known := self._known.get(url):
            self.pages[url] = known
            self._follow(known.links)
        yield Item(url, "failed")

    def _follow(self, links: tuple[str, ...]) -> None:
        if self._web.follow:
            for link in links:
                self._want(link)

    def _want(self, url: str) -> None:
        if url in self._met or not self._web.in_scope(url):
            return
        if len(self._met) > LINKS * self._web.pages:
            self._cut = True
            return
        self._met.add(url)
        if ending_of(url) in NO_PAGES:
            self._seen.skipped[ending_of(url)] += 1
        else:
            self._waiting.append(url)

    def _allowed(self, url: str) -> bool:
        """Say whether a redirect may be followed."""
        return self._web.in_scope(url) and self._rules.can_fetch(url, reach.AGENT)

    def _robots(self) -> Any:
        """Read robots.txt as RFC 9309 says: 4xx allows everything, a server that fails allows nothing."""
        url = urljoin(self._web.url, "/robots.txt")
        got = reach.get(self._http, url, self._web)
        if got.status == 200:
            return Protego.parse(got.data[: 512 * 1024].decode("utf-8", "replace"))
        if got.status in LATER or got.status >= 500:
            raise Unreadable(url, f"the server answered {got.status}, so nobody knows what is allowed; later")
        return Protego.parse("")

    def _sitemaps(self) -> Iterator[str]:
        """Yield the addresses that sitemaps list. Unreadable when one that should be there cannot be had."""
        named = [self._web.sitemap] if self._web.sitemap else [*self._rules.sitemaps]
        waiting = deque(named or [urljoin(self._web.url, "/sitemap.xml")])
        read: set[str] = set()
        while waiting and len(read) < MOST_SITEMAPS:
            url = waiting.popleft()
            if url in read:
                continue
            read.add(url)
            got = reach.get(self._http, url, self._web)
            if got.status == 200:
                pages, further = sitemap_of(got.data, url)
                waiting.extend(further)
                yield from pages
            elif url == self._web.sitemap or got.status in LATER or got.status >= 500:
                raise Unreadable(url, f"the server answered {got.status}, so the site cannot be listed")


def date_of(headers: Mapping[str, str]) -> str:
    """Return when a page was last modified, in ISO 8601; "" when that is not said."""
    try:
        return parsedate_to_datetime(headers.get("last-modified", "")).isoformat()
    except (ValueError, TypeError):
        return ""


def packed(pages: Mapping[str, Known]) -> dict[str, Any]:
    """Return pages as JSON, in which each address stands once: every page links to nearly every other."""
    places: dict[str, int] = {}
    rows = [
        (
            place_of(url, places),
            one.etag,
            one.modified,
            one.stamp,
            [place_of(link, places) for link in one.links],
        )
        for url, one in pages.items()
    ]
    return {"addresses": [*places], "pages": rows}


def unpacked(memory: Mapping[str, Any]) -> dict[str, Known]:
    """Return what `packed` was given."""
    addresses = memory.get("addresses", [])
    return {
        addresses[place]: Known(etag, modified, stamp, tuple(addresses[link] for link in links))
        for place, etag, modified, stamp, links in memory.get("pages", [])
    }


def place_of(url: str, places: dict[str, int]) -> int:
    """Return the place of an address in the list, a new one if need be."""
    return places.setdefault(url, len(places))
