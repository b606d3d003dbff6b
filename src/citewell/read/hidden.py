"""Marks around text that the readers of a file do not see, put in before it is converted, taken out after.

The marks are private-use characters, which documents do not have (what looks like one is removed first); the
converter carries them along like any other letter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from citewell.hostile import Hidden
from citewell.suspicion import STANDS_IN

_BASE: Final = 0xE010
_CLOSE: Final = "\ue00f"
OURS: Final = re.compile("[\ue000-\ue03f]")
HOW: Final = (
    "it has the colour of what is behind it",
    "it is off the page",
    "it is transparent",
    "it is too small to read",
    "its style says that it is not displayed",
    STANDS_IN,
    "it is formatted as hidden",
    "it is drawn without ink",
)
COLOUR, OFF_PAGE, TRANSPARENT, TINY, UNDISPLAYED, PICTURE, FORMATTED, INKLESS = range(len(HOW))
_MARK: Final = re.compile(f"[\ue00f-{chr(_BASE + len(HOW) - 1)}]")


def marked(text: str, how: int) -> str:
    """Return text between marks, one of the places in HOW."""
    return f"{chr(_BASE + how)}{text}{_CLOSE}" if text.strip() else text


def unmarked(text: str) -> tuple[str, tuple[Hidden, ...]]:
    """Return a text without marks, and the spans that stood between them; one that is never closed ends its line."""
    pieces: list[str] = []
    spans: list[Hidden] = []
    open_at: tuple[int, int] | None = None
    length = last = 0
    for match in _MARK.finditer(text):
        pieces.append(text[last : match.start()])
        length += len(pieces[-1])
        last = match.end()
        if open_at is not None:
            spans.append(Hidden(open_at[0], length, HOW[open_at[1]]))
        open_at = None if match.group() == _CLOSE else (length, ord(match.group()) - _BASE)
    whole = "".join(pieces) + text[last:]
    if open_at is not None:
        end = whole.find("\n", open_at[0])
        spans.append(Hidden(open_at[0], end if end >= 0 else len(whole), HOW[open_at[1]]))
    return whole, joined(whole, spans)


def joined(text: str, spans: Sequence[Hidden]) -> tuple[Hidden, ...]:
    """Return spans with something in them, neighbours that only space and markup part as one."""
    found: list[Hidden] = []
    for one in spans:
        if not text[one.start : one.end].strip():
            continue
        if found and found[-1].how == one.how and not re.search(r"\w", text[found[-1].end : one.start]):
            found[-1] = Hidden(found[-1].start, one.end, one.how)
        else:
            found.append(one)
    return tuple(found)
