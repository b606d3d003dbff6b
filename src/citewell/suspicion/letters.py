"""Characters that nobody sees: zero-width, direction marks, tags. What a text says without them. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

_ZERO: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f"
    "\u3164\ufeff\uffa0"
)
HIDDEN_LETTERS: Final = re.compile(f"[{_ZERO}\U000e0000-\U000e007f\U000e0100-\U000e01ef\ufe00-\ufe0f]+")
"""Runs of characters without a shape of their own."""
_TAGS: Final = re.compile("[\U000e0020-\U000e007e]{2,}")
_EMOJI: Final = re.compile("[\u00a9-\u3299\U0001f000-\U0001faff]")
_FLAG: Final = "\U0001f3f4"
_WRITTEN: Final = re.compile("[\u0590-\u08ff\u0900-\u0dff\u0e00-\u0fff\u1780-\u18af\ufb1d-\ufefc]")
"""Scripts that are written with joiners and direction marks: Hebrew, Arabic, Indic, Thai, Khmer, Mongolian."""
_LOOKALIKE: Final = str.maketrans(
    "аеорсухіјѕԁһӏԛԝАВЕКМНОРСТХІЈЅοαρυνιτκΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcyxijsdhlqwABEKMHOPCTXIJSoapuvitkABEZHIKMNOPTYX",
)
_LATIN: Final = re.compile("[A-Za-z]")
_FEWEST: Final = 2


def plain(text: str) -> str:
    """Return what a text says: hidden letters gone (tags spelled out), compatible forms and lookalikes as ASCII."""
    spelled = (
        _TAGS.sub(lambda run: f" {_spelled(run.group())} ", text)
        if max(text, default="") >= "\U000e0020"
        else text
    )
    bare = HIDDEN_LETTERS.sub("", spelled)
    if bare.isascii():
        return bare
    bare = unicodedata.normalize("NFKC", bare)
    return bare.translate(_LOOKALIKE) if _LATIN.search(bare) else bare


def hidden_letters(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, how) of hidden letters that no script needs: tags, breaks inside words, direction marks.

    Joiners of emoji and of scripts that are written with them, soft hyphens and a byte order mark at the very
    beginning are no cause for suspicion.
    """
    for run in HIDDEN_LETTERS.finditer(text):
        start, end = run.span()
        before, after, letters = text[start - 1 : start], text[end : end + 1], run.group()
        if any("\U000e0020" <= one <= "\U000e007e" for one in letters):
            if before != _FLAG and text[max(0, start - 8) : start].find(_FLAG) < 0:
                yield start, end, f"letters that are not displayed: “{_spelled(letters)[:80]}”"
        elif any("\u202a" <= one <= "\u202e" or "\u2066" <= one <= "\u2069" for one in letters):
            if not _WRITTEN.search(text[max(0, start - 80) : end + 80]):
                yield start, end, "marks that turn the direction of the text"
        elif not (_EMOJI.match(before) or _WRITTEN.match(before)):
            inside = _LATIN.match(before) and _LATIN.match(after) and letters != "\u00ad"
            if inside or len(letters) > _FEWEST:
                yield start, end, "letters without width"


def _spelled(tags: str) -> str:
    return "".join(chr(ord(one) - 0xE0000) for one in tags if "\U000e0020" <= one <= "\U000e007e")
