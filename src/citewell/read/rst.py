"""reStructuredText's blocks, by tree-sitter's grammar; tables, which it does not know, by their borders."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Final

from citewell.model import BlockKind
from citewell.read.blocks import Span

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Tree

CODE_DIRECTIVES: Final = frozenset(
    [
        "code",
        "code-block",
        "sourcecode",
        "parsed-literal",
        "literalinclude",
        "highlight",
        "math",
        "productionlist",
        "doctest",
        "testcode",
        "testoutput",
        "testsetup",
        "console",
        "graphviz",
        "mermaid",
        "digraph",
        "prompt",
        "raw",
        "jinja",
        "ipython",
        "plot",
        "csv-table",
    ]
)
LISTS: Final = frozenset(
    {"bullet_list", "enumerated_list", "definition_list", "field_list", "option_list", "ERROR", "section"}
)
OTHER: Final = frozenset({"comment", "target", "substitution_definition", "transition"})
STRUCTURE: Final = re.compile(
    r"::$|^\s*(?:\.\. |[-*+•] |[#\w]{1,4}[.)] |:[\w ]+:|>>> |={2,} +=|\+[-=]+\+)", re.MULTILINE
)
INLINE: Final = re.compile(r"(?<=\S)[*`|_\[\]]|[*`|](?=\S)")
ORDER: Final[dict[BlockKind, int]] = {"row": 1, "code": 2, "heading": 3}
DEEPEST: Final = 8
SECONDS: Final = 2.0
"""Time for one parse: hundreds of pages take less; what takes longer was made to."""


def rst_spans(lines: list[str], depth: int = 0) -> list[Span]:
    """Return spans of headings, list items, table rows and code; the rest is paragraphs."""
    tree = _parse(lines)
    if tree is None:
        return []
    levels: dict[str, int] = {}
    spans = [*_tables(lines)]
    for node in tree.root_node.children:
        spans += _walk(node, lines, levels, depth)
    kept = [span for span in spans if not (depth and span.kind == "heading")]
    return sorted(kept, key=lambda span: ORDER.get(span.kind, 0))


def plain_title(markup: str) -> str:
    """Return a line of reStructuredText without its markup."""
    text = re.sub(r":[\w:+.-]+:(?=`)", "", markup)
    text = re.sub(r"`([^`<]*?)\s*<[^`>]*>`_{0,2}", r"\1", text)
    text = re.sub(r"`~[\w.]*?(\w+)`", r"\1", text)
    text = re.sub(r"(``|\*\*|`_{0,2}|(?<!\w)\*(?=\w)|(?<=\w)\*(?!\w))", "", text)
    return " ".join(re.sub(r"\\(.)", r"\1", text).split())


def _parse(lines: list[str]) -> Tree | None:
    """Parse the block structure. Inline marks are blanked: unclosed ones cost the parser quadratic time."""
    from tree_sitter import Parser

    bare = (INLINE.sub("x", line) if re.search(r"\w", line) else line for line in lines)
    source = ("\n".join(bare) + "\n").encode("utf-8", "replace")
    deadline = time.monotonic() + SECONDS
    try:
        return Parser(_language()).parse(
            lambda at, _: source[at : at + 65536],
            progress_callback=lambda *_: time.monotonic() > deadline,
        )
    except ValueError:  # out of time
        return None


@cache
def _language() -> Language:
    import tree_sitter_rst
    from tree_sitter import Language

    return Language(tree_sitter_rst.language())


def _rows(node: Node) -> tuple[int, int]:
    end = node.end_point.row + (node.end_point.column > 0)
    return node.start_point.row, max(end, node.start_point.row + 1)


def _walk(node: Node, lines: list[str], levels: dict[str, int], depth: int) -> Iterator[Span]:
    first, end = _rows(node)
    if node.type == "section":
        yield from _heading(node, lines, levels)
    elif node.type == "directive":
        yield from _directive(node, lines, depth)
    elif node.type == "doctest_block" or node.type == "literal_block":
        yield Span(first, end, "code")
    elif node.type in OTHER:
        yield Span(first, end, "other")
    elif depth < DEEPEST:
        deeper = depth + (node.type == "body")
        if node.type in ("list_item", "field"):
            yield Span(first, end, "item")
        for child in node.named_children:
            yield from _walk(child, lines, levels, deeper)


def _heading(node: Node, lines: list[str], levels: dict[str, int]) -> Iterator[Span]:
    """A style is an adornment's character, with or without a line above; the first seen is the top."""
    first, end = _rows(node)
    title = next((child for child in node.children if child.type == "title"), None)
    if title is None:
        return
    row = title.start_point.row
    over = row > first
    level = levels.setdefault(f"{lines[end - 1].strip()[:1]}{over}", len(levels) + 1)
    name = plain_title(lines[row].strip())
    yield Span(first, end, "heading", level, name) if name else Span(first, end, "other")


def _directive(node: Node, lines: list[str], depth: int) -> Iterator[Span]:
    first, end = _rows(node)
    name = next((child for child in node.children if child.type == "type"), None)
    body = next((child for child in node.children if child.type == "body"), None)
    content = next((child for child in body.children if child.type == "content"), None) if body else None
    if name is not None and (name.text or b"").decode() in CODE_DIRECTIVES:
        yield Span(first, end, "code")
    elif content is None:
        yield Span(first, end, "other")
    else:
        start = _rows(content)[0]
        blank = next((row for row in range(start, end) if not lines[row]), end)
        yield Span(first, blank, "paragraph")  # the mark stays with the first paragraph
        yield from _inside(lines, start, end, depth)


def _inside(lines: list[str], start: int, end: int, depth: int) -> Iterator[Span]:
    """Parse a directive's content, which the grammar leaves as it is."""
    content = lines[start:end]
    if depth >= DEEPEST or not STRUCTURE.search("\n".join(content)):
        return
    indent = min((len(line) - len(line.lstrip()) for line in content if line), default=0)
    for span in rst_spans([line[indent:] for line in content], depth + 1):
        yield span._replace(first=span.first + start, end=span.end + start)


SIMPLE: Final = re.compile(r"\s*=+(?: +=+)+")
GRID: Final = re.compile(r"\s*\+(?:[-=]+\+)+")


def _tables(lines: list[str]) -> Iterator[Span]:
    at = 0
    while at < len(lines):
        if SIMPLE.fullmatch(lines[at]):
            end = _simple_end(lines, at)
            yield from _simple_rows(lines, at, end)
        elif GRID.fullmatch(lines[at]):
            end = next(
                (n for n in range(at, len(lines)) if lines[n].lstrip()[:1] not in ("+", "|")), len(lines)
            )
            yield from _grid_rows(lines, at, end)
        else:
            end = at + 1
        at = max(end, at + 1)


def _simple_end(lines: list[str], at: int) -> int:
    """The border that a blank line follows ends a simple table; without one there is no table."""
    for row in range(at + 1, min(len(lines), at + 2000)):
        if SIMPLE.fullmatch(lines[row]) and (row + 1 == len(lines) or not lines[row + 1]):
            return row + 1
    return at


def _simple_rows(lines: list[str], first: int, end: int) -> Iterator[Span]:
    borders = [row for row in range(first, end) if SIMPLE.fullmatch(lines[row])]
    if len(borders) < 2:
        return
    margin = len(lines[first]) - len(lines[first].lstrip())
    body = borders[1] + 1 if len(borders) > 2 else first + 1
    header = " ".join(" ".join(lines[first + 1 : body - 1]).split()) if len(borders) > 2 else ""
    yield Span(first, body, "row")
    # A line whose first column is empty goes on with the row above it.
    starts = [n for n in range(body, end - 1) if lines[n][margin : margin + 1].strip()] or [body]
    for start, stop in zip(starts, [*starts[1:], end], strict=True):
        yield Span(start, stop, "row", title=header)


def _grid_rows(lines: list[str], first: int, end: int) -> Iterator[Span]:
    borders = [row for row in range(first, end) if GRID.fullmatch(lines[row])]
    headed = next((row for row in borders[1:] if "=" in lines[row]), None)
    header = " ".join(" ".join(lines[first + 1 : headed]).replace("|", " ").split()) if headed else ""
    start = first
    for row in borders[1:]:
        yield Span(start, row + 1, "row", title=header if headed is not None and start > headed else "")
        start = row + 1
