"""Clarify: a question that points at nothing is answered by one question back, which thing is meant."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Final

from citewell.answer.refuse import place_of
from citewell.model import Hit, Message, Query, Step
from citewell.techniques.carry import leans, naming
from citewell.techniques.constants import LONGEST_REWRITE
from citewell.techniques.means import Means

ASKING: Final = "Which do you mean"
"""How every question back begins: it is known again by it, and not asked twice in a row."""
CHOICES: Final = 3


def empty(query: Query, searched: str) -> bool:
    """Say whether a question names nothing at all, nothing was carried over to it, and it was not asked back yet."""
    return not naming(searched) and unclear(query, searched)


def unclear(query: Query, searched: str) -> bool:
    """Say whether a question points at something that nobody named; `searched` is it as rewritten."""
    return searched == query.text and leans(query.text) and not clarified(query.history)


def clarified(history: Sequence[Message]) -> bool:
    """Say whether a conversation's last answer was a question back."""
    return bool(history) and history[-1].role == "assistant" and history[-1].content.startswith(ASKING)


async def question_back(means: Means, query: Query, hits: Sequence[Hit]) -> tuple[str, Step | None]:
    """Return the question back, "" where there are no two things to choose from or the model sees none.

    A model words it where there is one; else it names the places of the best hits.
    """
    places = list(dict.fromkeys(place_of(hit) for hit in hits))[:CHOICES]
    if len(places) < 2:
        return "", None
    plain = f"{ASKING}: {', '.join(places)}, or something else?"
    if means.ask.chat is None:
        return plain, None
    started = perf_counter()
    said = await means.ask("clarify", query.text, choices="\n".join(f"- {place}" for place in places))
    line = " ".join(said.text.split())
    clear = line.rstrip(".!").upper() == "CLEAR"
    back = line if line.startswith(ASKING) and len(line) <= LONGEST_REWRITE else plain
    did = "the question is clear" if clear else "asked which thing is meant"
    return "" if clear else back, Step("clarify", did, 1, said.usage, perf_counter() - started)
