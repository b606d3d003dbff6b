"""Readers of text that stays as it is: Markdown, reStructuredText, plain text, source code."""

from __future__ import annotations

from typing import Final

from citewell.incoming import Blob
from citewell.read.blocks import Syntax, blocks, sniff_syntax
from citewell.read.decode import decode
from citewell.read.formats import ending_of
from citewell.read.front import front_matter
from citewell.read.limits import Draft, Limits

SNIFFED: Final = (".txt", ".text", "")


def read_markdown(blob: Blob, limits: Limits) -> list[Draft]:
    """Read Markdown; front matter becomes fields and gets no blocks."""
    return [markdown_draft(decode(blob, limits))]


def read_rst(blob: Blob, limits: Limits) -> list[Draft]:
    """Read reStructuredText."""
    text = decode(blob, limits)
    return [Draft(text, blocks(text, "rst"), type="rst")]


def read_plain(blob: Blob, limits: Limits) -> list[Draft]:
    """Read text of unknown markup: .txt is often reStructuredText or Markdown."""
    text = decode(blob, limits)
    syntax: Syntax = sniff_syntax(text) if ending_of(blob.name) in SNIFFED or "://" in blob.name else "plain"
    return [markdown_draft(text) if syntax == "markdown" else Draft(text, blocks(text, syntax), type=syntax)]


def read_code(blob: Blob, limits: Limits) -> list[Draft]:
    """Read source code; its title is the file's name."""
    text = decode(blob, limits)
    name = blob.name.rstrip("/").rpartition("/")[2]
    return [Draft(text, blocks(text, "code"), title=name)]


def markdown_draft(text: str) -> Draft:
    """Return Markdown as a draft, front matter apart."""
    front, skip = front_matter(text)
    title = front.get("title")
    return Draft(
        text,
        blocks(text, "markdown", skip),
        title if isinstance(title, str) else "",
        front=front,
        type="markdown",
    )
