"""Clarify: a question that points at nothing is answered by one question back, which thing is meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from time import perf_counter
from typing import Final

from citewell.answer.refuse import place_of
from citewell.answer.words import STOP_WORDS, WORD, stem
from citewell.model import Hit, Message, Query, Step
from citewell.techniques.carry import leans, naming
from citewell.techniques.constants import LONGEST_REWRITE
from citewell.techniques.means import Means

ASKING: Final = "Which do you mean"
"""How every question back begins: it is known again by it, and not asked twice in a row."""
CHOICES: Final = 3
HERE: Final = frozenset(
    WORD.findall(
        """afternoon century day decade evening moment month morning quarter season time week weekend year
        app application article book chapter collection company corpus docs document documentation documents firm guide
        handbook library manual organisation organization package page paper platform product program project section
        service site software system text tool tutorial way website world"""
    )
)
"""What "this" may mean without a word before it: the time of asking, and the documents themselves."""
_THIS: Final = re.compile(
    r"\b(?:this|these)\s+(?:(?:particular|specific|(?:kind|type|sort)s?\s+of)\s+)*"
    r"([^\W\d]\w*(?:\s+[^\W\d]\w*)?)(?!\s*[\w\s]{0,20}[:\n\"“`'(])",
    re.IGNORECASE,
)
"""“This” with the kind of thing that it points at, unless the thing itself follows: this error: …"""


def empty(query: Query, searched: str) -> bool:
    """Say whether a question is not worth answering yet: nothing in it, or in what is carried to it, names a thing,
    or it speaks of one thing of a kind ("this case") that nobody has spoken of. Never of one that was asked back."""
    return (not naming(searched) and unclear(query, searched)) or (
        not clarified(query.history) and points(query.text, query.history)
    )


def points(question: str, history: Sequence[Message]) -> bool:
    """Say whether a question points at one of a kind, "this case", and the kind was not spoken of before it."""
    for match in _THIS.finditer(question):
        kind = [word for word in match.group(1).split() if word.lower() not in STOP_WORDS]
        if not kind or match.group(1).split()[0].lower() in STOP_WORDS | HERE or kind[0].endswith("ed"):
            continue
        said = " ".join([*(turn.content for turn in history), question[: match.start()]])
        if not {stem(word) for word in kind[:2]} & {stem(word) for word in WORD.findall(said)}:
            return True
    return False


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
    said = await means.ask("clarify", query, choices="\n".join(f"- {place}" for place in places))
    line = " ".join(said.text.split())
    clear = line.rstrip(".!").upper() == "CLEAR"
    back = line if line.startswith(ASKING) and len(line) <= LONGEST_REWRITE else plain
    did = "the question is clear" if clear else "asked which thing is meant"
    return "" if clear else back, Step("clarify", did, 1, said.usage, perf_counter() - started)
