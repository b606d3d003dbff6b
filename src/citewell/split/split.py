"""Pack a document's blocks into passages that an embedder sees whole.

A passage never crosses a heading, except that a heading without text of its own goes with what follows
it. Within a section neighbouring blocks are packed up to `tokens`; what introduces a list, table or code
("…:") stays with it; a block that is too large is cut by `cut.pieces`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from citewell.model import Block, Document
from citewell.split.cut import paragraphs, pieces

Count: TypeAlias = Callable[[Sequence[str]], list[int]]

LONGEST_PREFIX: Final = 240
"""Characters of "title > heading" put in front of a passage: about 60 tokens of English."""
SMALLEST: Final = 24
"""Tokens left for the text however long the prefix is."""
LONGEST_HEADING: Final = 48
"""Tokens of headings that may go with the text below them; longer ones are a passage of their own."""


@dataclass(frozen=True, slots=True)
class Span:
    """A passage to be: `document.text[start:end]`, its heading path, 1-based line and page."""

    start: int
    end: int
    heading: str
    line: int
    page: int | None = None
    context: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch of blocks that stays together while it fits."""

    start: int
    end: int
    tokens: int
    block: Block


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading: the headings' own start and tokens, and the blocks below."""

    path: tuple[str, ...]
    start: int | None
    tokens: int
    blocks: tuple[Block, ...]


def split(document: Document, *, count: Count, tokens: int = 200) -> list[Span]:
    """Return a document's passages, in order: exact, stripped spans that lose no word of its blocks.

    `tokens` (at least 48) bounds prefix and text together, in the units of `count`.
    """
    blocks = document.blocks or paragraphs(document.text)
    sizes = dict(zip(blocks, count([document.text[b.start : b.end] for b in blocks]), strict=True))
    sections = list(_sections(document, blocks, sizes))
    prefixes = count([_prefix(document.title, " > ".join(section.path)) for section in sections])
    lines = [at for at, letter in enumerate(document.text) if letter == "\n"]
    spans: list[Span] = []
    for section, prefix in zip(sections, prefixes, strict=True):
        room = max(SMALLEST, tokens - prefix)
        for start, end, block in _pack(document.text, section, sizes, room, count):
            start, end = _strip(document.text, start, end)
            if start < end:
                context = (
                    block.title if block.kind == "row" and block.title not in document.text[start:end] else ""
                )
                line = bisect_right(lines, start - 1) + 1
                spans.append(Span(start, end, " > ".join(section.path), line, block.page, context))
    return spans


def embedded_text(title: str, heading: str, context: str, text: str) -> str:
    """Return what is embedded and indexed of a passage: title > heading, a table's header, the text."""
    return "\n".join(part for part in (_prefix(title, heading), context[:LONGEST_PREFIX], text) if part)


def _prefix(title: str, heading: str) -> str:
    whole = " > ".join(part for part in (title, heading) if part)
    if len(whole) <= LONGEST_PREFIX:
        return whole
    # The innermost headings say most about the passage.
    kept = title[: LONGEST_PREFIX // 3]
    return f"{kept} > {heading[-(LONGEST_PREFIX - len(kept)) :]}" if heading else title[:LONGEST_PREFIX]


def _sections(document: Document, blocks: Sequence[Block], sizes: dict[Block, int]) -> Iterator[Section]:
    """Group blocks by the heading they stand under; headings without text join the next section."""
    open_: list[tuple[int, str]] = []
    body: list[Block] = []
    start: int | None = None
    headings = 0
    for block in blocks:
        if block.kind != "heading":
            body.append(block)
            continue
        if body:
            yield Section(_path(open_, document.title), start, headings, tuple(body))
            body, start, headings = [], None, 0
        open_ = [(level, title) for level, title in open_ if level < block.level]
        open_.append((block.level, " ".join(block.title.split())))
        start = block.start if start is None else start
        headings += sizes[block]
    if body or start is not None:
        last = tuple(body) or (replace(blocks[-1], kind="other"),)
        yield Section(_path(open_, document.title), start, headings if body else 0, last)


def _path(open_: Sequence[tuple[int, str]], title: str) -> tuple[str, ...]:
    names = [name for _, name in open_ if name]
    return tuple(names[1:] if names and names[0] == title else names)


def _pack(
    text: str, section: Section, sizes: dict[Block, int], room: int, count: Count
) -> Iterator[tuple[int, int, Block]]:
    """Yield (start, end, first block) of each passage of a section."""
    start, used, end = section.start, section.tokens, 0
    if start is not None and used > LONGEST_HEADING and start < section.blocks[0].start:
        yield start, section.blocks[0].start, section.blocks[0]
        start, used = None, 0
    first: Block | None = None
    for unit in _units(text, section.blocks, sizes, room, count):
        if first is not None and used + unit.tokens > room:
            yield start if start is not None else first.start, end, first
            start, used, first = unit.start, 0, None
        if first is None:
            first, start = unit.block, unit.start if start is None else start
        used, end = used + unit.tokens, unit.end
    if first is not None and start is not None:
        yield start, end, first


def _units(
    text: str, blocks: Sequence[Block], sizes: dict[Block, int], room: int, count: Count
) -> Iterator[Unit]:
    """Join what introduces with what it introduces, and cut what is too large."""
    held: Unit | None = None
    for block in blocks:
        unit = Unit(block.start, block.end, sizes.get(block, 0), block)
        if held is not None and block.kind in ("code", "item", "row") and held.tokens + unit.tokens <= room:
            unit = Unit(held.start, unit.end, held.tokens + unit.tokens, held.block)
        elif held is not None:
            yield held
        held = None
        if unit.tokens > room:
            for start, end, size in pieces(text, block, room, count):
                yield Unit(start, end, size, block)
        elif text[unit.start : unit.end].rstrip().endswith(":"):
            held = unit
        else:
            yield unit
    if held is not None:
        yield held


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    inside = text[start:end]
    return start + len(inside) - len(inside.lstrip()), end - (len(inside) - len(inside.rstrip()))
