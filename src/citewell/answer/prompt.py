"""What a language model is given of the passages: numbered, in fences that their text cannot close. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from citewell.model import Hit

REFUSAL: Final = "The documents do not answer this question."
"""What a model is told to write when the passages do not answer; recognised in its output."""

_TAG: Final = re.compile(r"<(?=\s*/?\s*passage)", re.IGNORECASE)


def passages_of(hits: Sequence[Hit]) -> str:
    """Return the passages of the hits shown, each in a fence, numbered from 1."""
    return "\n\n".join(_passage(number, hit) for number, hit in enumerate(hits, start=1))


def fenced(number: int, title: str, text: str) -> str:
    """Return one passage inside a fence that its title and text cannot close."""
    return f"<passage>\n[{number}] {_disarmed(title)}\n{_disarmed(text)}\n</passage>"


def _passage(number: int, hit: Hit) -> str:
    where = " > ".join(part for part in (hit.document.title, hit.passage.heading) if part)
    body = "\n".join(part for part in (hit.passage.context, hit.passage.text) if part)
    return fenced(number, where, body)


def _disarmed(text: str) -> str:
    """Disarm fence tags inside a passage; nothing else is changed."""
    return _TAG.sub("<\u200b", text)
