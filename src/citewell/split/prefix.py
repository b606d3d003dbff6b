"""What stands in front of a passage when it is embedded and indexed: title > heading, its context, a table's header."""

from __future__ import annotations

import re
from typing import Final

LONGEST: Final = 64
"""Tokens of "title > heading", of what a model wrote, and of a table's header, as far as one can tell them
without a tokenizer."""
TITLE: Final = LONGEST // 3
LETTERS: Final = re.compile(r"[A-Za-z]{1,5}|[^\sA-Za-z]")
"""About a token each; seldom fewer than word pieces of English, code and numbers, or than CJK characters."""


def embedded_text(title: str, heading: str, context: str, text: str, written: str = "") -> str:
    """Return what is embedded and indexed: title > heading, what a model wrote, a table's header, the text."""
    fronts = (prefix(title, heading), first(written, LONGEST), first(context, LONGEST))
    return "\n".join(part for part in (*fronts, text) if part)


def prefix(title: str, heading: str) -> str:
    """Return "title > heading", cut to LONGEST tokens."""
    whole = " > ".join(part for part in (title, heading) if part)
    if len(whole) <= LONGEST or not title or not heading:
        return first(whole, LONGEST) if title else last(whole, LONGEST)
    if len(LETTERS.findall(whole)) <= LONGEST:
        return whole
    # The innermost headings say most about the passage.
    title = first(title, TITLE)
    return f"{title} > {last(heading, LONGEST - 1 - len(LETTERS.findall(title)))}"


def first(text: str, tokens: int) -> str:
    """Return the beginning of a text, of about so many tokens."""
    if len(text) <= tokens:
        return text
    found = [one.end() for _, one in zip(range(tokens + 1), LETTERS.finditer(text), strict=False)]
    return text if len(found) <= tokens else text[: found[tokens - 1]]


def last(text: str, tokens: int) -> str:
    """Return the end of a text, of about so many tokens."""
    if len(text) <= tokens:
        return text
    found = [one.start() for one in LETTERS.finditer(text)]
    return text if len(found) <= tokens else text[found[-tokens] :]
