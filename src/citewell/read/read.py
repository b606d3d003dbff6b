"""read(blob) -> documents."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from citewell.errors import Unreadable
from citewell.model import Blob, Block, Document, Fields
from citewell.read import native, tables, text
from citewell.read.blocks import blocks, sniff_syntax
from citewell.read.formats import NATIVE, TEXTUAL, media_type
from citewell.read.limits import Limits


def read(blob: Blob, limits: Limits = Limits()) -> list[Document]:
    """Return the documents in a file: one, or one for each record of a JSONL file.

    Unreadable, with the file's name and one line of why, for all that cannot be read.
    """
    if len(blob.data) > limits.max_bytes:
        raise Unreadable(
            blob.name, f"is {len(blob.data)} bytes, more than read.max_bytes = {limits.max_bytes}"
        )
    if not blob.data.strip():
        raise Unreadable(blob.name, "is empty")
    kind = media_type(blob.name, blob.media_type, blob.data)
    if kind in NATIVE:
        documents = [_native(blob, kind, limits)]
    elif kind in TEXTUAL:
        documents = _textual(blob, kind)
    else:
        raise Unreadable(blob.name, f"is {kind}, which Citewell does not read")
    for document in documents:
        if not document.text.strip():
            raise Unreadable(
                blob.name,
                "holds no text (a scan needs OCR first)" if kind == "application/pdf" else "holds no text",
            )
        if len(document.text) > limits.max_characters:
            raise Unreadable(
                blob.name, f"has more than read.max_characters = {limits.max_characters} of text"
            )
    return documents


def _textual(blob: Blob, kind: str) -> list[Document]:
    body = text.decode(blob.name, blob.data)
    if kind == "application/x-ndjson":
        return [
            _record(blob, number, line) for number, line in enumerate(body.split("\n"), 1) if line.strip()
        ]
    if kind in ("text/csv", "text/tab-separated-values"):
        return [_document(blob, kind, body, tables.blocks(body, blob.name), {})]
    if kind == "application/json":
        _check_json(blob.name, body)
    syntax = {"text/markdown": "markdown", "text/x-rst": "rst", "text/plain": sniff_syntax(body)}.get(
        kind, "code"
    )
    fields, start = text.front_matter(body) if syntax in ("markdown", "plain") else ({}, 0)
    return [_document(blob, kind, body, blocks(body, syntax, start), fields)]


def _native(blob: Blob, kind: str, limits: Limits) -> Document:
    parsed = native.parse(blob.name, blob.data, kind, limits)
    found = _paged(blocks(parsed.text, parsed.syntax), parsed.pages)
    return _document(blob, kind, parsed.text, found, parsed.fields)


def _paged(found: tuple[Block, ...], pages: list[int]) -> tuple[Block, ...]:
    """Give each block the page that it starts on; a page's first offset is in `pages`."""
    if not pages:
        return found
    from bisect import bisect_right

    return tuple(replace(block, page=bisect_right(pages, block.start)) for block in found)


def _document(blob: Blob, kind: str, body: str, found: tuple[Block, ...], fields: Fields) -> Document:
    own = {"path": blob.name, "type": (TEXTUAL | NATIVE)[kind], **blob.fields, **fields}
    title = own.get("title") or next(
        (block.title for block in found if block.kind == "heading" and block.title), ""
    )
    return Document(
        id=blob.name,
        text=body,
        title=str(title or PurePosixPath(blob.name).stem)[:300],
        fields=own,
        source=blob.source or blob.name,
        media_type=kind,
        blocks=found,
    )


def _record(blob: Blob, number: int, line: str) -> Document:
    """A JSONL record with `text` is a document of its own; any other is shown as it is."""
    record = _check_json(f"{blob.name}, line {number}", line)
    if not isinstance(record, dict) or not isinstance(record.get("text"), str):
        record = {"text": line}
    body = text.decode(blob.name, record["text"].encode("utf-8", "replace"))
    identity = record.get("_id", record.get("id", number))
    others = {key: value for key, value in record.items() if key not in ("text", "_id", "id")}
    one = replace(blob, name=f"{blob.name}#{identity}", source=blob.source or blob.name)
    return _document(one, "application/x-ndjson", body, blocks(body, sniff_syntax(body)), text.flat(others))


def _check_json(name: str, body: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable(name, f"is not valid JSON ({error})") from None
