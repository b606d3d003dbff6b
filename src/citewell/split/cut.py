"""Cut what no passage can hold: at sentence ends, at lines, at words, at last between characters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Final, TypeAlias

from citewell.model import Block

Count: TypeAlias = Callable[[Sequence[str]], list[int]]

SENTENCES: Final = re.compile(r"""(?<=[.!?…])["'”’)\]]*\s+|(?<=[。！？])""")
BLANK_LINES: Final = re.compile(r"\n[^\S\n]*\n\s*")
LINES: Final = re.compile(r"\n\s*")
WORDS: Final = re.compile(r"\s+")
PROSE: Final = (SENTENCES, LINES, WORDS)
CODE: Final = (BLANK_LINES, LINES, WORDS)
PARAGRAPH: Final = re.compile(r"\S[^\n]*(?:\n(?![^\S\n]*\n)[^\n]*)*")
DENSEST: Final = 16
"""Characters a token stands for at most. A tokenizer that gives up on a word a megabyte long calls it one."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch of text that stays together, its size in tokens, and the block that it is (part) of."""

    start: int
    end: int
    size: int
    block: Block


def measure(texts: Sequence[str], count: Count) -> list[int]:
    """Return the sizes of texts in tokens; what a tokenizer skips still takes room."""
    if not texts:
        return []
    dense = [-(-sum(map(len, text.split())) // DENSEST) for text in texts]
    return [max(pair) for pair in zip(count(texts), dense, strict=True)]


def paragraphs(text: str) -> tuple[Block, ...]:
    """Return the paragraphs of a text without structure: what blank lines separate."""
    return tuple(Block(found.start(), found.end(), "paragraph") for found in PARAGRAPH.finditer(text))


def pieces(text: str, units: Sequence[tuple[Unit, int]], count: Count) -> list[list[Unit]]:
    """Cut each unit into consecutive ones of at most so many tokens; they cover it.

    One call of `count` a level, for all units together. Pieces are as small as their level makes them:
    whoever packs joins them.
    """
    done = [[unit] for unit, _ in units]
    limits = [limit for _, limit in units]
    for level in range(len(PROSE)):
        done = _round(text, done, limits, count, partial(_at, text, level))
    while any(unit.size > limit for row, limit in zip(done, limits, strict=True) for unit in row):
        before = sum(map(len, done))
        done = _round(text, done, limits, count, _between)
        if sum(map(len, done)) == before:  # single characters
            break
    return done


def _round(
    text: str,
    rows: list[list[Unit]],
    limits: Sequence[int],
    count: Count,
    cut: Callable[[Unit, int], Iterator[int]],
) -> list[list[Unit]]:
    """Cut every unit that is over its limit, and measure all the parts at once."""
    cuts = [
        [_parts(unit, cut(unit, limit)) if unit.size > limit else [unit] for unit in row]
        for row, limit in zip(rows, limits, strict=True)
    ]
    new = [part for row in cuts for parts in row if len(parts) > 1 for part in parts]
    sizes = iter(measure([text[part.start : part.end] for part in new], count))
    return [
        [replace(part, size=next(sizes)) if len(parts) > 1 else part for parts in row for part in parts]
        for row in cuts
    ]


def _parts(unit: Unit, ends: Iterator[int]) -> list[Unit]:
    bounds = [unit.start, *(end for end in ends if unit.start < end < unit.end), unit.end]
    return [replace(unit, start=a, end=b) for a, b in pairwise(bounds) if a < b]


def _at(text: str, level: int, unit: Unit, _limit: int) -> Iterator[int]:
    pattern = (CODE if unit.block.kind in ("code", "row") else PROSE)[level]
    return (found.end() for found in pattern.finditer(text, unit.start, unit.end))


def _between(unit: Unit, limit: int) -> Iterator[int]:
    length = unit.end - unit.start
    step = max(1, min(length // 2, length * limit // unit.size))
    return iter(range(unit.start + step, unit.end, step))
