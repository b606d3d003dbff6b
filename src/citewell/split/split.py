"""Pack a document's blocks into passages that an embedder sees whole.

A passage never crosses a heading, except that a heading without text of its own goes with its first
subheading. Within a section neighbouring blocks are packed up to `tokens`; lists, tables and code stay
whole and with what introduces them ("…:") when they fit; what is too large is cut by `cut.pieces`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from citewell.model import Block, Document
from citewell.split.cut import Count, Unit, measure, paragraphs, pieces
from citewell.split.prefix import LONGEST, first, prefix

LABEL: Final = re.compile(r"\s*(?:\.\. _[^\n]+:|\([^\s()]+\)=|)\s*")
"""reStructuredText's `.. _name:` and MyST's `(name)=`: they stand before the heading that they name."""
SMALLEST: Final = 24
"""Tokens left for the text however long the prefix is."""
LONGEST_HEADING: Final = 48
"""Tokens of headings that may go with the text below them; longer ones are a passage of their own."""


@dataclass(frozen=True, slots=True)
class Span:
    """A passage to be: `document.text[start:end]`, its heading path, 1-based line and page; the rest as in Passage."""

    start: int
    end: int
    heading: str
    line: int
    page: int | None = None
    context: str = ""
    written: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading: the heading (with those above it that have no text) and the rest."""

    heading: str
    lead: Unit | None
    body: tuple[Unit, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """A text, the tokens of each table header in it, and the units that had to be cut."""

    text: str
    headers: dict[str, int]
    parts: dict[Unit, list[Unit]]

    def header(self, unit: Unit) -> int:
        """Return the tokens that a passage which begins with this unit needs for a table's header."""
        return self.headers[unit.block.title] if self.context(unit) else 0

    def context(self, unit: Unit) -> str:
        """Return the header of the table whose later rows a unit is; "" where it begins with its header."""
        block = unit.block
        whole = block.kind == "row" and not self.text.startswith(block.title, unit.start)
        return block.title if whole else ""


def split(document: Document, *, count: Count, tokens: int = 200) -> list[Span]:
    """Return a document's passages, in order: exact, stripped spans that lose no word of its blocks.

    `tokens` (at least 32) bounds prefix, context and text together, in the units of `count`; SMALLEST
    are left for the text at the least. `count` is called a handful of times, with many texts each.
    """
    text, title = document.text, document.title
    blocks = document.blocks or paragraphs(text)
    sections = list(_sections(document, _units(text, blocks, count)))
    if not sections:
        return []
    headers = list({block.title for block in blocks if block.kind == "row"})
    fronts = [prefix(title, section.heading) for section in sections]
    sizes = count([*fronts, *(first(header, LONGEST) for header in headers)])
    rooms = [max(SMALLEST, tokens - size) for size in sizes[: len(fronts)]]
    known = Measured(text, dict(zip(headers, sizes[len(fronts) :], strict=True)), {})
    sections = [_leading(section, room) for section, room in zip(sections, rooms, strict=True)]
    large = [
        pair for section, room in zip(sections, rooms, strict=True) for pair in _large(section, room, known)
    ]
    for (unit, _), parts in zip(large, pieces(text, large, count), strict=True):
        known.parts[unit] = parts
    newlines = [at for at, letter in enumerate(text) if letter == "\n"]
    spans = [
        _span(known, section.heading, packed, newlines)
        for section, room in zip(sections, rooms, strict=True)
        for packed in _pack(section, room, known)
    ]
    return [span for span in spans if span.start < span.end]


def _units(text: str, blocks: Sequence[Block], count: Count) -> list[Unit]:
    """Measure blocks, each with the space up to the next one."""
    ends = [block.start for block in blocks[1:]] + [len(text)] * bool(blocks)
    stretches = [text[block.start : end] for block, end in zip(blocks, ends, strict=True)]
    sizes = measure(stretches, count)
    return [
        Unit(block.start, end, size, block)
        for block, end, size, stretch in zip(blocks, ends, sizes, stretches, strict=True)
        if stretch.strip()
    ]


def _sections(document: Document, units: Iterable[Unit]) -> Iterator[Section]:
    """Group units by the heading they stand under."""
    above: list[Block] = []
    lead: Unit | None = None
    body: list[Unit] = []
    for unit in units:
        if unit.block.kind != "heading":
            body.append(unit)
            continue
        labels = _labels(document.text, body)
        deeper = lead is not None and not body and unit.block.level > lead.block.level
        if (lead or body) and not deeper:
            yield Section(_path(document.title, above), lead, tuple(body))
            lead, body = None, []
        above = [*(one for one in above if one.level < unit.block.level), unit.block]
        lead = _join([*([lead] if lead else []), *labels, unit], unit.block)
    if lead or body:
        yield Section(_path(document.title, above), lead, tuple(body))


def _labels(text: str, body: list[Unit]) -> list[Unit]:
    """Take the labels at the end of a section out of it: they belong to the next heading."""
    at = len(body)
    while at and all(map(LABEL.fullmatch, text[body[at - 1].start : body[at - 1].end].splitlines())):
        at -= 1
    labels = body[at:]
    del body[at:]
    return labels


def _path(title: str, above: Sequence[Block]) -> str:
    names = [name for block in above if (name := " ".join(block.title.split()))]
    return " > ".join(names[1:] if names and names[0] == " ".join(title.split()) else names)


def _leading(section: Section, room: int) -> Section:
    """Let a heading that is too long to go with the text, or has none, stand for itself."""
    lead = section.lead
    if lead and (not section.body or lead.size > min(LONGEST_HEADING, room // 2)):
        return Section(section.heading, None, (lead, *section.body))
    return section


def _large(section: Section, room: int, known: Measured) -> Iterator[tuple[Unit, int]]:
    """Yield the units that no passage can hold, each with the tokens that its parts may have."""
    taken = section.lead.size if section.lead else 0
    for unit in section.body:
        most = max(SMALLEST // 2, room - taken - known.header(unit))
        if unit.size > most:
            yield unit, most
        taken = 0


def _pack(section: Section, room: int, known: Measured) -> Iterator[Unit]:
    """Yield each passage of a section as one unit."""
    held = [section.lead] if section.lead else []
    used = section.lead.size if section.lead else 0
    alone = bool(held)
    for unit in _together(section, room, known):
        if held and not alone and used + unit.size > room:
            yield _join(held, held[0].block)
            held, used = [], 0
        if not held:
            used = known.header(unit)
        held.append(unit)
        used += unit.size
        alone = False
    if held:
        yield _join(held, held[0].block)


def _together(section: Section, room: int, known: Measured) -> Iterator[Unit]:
    """Yield what a passage should hold whole if it can: lists, tables, and "…:" with what it introduces."""
    most = room - (section.lead.size if section.lead else 0)
    intro: Unit | None = None
    for group in _groups(section.body):
        parts = [part for unit in group for part in known.parts.get(unit, [unit])]
        if sum(part.size for part in parts) + known.header(parts[0]) <= most:
            parts = [_join(parts, parts[0].block)]
        if intro and intro.size + parts[0].size <= most:
            parts[0] = _join([intro, parts[0]], intro.block)
        elif intro:
            yield intro
            most = room
        intro = parts.pop() if _introduces(known.text, parts[-1]) else None
        yield from parts
        most = room if parts else most
    if intro:
        yield intro


def _groups(body: Sequence[Unit]) -> Iterator[list[Unit]]:
    """Yield the items of a list together, the rows of a table, and everything else alone."""

    def same(pair: tuple[int, Unit]) -> object:
        at, unit = pair
        return unit.block.kind if unit.block.kind in ("item", "row") else at

    for _, found in groupby(enumerate(body), same):
        yield [unit for _, unit in found]


def _introduces(text: str, unit: Unit) -> bool:
    return unit.block.kind == "paragraph" and text[unit.start : unit.end].rstrip().endswith((":", "："))


def _join(units: Sequence[Unit], block: Block) -> Unit:
    return Unit(units[0].start, units[-1].end, sum(unit.size for unit in units), block)


def _span(known: Measured, heading: str, packed: Unit, newlines: Sequence[int]) -> Span:
    inside = known.text[packed.start : packed.end]
    start = packed.start + len(inside) - len(inside.lstrip())
    end = packed.start + len(inside.rstrip())
    line = bisect_right(newlines, start - 1) + 1
    return Span(start, end, heading, line, packed.block.page, known.context(packed))
