"""What a language model is given of the passages: numbered, in fences that their text cannot close. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from citewell.model import Hit

REFUSAL: Final = "The documents do not answer this question."
"""What a model is told to write when the passages do not answer; recognised in its output."""

WITHHELD: Final = "[withheld: it reads as an instruction, or is hidden from readers]"
"""What stands in a prompt in place of a part that a model is not shown."""
_TAG: Final = re.compile(r"<(?=\s*/?\s*passage)", re.IGNORECASE)


def passages_of(hits: Sequence[Hit]) -> str:
    """Return the passages of the hits shown, each in a fence, numbered from 1."""
    return "\n\n".join(_passage(number, hit) for number, hit in enumerate(hits, start=1))


def fenced(number: int, title: str, text: str) -> str:
    """Return one passage inside a fence that its title and text cannot close."""
    return f"<passage>\n[{number}] {_disarmed(title)}\n{_disarmed(text)}\n</passage>"


def _passage(number: int, hit: Hit) -> str:
    where = " > ".join(part for part in (hit.document.title, hit.passage.heading) if part)
    body = "\n".join(part for part in (hit.passage.context, shown_of(hit)) if part)
    return fenced(number, where, body)


def shown_of(hit: Hit) -> str:
    """Return a passage's text as a model is shown it: a mark in place of each part that is withheld."""
    text, pieces, last = hit.passage.text, [], 0
    for start, end in hit.withheld:
        pieces += [text[last:start], WITHHELD]
        last = end
    return "".join(pieces) + text[last:]


def is_withheld(hit: Hit, start: int, end: int) -> bool:
    """Say whether a span of a hit's passage has a part that was withheld: nothing there can be cited."""
    return any(first < end and start < last for first, last in hit.withheld)


def _disarmed(text: str) -> str:
    """Disarm fence tags inside a passage; nothing else is changed."""
    return _TAG.sub("<\u200b", text)
