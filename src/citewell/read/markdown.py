"""Markdown's blocks, by markdown-it-py's line map of its block tokens (CommonMark and tables)."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from citewell.read.blocks import Span

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

ANCHOR: Final = re.compile(r"\s*\{[#:][^}]*\}\s*$")
LONGEST_TITLE: Final = 300
CODE: Final = ("fence", "code_block")


def markdown_spans(lines: list[str]) -> list[Span]:
    """Return spans of headings, list items, table rows, code and HTML; the rest is paragraphs."""
    tokens = _parser().parse("\n".join(lines))
    spans: list[Span] = []
    header = ""
    for at, token in enumerate(tokens):
        if token.map is None:
            continue
        first, end = token.map
        if token.type == "heading_open" and token.level == 0:
            spans.append(_heading(token, tokens[at + 1].content))
        elif token.type == "list_item_open":
            spans.append(Span(first, end, "item"))
        elif token.type in CODE:
            spans.append(Span(first, end, "code"))
        elif token.type in ("hr", "html_block"):
            spans.append(Span(first, end, "other"))
        elif token.type == "thead_open":
            header = lines[first].strip()
            spans.append(Span(first, end + 1, "row"))  # with the line of dashes below it
        elif token.type == "tr_open" and tokens[at - 1].type != "thead_open":
            spans.append(Span(first, end, "row", title=header))
    return spans


def plain_title(markup: str) -> str:
    """Return a line of Markdown without its markup."""
    inline = _inline().parseInline(ANCHOR.sub("", markup[:LONGEST_TITLE]))
    children = inline[0].children or [] if inline else []
    kept = "".join(" " if one.type.endswith("break") else one.content for one in children if _spoken(one))
    return " ".join(kept.split())


def _heading(token: Token, markup: str) -> Span:
    assert token.map is not None
    first, end = token.map
    title = plain_title(markup)
    return Span(first, end, "heading", int(token.tag[1]), title) if title else Span(first, end, "other")


def _spoken(token: Token) -> bool:
    return token.type in ("text", "text_special", "code_inline", "image", "softbreak", "hardbreak")


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


@cache
def _inline() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark")
