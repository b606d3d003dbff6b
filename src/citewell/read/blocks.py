"""Text -> blocks: which lines are a heading, a list item, a table row, code?

Parsers see lines and answer with spans of lines; the spans are painted over the text, inner ones over
outer ones, and what no span claims becomes paragraphs. So blocks are exact, ordered, never overlap and
cover all text whatever a parser says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Final, Literal, NamedTuple, TypeAlias

from citewell.model import Block, BlockKind

Syntax: TypeAlias = Literal["markdown", "rst", "plain", "code"]

WIDEST: Final = 2000
"""Characters of a line that a parser sees: markup has none longer, and parsers are slow on them."""
LARGEST: Final = 1_500_000
"""Characters that are parsed as markup; a longer text is read as paragraphs."""
SNIFFED: Final = 200_000


class Span(NamedTuple):
    """Lines `first` to `end` (not included) are one block."""

    first: int
    end: int
    kind: BlockKind
    level: int = 0
    title: str = ""


def blocks(text: str, syntax: Syntax, skip: int = 0) -> tuple[Block, ...]:
    """Return the blocks of `text`: exact spans in order that cover every non-space character.

    The first `skip` characters, whole lines (front matter), get none.
    """
    lines = text.split("\n")
    first = text.count("\n", 0, skip) + (0 < skip == len(text) and not text.endswith("\n"))
    spans = _spans(text, lines, syntax, first)
    return tuple(_painted(lines, spans, first))


def sniff_syntax(text: str) -> Syntax:
    """Guess a text's markup by reStructuredText's adornments and directives and by Markdown's marks."""
    sample = text[:SNIFFED]
    rst = sum(_count(one, sample) for one in (ROLE, LINK, UNDERLINED))
    rst += 3 * (_count(OVERLINED, sample) + _count(DIRECTIVE, sample))
    markdown = 2 * _count(ATX, sample) + 3 * _count(FENCE, sample) + _count(INLINE_LINK, sample)
    if not rst and not markdown:
        return "plain"
    return "rst" if rst >= markdown else "markdown"


OVERLINED: Final = re.compile(r"^([=\-~^\"'#*+])\1{2,}\n[ \t]*\S.{0,200}\n\1{3,}[ \t]*$", re.MULTILINE)
UNDERLINED: Final = re.compile(r"^\S.{2,200}\n([=\-~^\"'#*+])\1{2,}[ \t]*$", re.MULTILINE)
DIRECTIVE: Final = re.compile(r"^[ \t]*\.\. (?:[\w:+.-]{1,60}::|_[^\n]{1,200}:|\[)", re.MULTILINE)
ROLE: Final = re.compile(r":[\w:+.-]{1,40}:`[^`\n]{1,200}`")
LINK: Final = re.compile(r"`[^`\n]{1,200}`__?\b|\w::$", re.MULTILINE)
ATX: Final = re.compile(r"^#{1,6} \S", re.MULTILINE)
FENCE: Final = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)
INLINE_LINK: Final = re.compile(r"\[[^\]\n]{1,200}\]\([^)\s]{1,300}\)")


def _count(pattern: re.Pattern[str], text: str) -> int:
    return sum(1 for _ in pattern.finditer(text))


def _spans(text: str, lines: Sequence[str], syntax: Syntax, first: int) -> list[Span]:
    if syntax == "plain" or len(text) > LARGEST:
        return []
    seen = [line[:WIDEST].replace("\r", " ").replace("\0", " ").rstrip() for line in lines]
    seen[:first] = [""] * first
    try:
        return _parser(syntax)(seen)
    except RecursionError:
        return []


def _parser(syntax: Syntax) -> Callable[[list[str]], list[Span]]:
    if syntax == "markdown":
        from citewell.read.markdown import markdown_spans

        return markdown_spans
    if syntax == "rst":
        from citewell.read.rst import rst_spans

        return rst_spans
    return code_spans


def code_spans(lines: Sequence[str]) -> list[Span]:
    """Cut source code where a blank line is followed by a line that is not indented."""
    starts = [0]
    for at in range(1, len(lines)):
        line = lines[at]
        if line and not line[0].isspace() and line[0] not in ")]}" and not lines[at - 1].strip():
            starts.append(at)
    return [Span(a, b, "code") for a, b in zip(starts, [*starts[1:], len(lines)], strict=True)]


def _painted(lines: Sequence[str], spans: Sequence[Span], first: int) -> Iterator[Block]:
    owners = [-1] * len(lines)
    for number, span in enumerate(spans):
        start, end = max(span.first, 0), min(span.end, len(lines))
        if start < end:
            owners[start:end] = [number] * (end - start)
    offsets = [0, *accumulate(len(line) + 1 for line in lines)]
    at = first
    while at < len(lines):
        end, owner = at + 1, owners[at]
        while end < len(lines) and owners[end] == owner and (owner >= 0 or lines[end - 1].strip()):
            end += 1
        block = _block(lines, offsets, (at, end), spans[owner] if owner >= 0 else Span(at, end, "paragraph"))
        if block is not None:
            yield block
        at = end


def _block(lines: Sequence[str], offsets: Sequence[int], run: tuple[int, int], span: Span) -> Block | None:
    """Return the run of lines as a block without the space around it; code keeps its first line's indent."""
    first, last = run[0], run[1] - 1
    while first <= last and not lines[first].strip():
        first += 1
    while first <= last and not lines[last].strip():
        last -= 1
    if first > last:
        return None
    indent = 0 if span.kind == "code" else len(lines[first]) - len(lines[first].lstrip())
    return Block(
        offsets[first] + indent, offsets[last] + len(lines[last].rstrip()), span.kind, span.level, span.title
    )
