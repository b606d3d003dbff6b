"""Reasoning is kept apart from the answer: what a model writes in a fence is never answer text. Pure."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Final

from citewell.model import Delta

OPEN: Final = re.compile(r"<(?:reasoning|think)>", re.IGNORECASE)
CLOSE: Final = re.compile(r"</(?:reasoning|think)>\s*", re.IGNORECASE)
_HELD: Final = 13
"""Longer than any tag: a tail that may begin one is held back until it is told."""


@dataclass
class Fence:
    """Parts a stream into answer and reasoning, whatever pieces it comes in.

    Where reasoning was asked for (`anywhere`), each fence is taken out; else only one that the output begins
    with, as some models think unasked and an answer may speak of such a tag. A fence that is never closed holds
    all that follows.
    """

    anywhere: bool = False
    began: bool = False
    _held: str = ""
    _inside: bool = False
    _thoughts: list[str] = field(default_factory=list)

    @property
    def reasoning(self) -> str:
        """Return what was inside so far; "" where it was not asked for."""
        return "".join(self._thoughts).strip() if self.anywhere else ""

    def feed(self, text: str) -> str:
        """Take the next piece; return what of it is answer."""
        self._held += text
        return self._parted(end=False)

    def end(self) -> str:
        """Return the answer's last piece, that was held back."""
        return self._parted(end=True)

    def _parted(self, end: bool) -> str:
        said: list[str] = []
        while match := self._tag().search(self._held) if self._looking() else None:
            if not self._inside and not self.anywhere and self._held[: match.start()].strip():
                break
            self._give(self._held[: match.start()], said)
            self._held = self._held[match.end() :]
            self._inside = not self._inside
        kept = 0 if end else self._tail()
        rest, self._held = self._held[: len(self._held) - kept], self._held[len(self._held) - kept :]
        self._give(rest, said)
        return "".join(said)

    def _looking(self) -> bool:
        return self._inside or self.anywhere or not self.began

    def _tag(self) -> re.Pattern[str]:
        return CLOSE if self._inside else OPEN

    def _give(self, text: str, said: list[str]) -> None:
        if self._inside:
            self._thoughts.append(text)
            return
        text = text if self.began else text.lstrip()
        self.began = self.began or bool(text)
        said.append(text)

    def _tail(self) -> int:
        """Return how many of the last characters may be the beginning of a tag."""
        if not self._looking():
            return 0
        at = self._held.rfind("<", -_HELD)
        tags = ("</reasoning>", "</think>") if self._inside else ("<reasoning>", "<think>")
        begun = at >= 0 and any(tag.startswith(self._held[at:].lower()) for tag in tags)
        return len(self._held) - at if begun else 0


async def parted(deltas: AsyncIterator[Delta], fence: Fence) -> AsyncIterator[Delta]:
    """Yield what of a model's output is answer; the fence keeps the rest."""
    async for delta in deltas:
        text = fence.feed(delta.text)
        if text or delta.usage is not None:
            yield replace(delta, text=text)
    if rest := fence.end():
        yield Delta(rest)
