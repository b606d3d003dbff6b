"""A web site's pages: those that its sitemap lists and its links lead to, within scope, as robots.txt allows.

A page that was there before is asked for with its ETag or its date, and one that has not changed is not sent again.
A page that answers 4xx is gone; one that fails for a while (5xx, too many requests, no answer) stays, and is said. A
start that fails, or a robots.txt that cannot be had, ends the listing: nothing is removed because a site is down.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from citewell.errors import BadInput, Unreadable
from citewell.incoming import Blob, Item
from citewell.read.limits import Limits
from citewell.sources import reach
from citewell.sources.crawl import Crawl, Seen, date_of, packed, unpacked
from citewell.sources.page import joined


@dataclass(frozen=True)
class Web:
    """The pages of a site from `url` on, in its folder and below. Documents are named by their addresses.

    `include` and `exclude` are patterns of paths ("/docs/*"). `sitemap` is its address; without one, those that
    robots.txt names, or /sitemap.xml. `pages` bounds how many are asked for: past it the rest of what was there stays
    as it was. `private` lets addresses be on this machine or a private network. `memory` is what it remembers.
    """

    url: str
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    sitemap: str = ""
    follow: bool = True
    queries: bool = False
    pages: int = 1000
    delay: float = 0.2
    private: bool = False
    max_bytes: int = Limits().max_bytes
    max_seconds: float = Limits().max_seconds
    called: str = ""
    memory: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    _seen: list[Seen] = field(default_factory=list, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        start = joined(self.url, "")
        if not start:
            raise BadInput(
                f"{self.url.rpartition('@')[2]!r} is not where a site can begin; give an http(s) address without a "
                "name or password in it"
            )
        object.__setattr__(self, "url", start)

    @property
    def name(self) -> str:
        return f"web:{self.called or self.url}"

    def items(self) -> Iterator[Item]:
        """List the pages. Unreadable when the start or robots.txt cannot be had."""
        seen = Seen()
        self._seen[:] = [seen]
        with reach.client(self.private) as http:
            crawl = Crawl(self, http, unpacked(self.memory), seen)
            yield from crawl.items()
        self.memory.clear()
        self.memory.update(packed(crawl.pages))

    def fetch(self, item: Item) -> Blob:
        """Return a page as it was listed, or asked for now. Unreadable when it cannot be had."""
        seen = self._seen[0] if self._seen else Seen()
        if item.id in seen.failed:
            raise Unreadable(item.id, seen.failed[item.id])
        data = seen.spool.get(item.id)
        about = seen.about.get(item.id, (None, ""))
        if data is None:
            with reach.client(self.private) as http:
                got = reach.get(http, item.id, self, allow=self.in_scope)
            if got.status != 200:
                raise Unreadable(item.id, f"the server answered {got.status}")
            data, about = got.data, (got.media_type, date_of(got.headers))
        fields = {"url": item.id} | ({"modified": about[1]} if about[1] else {})
        return Blob(item.id, data, about[0], source=item.id, fields=fields)

    def skipped(self) -> Mapping[str, int]:
        """Return how many addresses the last `items()` left out, by reason."""
        return dict(self._seen[0].skipped.most_common()) if self._seen else {}

    def in_scope(self, url: str) -> bool:
        """Say whether an address is of the same host, port and scheme, in the start's folder, and wanted."""
        start, parts = urlsplit(self.url), urlsplit(url)
        if (parts.scheme, parts.netloc) != (start.scheme, start.netloc) or (parts.query and not self.queries):
            return False
        if not parts.path.startswith(start.path.rpartition("/")[0] + "/"):
            return False
        if any(fnmatchcase(parts.path, one) for one in self.exclude):
            return False
        return (
            url == self.url or not self.include or any(fnmatchcase(parts.path, one) for one in self.include)
        )
