"""Office files, EPUB, HTML and e-mail, by kreuzberg, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from typing import Any, Final

from citewell.errors import Unreadable
from citewell.incoming import Blob
from citewell.model import Block, Value
from citewell.read.archive import check_archive
from citewell.read.blocks import blocks
from citewell.read.decode import bounded, clean, decode
from citewell.read.formats import FORMATS, format_of
from citewell.read.front import iso
from citewell.read.hidden import unmarked
from citewell.read.limits import Draft, Limits
from citewell.read.unseen_docx import mark_unseen as mark_docx
from citewell.read.unseen_html import mark_unseen as mark_html

PAGE: Final = re.compile("\n*\ue000([0-9]+)\ue001\n*")
"""Marks that kreuzberg is asked to put before each slide; documents have no private-use characters."""
PICTURE: Final = re.compile(r"!\[([^\]]*)\]\([^()\s]*\)")
HEAD: Final = re.compile(r"<title\b[^>]*>[^<]*</title\s*>|<meta\b[^>]*>", re.IGNORECASE)


def read_office(blob: Blob, limits: Limits) -> list[Draft]:
    """Read DOCX, PPTX, XLSX or EPUB: headings, lists, tables; slides as pages."""
    check_archive(blob, limits)
    found = format_of(blob)
    content, said = _extracted(blob, _marked(blob, found.name), found.media_type)
    paged, pages = _paged(content)
    text, unseen = unmarked(paged) if not pages else (paged, ())
    bounded(blob.name, text, limits)
    marked = tuple(replace(block, page=_page(pages, block)) for block in blocks(text, "markdown"))
    fields = _fields(said)
    if pages:
        fields["pages"] = len(pages)
        _bound_pages(blob.name, len(pages), limits)
    title = said.get("title")
    name = clean(title).strip() if isinstance(title, str) else ""
    return [Draft(text, marked, name, fields, hidden=unseen)]


def _marked(blob: Blob, kind: str) -> bytes:
    """Return the file with marks around what its readers do not see, where the format has a way to hide."""
    return mark_docx(blob.data) if kind == "docx" else blob.data


def read_html(blob: Blob, limits: Limits) -> list[Draft]:
    """Read a web page's main content; the title and what the head says of it become fields."""
    source = decode(_in_declared_encoding(blob), limits)
    head = Head()
    head.feed(source[: 64 * 1024])
    page = mark_html(HEAD.sub("", source))
    content, _ = _extracted(blob, page.encode("utf-8", "replace"), "text/html")
    text, unseen = unmarked(PICTURE.sub(r"\1", content).strip() + "\n")
    bounded(blob.name, text, limits)
    return [Draft(text, blocks(text, "markdown"), head.title.strip(), head.fields(), hidden=unseen)]


def read_email(blob: Blob, limits: Limits) -> list[Draft]:
    """Read an e-mail: its headers and its body."""
    content, said = _extracted(blob, blob.data, FORMATS["email"].media_type)
    text = bounded(blob.name, content.strip() + "\n", limits)
    subject = said.get("subject")
    fields: dict[str, Value] = {
        "author": _text(said.get("from_email")),
        "date": _mail_date(said.get("created_at")),
        "subject": _text(subject),
    }
    return [Draft(text, blocks(text, "markdown"), _text(subject) or "", fields)]


class Head(HTMLParser):
    """Collects the title and the named metadata of a page's head."""

    def __init__(self) -> None:
        super().__init__()
        self.title = ""
        self.named: dict[str, str] = {}
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = (given.get("name") or given.get("property") or "").lower()
        if tag == "meta" and name and given.get("content"):
            self.named.setdefault(name, clean(given["content"] or ""))
        self._inside = tag == "title" and not self.title

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.title += data

    def fields(self) -> dict[str, Value]:
        """Return author, date and subject where the page names them."""
        named = self.named
        date = named.get("article:published_time") or named.get("date") or named.get("dcterms.date")
        return {
            "author": named.get("author"),
            "date": _iso_date(date),
            "subject": named.get("description"),
        }


def _extracted(blob: Blob, data: bytes, media_type: str) -> tuple[str, Mapping[str, Any]]:
    from kreuzberg import ConcurrencyConfig, ExtractionConfig, KreuzbergError, PageConfig, extract_bytes_sync

    pages = PageConfig(insert_page_markers=True, marker_format="\n\n\ue000{page_num}\ue001\n\n")
    threads = ConcurrencyConfig(max_threads=1)
    config = ExtractionConfig(output_format="markdown", use_cache=False, pages=pages, concurrency=threads)
    try:
        result = extract_bytes_sync(data, media_type, config)
    except KreuzbergError as error:
        raise Unreadable(blob.name, f"cannot be read: {' '.join(str(error).split())[:300]}") from error
    return clean(result.content), result.metadata


def _paged(content: str) -> tuple[str, list[int]]:
    """Return the text without page marks, and where each page begins in it."""
    parts = PAGE.split(content)
    text, starts = parts[0].lstrip("\n"), []
    for part in parts[2::2]:
        text += "\n\n" if text else ""
        starts.append(len(text))
        text += part
    return text.rstrip() + "\n" if text.strip() else "", starts


def _page(starts: list[int], block: Block) -> int | None:
    from bisect import bisect_right

    return max(1, bisect_right(starts, block.start)) if starts else None


def _bound_pages(name: str, count: int, limits: Limits) -> None:
    if count > limits.max_pages:
        raise Unreadable(name, f"has {count} pages, more than {limits.max_pages} (read.max_pages)")


def _fields(said: Mapping[str, Any]) -> dict[str, Value]:
    authors = said.get("authors")
    author = ", ".join(str(one) for one in authors) if isinstance(authors, list) else None
    return {
        "author": author or None,
        "date": _iso_date(said.get("created_at")),
        "subject": _text(said.get("subject")),
    }


def _text(value: Any) -> str | None:
    return (clean(value).strip() or None) if isinstance(value, str) else None


def _iso_date(value: Any) -> str | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return iso(moment.date() if len(str(value)) == 10 else moment)


def _mail_date(value: Any) -> str | None:
    try:
        return iso(parsedate_to_datetime(str(value)))
    except (ValueError, TypeError):
        return _iso_date(value)


CHARSET: Final = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)


def _in_declared_encoding(blob: Blob) -> Blob:
    """Recode a page that declares its encoding to UTF-8, unless it is UTF-8 already."""
    found = CHARSET.search(blob.data[:4096])
    if found is None:
        return blob
    try:
        blob.data.decode("utf-8")
    except UnicodeDecodeError:
        try:
            text = blob.data.decode(found[1].decode("ascii"), errors="replace")
        except LookupError:
            return blob
        return replace(blob, data=text.encode("utf-8", "replace"))
    return blob
