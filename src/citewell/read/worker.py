"""The bounded process that native parsers run in: reads orders from stdin, writes answers to stdout.

An order is two lengths, a JSON head and the file's bytes; an answer is a length and JSON. Its memory is limited, it
ends with its parent, and it opens no file by name.
"""

from __future__ import annotations

import json
import os
import re
import resource
import struct
import sys
from typing import Any, Final

MEMORY: Final = 2 << 30
IMAGE: Final = re.compile(r"!\[([^\]]*)\]\([^)\s]*\)")


def main() -> None:
    """Answer orders until stdin ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    source, target = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a parser prints is not an answer
    while True:
        lengths = source.read(8)
        if len(lengths) < 8:
            return
        head, size = struct.unpack("<II", lengths)
        order = json.loads(source.read(head))
        body = json.dumps(answer(order, source.read(size))).encode()
        target.write(struct.pack("<I", len(body)) + body)
        target.flush()


def answer(order: dict[str, Any], data: bytes) -> dict[str, Any]:
    """Parse one file: {text, syntax, pages, fields}, or {error}."""
    try:
        return _pdf(data, order) if order["media_type"] == "application/pdf" else _converted(data, order)
    except MemoryError:
        return {"error": "needs more memory than a file may take"}
    except Exception as error:  # whatever a parser raises on a hostile file: one line, and the next file
        return {"error": f"cannot be parsed ({' '.join(str(error).split())[:160] or type(error).__name__})"}


def _pdf(data: bytes, order: dict[str, Any]) -> dict[str, Any]:
    import pypdfium2

    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower() or "security" in str(error).lower()
        return {"error": "is encrypted; remove its password first" if locked else "is a broken PDF"}
    if len(pdf) > order["max_pages"]:
        return {"error": f"has {len(pdf)} pages, more than read.max_pages = {order['max_pages']}"}
    marks = _bookmarks(pdf)
    parts: list[str] = []
    pages: list[int] = []
    length = 0
    for number in range(len(pdf)):
        text = _page(pdf, number)
        for level, title in marks.get(number, ()):
            text = _with_heading(text, level, title)
        pages.append(length)
        parts.append(text + "\n\n")
        length += len(parts[-1])
        if length > order["max_characters"]:
            return {"error": f"has more than read.max_characters = {order['max_characters']} of text"}
    told = pdf.get_metadata_dict(skip_empty=True)
    fields: dict[str, Any] = {
        key.lower(): told[key] for key in ("Title", "Author", "Subject") if told.get(key)
    }
    return {
        "text": "".join(parts),
        "syntax": "markdown",
        "pages": pages,
        "fields": fields | {"pages": len(pdf)},
    }


def _page(pdf: Any, number: int) -> str:
    page = pdf[number]
    text = page.get_textpage()
    try:
        found = text.get_text_bounded().replace("\r\n", "\n").replace("\r", "\n").replace("\0", " ")
    finally:
        text.close()
        page.close()
    # Words that a line end cut are one word; lone surrogates and soft hyphens are no text.
    found = re.sub(r"[\ufffe\u00ad]\n?", "", found.encode("utf-8", "replace").decode())
    return _escaped(found)


def _escaped(text: str) -> str:
    """Keep Markdown from seeing headings and lists where a PDF has only lines; indents mean nothing in it."""
    return "\n".join(
        line.strip() if not line.lstrip().startswith(("#", "```", "~~~")) else " " + line.strip()
        for line in text.split("\n")
    )


def _bookmarks(pdf: Any) -> dict[int, list[tuple[int, str]]]:
    found: dict[int, list[tuple[int, str]]] = {}
    for count, mark in enumerate(pdf.get_toc(max_depth=6)):
        if count > 5000:
            break
        destination = mark.get_dest()
        page = destination.get_index() if destination else None
        title = " ".join((mark.get_title() or "").split())
        if page is not None and title:
            found.setdefault(page, []).append((mark.level + 1, title))
    return found


def _with_heading(text: str, level: int, title: str) -> str:
    """Mark the line of a page that is a bookmark's title as a heading; if none is, nothing is added."""
    wanted = re.sub(r"\W", "", title).lower()
    lines = text.split("\n")
    for at, line in enumerate(lines):
        plain = re.sub(r"\W", "", line).lower()
        if plain and (plain == wanted or (len(plain) < len(wanted) + 8 and plain.endswith(wanted))):
            lines[at] = f"\n{'#' * min(level, 6)} {line.strip()}\n"
            return "\n".join(lines)
    return text


def _converted(data: bytes, order: dict[str, Any]) -> dict[str, Any]:
    """Convert with kreuzberg to Markdown."""
    from kreuzberg import ExtractionConfig, extract_bytes_sync

    config = ExtractionConfig(
        output_format="markdown", use_cache=False, disable_ocr=True, html_options={"extract_metadata": False}
    )
    result = extract_bytes_sync(data, order["media_type"], config=config)
    told = dict(result.metadata or {})
    fields: dict[str, Any] = {}
    for key in ("title", "subject", "created_at", "language", "from_email", "date"):
        if isinstance(told.get(key), str) and told[key].strip():
            fields[{"created_at": "date", "from_email": "author"}.get(key, key)] = told[key].strip()
    authors = told.get("authors")
    if isinstance(authors, list) and authors:
        fields["author"] = ", ".join(map(str, authors))
    text = IMAGE.sub(lambda found: found.group(1), result.content.replace("\r\n", "\n").replace("\0", " "))
    return {"text": _without_header(text), "syntax": "markdown", "pages": [], "fields": fields}


def _without_header(text: str) -> str:
    """Drop the metadata block that the converter may put on top: it is in `fields`."""
    if text.startswith("---\n"):
        end = text.find("\n---", 4)
        return text[end + 4 :].lstrip("\n") if end > 0 else text[4:].lstrip("\n")
    return text


if __name__ == "__main__":
    main()
