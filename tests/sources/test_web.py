"""Web sites: what is listed, what is asked for again, what counts as gone, and where a crawler may not go."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("protego", reason="needs the extra web")
pytest.importorskip("selectolax", reason="needs the extra web")

from citewell.errors import BadInput, Unreadable
from citewell.sources import url as addresses
from citewell.sources.web import Web
from tests.sources.site import Site, serving


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as found:
        found.pages = {
            "/docs/": '<a href="a.html">a</a> <a href="/docs/b.html#x">b</a> <a href="/blog/x.html">blog</a>',
            "/docs/a.html": "<p>about kettles</p><a href='c.html'>c</a>",
            "/docs/b.html": "<p>about lamps</p><a href='/docs/'>home</a><a href='https://other.example/'>x</a>",
            "/docs/c.html": "<p>about toasters</p>",
            "/blog/x.html": "<p>blog</p>",
        }
        yield found


def web(site: Site, **options: Any) -> Web:
    return Web(f"{site.url}/docs/", delay=0, private=True, **options)


def paths(source: Web, site: Site) -> list[str]:
    return sorted(item.id.removeprefix(site.url) for item in source.items())


def test_links_are_followed_within_the_folder_of_the_start(site: Site) -> None:
    source = web(site)
    assert paths(source, site) == ["/docs/", "/docs/a.html", "/docs/b.html", "/docs/c.html"]
    assert "/blog/x.html" not in site.answers()
    item = next(item for item in source.items() if item.id.endswith("b.html"))
    blob = source.fetch(item)
    assert (blob.name, blob.media_type, b"lamps" in blob.data) == (
        f"{site.url}/docs/b.html",
        "text/html",
        True,
    )


def test_what_has_not_changed_is_not_sent_again_and_still_leads_on(site: Site) -> None:
    source = web(site)
    before = {item.id: item.stamp for item in source.items()}
    site.answers()
    site.pages["/docs/c.html"] = "<p>about better toasters</p>"
    after = {item.id: item.stamp for item in source.items()}
    asked = site.answers()
    assert {path: status for path, status in asked.items() if path.startswith("/docs")} == {
        "/docs/": 304,
        "/docs/a.html": 304,
        "/docs/b.html": 304,
        "/docs/c.html": 200,
    }
    assert [url.removeprefix(site.url) for url in after if after[url] != before[url]] == ["/docs/c.html"]
    unchanged = next(item for item in web(site, memory=dict(source.memory)).items() if "a.html" in item.id)
    assert b"kettles" in source.fetch(unchanged).data


def test_a_page_that_is_gone_is_not_listed_and_one_that_fails_for_a_while_stays(site: Site) -> None:
    source = web(site)
    assert len(paths(source, site)) == 4
    site.pages |= {"/docs/a.html": 503, "/docs/b.html": 410}
    items = {item.id.removeprefix(site.url): item for item in source.items()}
    assert sorted(items) == ["/docs/", "/docs/a.html", "/docs/c.html"]
    with pytest.raises(Unreadable, match="503"):
        source.fetch(items["/docs/a.html"])
    site.pages["/docs/a.html"] = "<p>about kettles</p>"
    assert paths(source, site) == ["/docs/", "/docs/a.html"]
    assert source.skipped() == {"answered 410": 1}


@pytest.mark.parametrize(
    ("path", "page", "said"),
    [
        ("/docs/", 500, "500"),
        ("/docs/", 404, "404"),
        ("/robots.txt", 503, "nobody knows what is allowed"),
        ("/docs/", "-> https://other.example/", "out of scope"),
        ("/robots.txt", ("text/plain", b"User-agent: *\nDisallow: /"), "robots.txt does not allow"),
        ("/sitemap.xml", 500, "cannot be listed"),
    ],
)
def test_a_site_that_is_down_or_forbids_it_ends_the_listing(
    site: Site, path: str, page: Any, said: str
) -> None:
    source = web(site)
    site.pages[path] = page
    with pytest.raises(Unreadable, match=said):
        list(source.items())


def test_a_site_that_goes_down_in_the_middle_ends_the_listing(site: Site) -> None:
    site.pages["/docs/"] = "".join(f"<a href='{n}.html'>x</a>" for n in range(9))
    site.pages |= {f"/docs/{n}.html": 429 for n in range(9)}
    source = web(site)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("citewell.sources.crawl.MOST_DELAY", 0.01)
        with pytest.raises(Unreadable, match="5 pages in a row failed"):
            list(source.items())


def test_robots_txt_is_obeyed(site: Site) -> None:
    site.pages["/robots.txt"] = ("text/plain", b"User-agent: citewell\nDisallow: /docs/a\nDisallow: /docs/c")
    source = web(site)
    assert paths(source, site) == ["/docs/", "/docs/b.html"]
    assert "/docs/a.html" not in site.answers()
    assert source.skipped() == {"not allowed by robots.txt": 1}


def test_robots_txt_may_ask_for_more_time_between_requests(site: Site) -> None:
    site.pages = {"/docs/": "<a href='a.html'>a</a>", "/docs/a.html": "a"}
    site.pages["/robots.txt"] = ("text/plain", b"User-agent: *\nCrawl-delay: 7")
    slept: list[float] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.sleep", slept.append)
        list(web(site).items())
    assert slept == [7.0]


def test_a_sitemap_lists_pages_that_nothing_links_to(site: Site) -> None:
    site.pages["/docs/alone.html"] = "<p>alone</p>"
    site.pages["/robots.txt"] = ("text/plain", f"Sitemap: {site.url}/maps/index.xml".encode())
    index = f"<sitemapindex><sitemap><loc>{site.url}/maps/1.xml.gz</loc></sitemap></sitemapindex>"
    urls = "".join(f"<url><loc>{site.url}{path}</loc></url>" for path in ("/docs/alone.html", "/blog/x.html"))
    schema = "http://www.sitemaps.org/schemas/sitemap/0.9"
    site.pages["/maps/index.xml"] = ("application/xml", index.encode())
    site.pages["/maps/1.xml.gz"] = (
        "application/gzip",
        gzip.compress(f'<urlset xmlns="{schema}">{urls}</urlset>'.encode()),
    )
    assert "/docs/alone.html" in paths(web(site), site)
    assert paths(web(site, follow=False), site) == ["/docs/", "/docs/alone.html"]
    named = web(site, sitemap=f"{site.url}/none.xml")
    with pytest.raises(Unreadable, match="404"):
        list(named.items())


def test_a_sitemap_that_is_an_attack_lists_nothing(site: Site) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><urlset><url><loc>&b;</loc></url></urlset>'
    site.pages["/sitemap.xml"] = ("application/xml", bomb)
    assert len(paths(web(site), site)) == 4


def test_patterns_choose_pages_and_addresses_with_queries_are_left_out(site: Site) -> None:
    site.pages["/docs/"] += "<a href='list?page=2'>next</a>"
    site.pages["/docs/list?page=2"] = "<p>more</p>"
    assert paths(web(site, exclude=("*/b.html",)), site) == ["/docs/", "/docs/a.html", "/docs/c.html"]
    assert paths(web(site, include=("/docs/b*",)), site) == ["/docs/", "/docs/b.html"]
    assert "/docs/list?page=2" in paths(web(site, queries=True), site)


def test_past_the_most_pages_what_was_there_stays(site: Site) -> None:
    source = web(site)
    assert len(paths(source, site)) == 4
    again = web(site, pages=2, memory=source.memory)
    assert len(paths(again, site)) == 4
    assert again.skipped() == {"past the most pages": 2}


def test_pages_that_say_so_are_left_out_and_a_page_is_listed_once(site: Site) -> None:
    site.pages = {
        "/docs/": "<a href='no.html'>1</a><a href='old.html'>2</a><a href='copy.html'>3</a><a href='s.css'>4</a>"
        "<a href='manual.txt'>5</a><a href='photo'>6</a><a rel=nofollow href='secret.html'>7</a>",
        "/docs/no.html": "<meta name=robots content='noindex'><a href='deep.html'>x</a>",
        "/docs/deep.html": "deep",
        "/docs/old.html": "-> /docs/new.html",
        "/docs/new.html": "new",
        "/docs/copy.html": "<link rel=canonical href='/docs/new.html'>new",
        "/docs/manual.txt": ("text/plain", b"manual"),
        "/docs/photo": ("image/png", b"\x89PNG"),
    }
    assert paths(web(site), site) == ["/docs/", "/docs/deep.html", "/docs/manual.txt", "/docs/new.html"]
    assert "/docs/secret.html" not in site.answers()


def test_a_page_that_is_too_large_fails_alone(site: Site) -> None:
    site.pages["/docs/c.html"] = "x" * 5000
    source = web(site, max_bytes=4000)
    items = {item.id.removeprefix(site.url): item for item in source.items()}
    with pytest.raises(Unreadable, match=r"read\.max_bytes"):
        source.fetch(items["/docs/c.html"])
    assert b"kettles" in source.fetch(items["/docs/a.html"]).data


def test_a_private_site_is_refused_unless_that_is_allowed(site: Site) -> None:
    with pytest.raises(Unreadable, match=r"127\.0\.0\.1, not a public address.*allow_private"):
        list(Web(f"{site.url}/docs/").items())


def test_a_name_that_changes_its_address_is_asked_at_the_one_that_was_checked(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[str] = []
    resolve = socket.getaddrinfo

    def answer(host: Any, *more: Any, **options: Any) -> Any:
        looked_up.append(host)
        first = looked_up.count("site.example") <= 1
        there = ("127.0.0.1" if first else "169.254.169.254") if host == "site.example" else host
        return resolve(there, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    monkeypatch.setattr(addresses, "is_public", lambda address: address == "127.0.0.1")
    source = Web(f"http://site.example:{site.port}/docs/", delay=0)
    assert len(list(source.items())) == 4
    assert looked_up.count("site.example") == 1


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/latest/", "http://localhost:1/", "file:///etc/passwd"]
)
def test_a_redirect_out_of_the_site_is_never_followed(site: Site, target: str) -> None:
    site.pages["/docs/a.html"] = f"-> {target}"
    source = web(site)
    listed = {item.id.removeprefix(site.url): item for item in source.items()}
    if "/docs/a.html" in listed:
        with pytest.raises(Unreadable, match="not an http"):
            source.fetch(listed["/docs/a.html"])
    else:
        assert source.skipped() == {"leads out of scope": 1}


@pytest.mark.parametrize(
    "url", ["file:///etc", "http://user:secret@example.com/", "example.com", "http://[::1"]
)
def test_a_start_that_is_no_address_is_refused_and_no_password_is_said(url: str) -> None:
    with pytest.raises(BadInput) as raised:
        Web(url)
    assert "secret" not in str(raised.value)
