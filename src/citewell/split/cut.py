"""Cut a block that no passage can hold: at sentence ends, at lines, at words, at last between characters."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from citewell.model import Block

PROSE: Final = (r"(?<=[.!?。！？])\s+", r"\n", r"\s+")
LINES: Final = (r"\n\s*\n", r"\n", r"\s+")
PER_TOKEN: Final = 2
"""Characters per token when nothing but characters is left to cut at."""


def pieces(
    text: str, block: Block, room: int, count: Callable[[Sequence[str]], list[int]]
) -> list[tuple[int, int, int]]:
    """Return (start, end, tokens) of consecutive spans that cover the block, each of at most `room` tokens.

    (Between characters, where the tokenizer may count a cut word as more, a little over is possible.)
    """
    levels = LINES if block.kind in ("code", "row") else PROSE
    whole = text[block.start : block.end]
    done: list[tuple[int, int, int]] = []
    todo = [(block.start, block.end, count([whole])[0])]
    for pattern in levels:
        if all(size <= room for _, _, size in todo):
            break
        done = []
        for start, end, size in todo:
            done += [(start, end, size)] if size <= room else _cut(text, (start, end), pattern, count)
        todo = _join(done, room)
    return [part for span in todo for part in _characters(span, room)]


def paragraphs(text: str) -> tuple[Block, ...]:
    """Return the paragraphs of a text without structure: what blank lines separate."""
    return tuple(
        Block(found.start(), found.end(), "paragraph") for found in re.finditer(r"\S(?:.|\n(?!\s*\n))*", text)
    )


def _cut(
    text: str, span: tuple[int, int], pattern: str, count: Callable[[Sequence[str]], list[int]]
) -> list[tuple[int, int, int]]:
    ends = [found.end() for found in re.compile(pattern).finditer(text, *span)]
    bounds = sorted({span[0], *ends, span[1]})
    spans = list(zip(bounds, bounds[1:], strict=False))
    sizes = count([text[start:end] for start, end in spans])
    return [(start, end, size) for (start, end), size in zip(spans, sizes, strict=True)]


def _join(spans: Sequence[tuple[int, int, int]], room: int) -> list[tuple[int, int, int]]:
    """Join neighbours while they fit."""
    joined: list[tuple[int, int, int]] = []
    for start, end, size in spans:
        if joined and joined[-1][2] + size <= room:
            joined[-1] = (joined[-1][0], end, joined[-1][2] + size)
        else:
            joined.append((start, end, size))
    return joined


def _characters(span: tuple[int, int, int], room: int) -> list[tuple[int, int, int]]:
    start, end, size = span
    if size <= room:
        return [span]
    step = max(1, min((end - start) * room // size, room * PER_TOKEN))
    return [(at, min(end, at + step), room) for at in range(start, end, step)]
