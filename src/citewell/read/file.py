"""read(): one file's bytes -> its documents."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final

from citewell.access import READERS
from citewell.collection import COLLECTION
from citewell.errors import Unreadable
from citewell.incoming import Blob
from citewell.model import Document, Value
from citewell.read.formats import FORMATS, Format, format_of
from citewell.read.limits import Draft, Limits

LONGEST_TITLE: Final = 300
OURS: Final = ("id", "path", READERS, COLLECTION)
"""Fields that nothing in a file may set: they say which document it is, where, and who may see it."""


def read(blob: Blob, limits: Limits = Limits()) -> list[Document]:
    """Return the documents in a file: one, or one for each record of a JSON(L) file of records.

    Unreadable, with one line of why, for what is broken, encrypted, empty, no text, or past a limit.
    Every document has the fields `path` and `type`, then what the format and its author say, in which
    front matter goes before the blob's own fields.
    """
    if not blob.data:
        raise Unreadable(blob.name, "is empty (0 bytes)")
    if len(blob.data) > limits.max_bytes:
        raise Unreadable(
            blob.name, f"has {len(blob.data)} bytes, more than {limits.max_bytes} (read.max_bytes)"
        )
    found = format_of(blob)
    if found.isolated:
        from citewell.read.isolate import read_isolated

        drafts = read_isolated(found, blob, limits)
    else:
        drafts = read_here(found, blob, limits)
    return [_document(blob, found, draft) for draft in drafts]


def read_here(found: Format, blob: Blob, limits: Limits) -> list[Draft]:
    """Run a format's reader in this process."""
    import importlib

    module, _, name = found.reader.partition(":")
    drafts: list[Draft] = getattr(importlib.import_module(f"citewell.read.{module}"), name)(blob, limits)
    return drafts


def _document(blob: Blob, found: Format, draft: Draft) -> Document:
    kind = draft.type or found.name
    front = {name: value for name, value in draft.front.items() if name not in OURS}
    told = {name: value for name, value in draft.fields.items() if name not in OURS}
    own: dict[str, Value] = {"path": blob.name, "type": kind}
    fields = {**own, **told, **blob.fields, **front}
    return Document(
        id=f"{blob.name}#{draft.part}" if draft.part else blob.name,
        text=draft.text,
        title=_title(blob, draft),
        fields={name: value for name, value in fields.items() if value is not None},
        source=blob.source,
        media_type=FORMATS[kind].media_type,
        blocks=draft.blocks,
        hidden=draft.hidden,
    )


def _title(blob: Blob, draft: Draft) -> str:
    """Return the title that was given with the bytes, else the text's own, else the words of its name."""
    given = blob.fields.get("title")
    own = draft.title or next((block.title for block in draft.blocks if block.kind == "heading"), "")
    title = given if isinstance(given, str) and given.strip() and not draft.part else own
    return " ".join((title or _words(PurePosixPath(blob.name.rstrip("/")).stem)).split())[:LONGEST_TITLE]


def _words(stem: str) -> str:
    """Return a file's name, or "" for an identifier: a title goes in front of what is embedded."""
    digits = sum(letter.isdigit() for letter in stem)
    return "" if digits * 4 > len(stem) else stem
