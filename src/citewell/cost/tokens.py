"""How many tokens is a text? Without the services' tokenizers, which are downloads: expected, and at most. Pure.

Expected: a weighted sum over words by length, digits, marks, space and the letters of other scripts. The weights were
fitted to OpenAI's two tokenizers (`bench/tokens.py`). At most: a byte-level tokenizer has no token without a byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from citewell.model import Message

_PIECE: Final = re.compile(
    r"(?P<word>[A-Za-z]+)|(?P<digits>[0-9]+)|(?P<space>\s{2,}|\n)|(?P<one>\s)|(?P<mark>[!-/:-@\[-`{-~]+)"
    r"|(?P<latin>[\u00c0-\u024f\u1e00-\u1eff]+)|(?P<greek>[\u0370-\u03ff]+)|(?P<cyrillic>[\u0400-\u052f]+)"
    r"|(?P<han>[\u3400-\u9fff\uf900-\ufaff]+)|(?P<kana>[\u3040-\u30ff]+)|(?P<hangul>[\uac00-\ud7af]+)"
    r"|(?P<semitic>[\u0590-\u06ff]+)|(?P<indic>[\u0900-\u0eff]+)|(?P<other>[^\x00-\x7f]|[\x00-\x1f\x7f])"
)

WEIGHTS: Final[Mapping[str, Mapping[str, float]]] = {
    "cl100k": {
        "short": 0.91, "middle": 1.33, "long": 1.41, "beyond": 0.02, "capital": 0.12, "number": 1.4, "digit": 0.23,
        "space": 0.69, "mark": 0.7, "marks": 0.13, "latin": 2.34, "greek": 1.03, "cyrillic": 0.55, "han": 1.15,
        "kana": 1.05, "hangul": 1.25, "semitic": 1.05, "indic": 1.1, "other": 1.45,
    },
    "o200k": {
        "short": 0.92, "middle": 1.26, "long": 1.38, "beyond": 0.02, "capital": 0.11, "number": 1.39, "digit": 0.23,
        "space": 0.7, "mark": 0.73, "marks": 0.13, "latin": 1.5, "greek": 0.42, "cyrillic": 0.3, "han": 0.85,
        "kana": 0.85, "hangul": 0.75, "semitic": 0.45, "indic": 0.42, "other": 1.25,
    },
}  # fmt: skip
"""Tokens for each piece ("short" words have up to 4 letters, "middle" up to 8), or for each letter of other scripts."""

_NEWER: Final = re.compile(r"(gpt-(4o|4\.1|4\.5|[5-9])|o[1-9])")
MESSAGE_TOKENS: Final = 4
"""What a message takes besides its text, in most chat templates."""
MESSAGE_MOST: Final = 32
CALL_MOST: Final = 128
"""Room for what a server's template adds on its own, such as a date or a default instruction."""


def expected(text: str, model: str = "") -> float:
    """Return how many tokens a text is likely to be: within 6 % over any of the sets measured, English and code."""
    weights = WEIGHTS["o200k" if _NEWER.match(model) else "cl100k"]
    total = 0.0
    for piece in _PIECE.finditer(text):
        kind, size = str(piece.lastgroup), piece.end() - piece.start()
        if kind == "word":
            total += weights["short" if size <= 4 else "middle" if size <= 8 else "long"]
            total += weights["beyond"] * max(0, size - 8)
            total += weights["capital"] * size if size > 1 and not piece[0][1:].islower() else 0
        elif kind == "digits":
            total += weights["number"] + weights["digit"] * size
        elif kind == "space":
            total += weights["space"]
        elif kind == "mark":
            total += weights["mark"] + weights["marks"] * (size - 1)
        elif kind != "one":
            total += weights[kind] * size
    return total


def most(text: str) -> int:
    """Return how many tokens a text is at most: one for each byte of its UTF-8."""
    return len(text.encode("utf-8", "surrogatepass"))


def of_messages(messages: Iterable[Message], model: str = "") -> tuple[int, int]:
    """Return (expected, most) tokens of a chat's prompt, with what the messages take themselves."""
    listed = list(messages)
    likely = sum(expected(one.content, model) + MESSAGE_TOKENS for one in listed)
    return round(likely), sum(most(one.content) + MESSAGE_MOST for one in listed) + CALL_MOST
