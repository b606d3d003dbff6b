"""Quoted phrases of a question: which there are, and whether a text holds them. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

# Code comes first: quotes inside `backticks` belong to the code. A straight quote after a digit is an inch.
_QUOTED: Final = re.compile(r'`[^`]*`|(?<!\d)"([^"]*)"|„([^„“”]*)[“”]|“([^“”]*)”|«([^«»]*)»')
_PLAIN: Final = str.maketrans("‘’“”„", '\'\'"""', "*`")
_END: Final = ",.;:?!"
"""Punctuation that belongs to the sentence around a quotation, whichever side of the mark it stands on."""


def phrases(question: str) -> tuple[str, ...]:
    """Return the phrases in double quotes (straight, curly, low or angled), as `holds` compares them.

    A quote without its partner, an empty pair, and quotes inside `code` mean nothing.
    """
    found = ("".join(filter(None, match.groups())) for match in _QUOTED.finditer(question))
    return tuple(dict.fromkeys(phrase for one in found if (phrase := plain(one).rstrip(_END))))


def outside(question: str) -> str:
    """Return a question without its quoted phrases and its `code`."""
    return _QUOTED.sub(" ", question)


def holds(text: str, wanted: Sequence[str]) -> bool:
    """Say whether a text contains every phrase, as `plain` writes both."""
    found = plain(text)
    return all(phrase in found for phrase in wanted)


def plain(text: str) -> str:
    """Return a text case-folded, with single spaces and straight quotes, without marks of emphasis and code."""
    return " ".join(text.translate(_PLAIN).casefold().split())
