"""PDF, page by page with pypdfium2, so memory does not grow with the number of pages. No OCR."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from citewell.errors import Unreadable
from citewell.hostile import Hidden
from citewell.incoming import Blob
from citewell.model import Block, Value
from citewell.read.decode import bounded, clean
from citewell.read.front import iso
from citewell.read.limits import Draft, Limits
from citewell.read.unseen_pdf import unseen

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument  # type: ignore[import-untyped,unused-ignore]

PASSWORD: Final = 4
"""pdfium's error code for a document that needs a password (FPDF_ERR_PASSWORD)."""
JUNK_TITLE: Final = re.compile(
    r"untitled|microsoft word|powerpoint|\.(docx?|tex|indd|dvi|qxd|pptx?)\b", re.IGNORECASE
)
SHORT_LINE: Final = 0.8
"""A line that ends a sentence and is shorter than this share of the page's width ends a paragraph."""


def read_pdf(blob: Blob, limits: Limits) -> list[Draft]:
    """Read the text of each page; bookmarks that stand as lines on their page are headings."""
    document = _opened(blob)
    try:
        count = len(document)
        if count > limits.max_pages:
            raise Unreadable(blob.name, f"has {count} pages, more than {limits.max_pages} (read.max_pages)")
        read = list(_pages(blob.name, document, limits))
        pages = [text for text, _ in read]
        marks = _bookmarks(document)
        title, fields = _said(document)
    finally:
        document.close()
    if not any(page.strip() for page in pages):
        raise Unreadable(
            blob.name, f"has no text on its {count} pages; they may be scanned images, which need OCR"
        )
    text, blocks = _joined(pages, marks)
    bounded(blob.name, text, limits)
    starts = accumulate((len(page) + 2 for page in pages), initial=0)
    hidden = tuple(
        Hidden(at + one.start, at + one.end, one.how)
        for at, (_, found) in zip(starts, read, strict=False)
        for one in found
    )
    return [Draft(text, blocks, title, {"pages": count, **fields}, hidden=hidden)]


def _opened(blob: Blob) -> PdfDocument:
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        return PdfDocument(blob.data)
    except PdfiumError as error:
        if getattr(error, "err_code", None) == PASSWORD:
            reason = "is encrypted; save it without a password"
        else:
            reason = f"is a broken PDF: {error}"
        raise Unreadable(blob.name, reason) from error


def _pages(name: str, document: PdfDocument, limits: Limits) -> Iterator[tuple[str, list[Hidden]]]:
    from pypdfium2 import PdfiumError

    left = limits.max_characters
    for number in range(len(document)):
        try:
            page = document[number]
            words = page.get_textpage()
        except PdfiumError:
            yield "", []  # one broken page does not cost the others
            continue
        text = _tidy(words.get_text_range())
        found = unseen(page, words, text)
        words.close()
        page.close()
        left -= len(text)
        if left < 0:
            reason = f"has more than {limits.max_characters} characters (read.max_characters)"
            raise Unreadable(name, f"{reason} by page {number + 1}")
        yield text, found


def _tidy(text: str) -> str:
    """Join words that pdfium marks as hyphenated at a line's end; drop other control characters."""
    text = re.sub("[\ufffe\x02](?:\r?\n)?", "", clean(text))
    return re.sub(r"[\x00-\x08\x0b\x0e-\x1f]", " ", text).strip()


def _bookmarks(document: PdfDocument) -> dict[int, list[tuple[str, int]]]:
    """Return the bookmarks of each page (from 0): (title, level from 1)."""
    from pypdfium2 import PdfiumError

    found: dict[int, list[tuple[str, int]]] = {}
    try:
        for mark in document.get_toc(max_depth=6):
            target = mark.get_dest()
            page = target.get_index() if target is not None else None
            if page is not None and (title := " ".join(clean(mark.get_title()).split())):
                found.setdefault(page, []).append((title, mark.level + 1))
    except PdfiumError:
        return {}  # a broken outline: the text is still good
    return found


def _said(document: PdfDocument) -> tuple[str, dict[str, Value]]:
    said = {name: " ".join(clean(value).split()) for name, value in document.get_metadata_dict().items()}
    title = said.get("Title", "")
    fields: dict[str, Value] = {
        "author": said.get("Author") or None,
        "subject": said.get("Subject") or None,
        "date": _date(said.get("CreationDate", "")),
    }
    return "" if JUNK_TITLE.search(title) else title, {name: one for name, one in fields.items() if one}


def _date(text: str) -> str | None:
    """Read PDF's D:YYYYMMDDHHmmSSOHH'mm' (ISO 32000-1, 7.9.4)."""
    from datetime import datetime

    found = re.match(r"D?:?(\d{14})(?:Z|([+-]\d\d)'?(\d\d)?)?", text)
    if found is None:
        return None
    zone = f"{found[2]}{found[3] or '00'}" if found[2] else "+0000"
    try:
        return iso(datetime.strptime(found[1] + zone, "%Y%m%d%H%M%S%z"))
    except ValueError:
        return None


def _joined(pages: list[str], marks: dict[int, list[tuple[str, int]]]) -> tuple[str, tuple[Block, ...]]:
    blocks: list[Block] = []
    at = 0
    for number, page in enumerate(pages):
        blocks += _page_blocks(page, at, number + 1, marks.get(number, []))
        at += len(page) + 2
    return "\n\n".join(pages), tuple(blocks)


def _page_blocks(page: str, at: int, number: int, marks: list[tuple[str, int]]) -> Iterator[Block]:
    levels = {_key(title): (title, level) for title, level in marks}
    lines = page.split("\n")
    width = max(map(len, lines), default=0)
    start: int | None = None
    end = 0
    for line in lines:
        bare = line.strip()
        heading = levels.pop(_key(bare), None) if bare else None
        if start is not None and (heading or not bare):
            yield Block(start, end, "paragraph", page=number)
            start = None
        here = at + len(line) - len(line.lstrip())
        if heading:
            yield Block(here, here + len(bare), "heading", heading[1], heading[0], number)
        elif bare:
            start, end = here if start is None else start, here + len(bare)
            if bare[-1] in ".!?:" and len(bare) < SHORT_LINE * width:
                yield Block(start, end, "paragraph", page=number)
                start = None
        at += len(line) + 1
    if start is not None:
        yield Block(start, end, "paragraph", page=number)


def _key(title: str) -> str:
    return re.sub(r"[\W_]+", "", title).lower()
