"""Questions that look answerable and are not, made mechanically from answerable ones: another name, another figure,
the opposite word, a negation. What people write who try to fool a reader is of this make (SQuAD 2.0).
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Final, TypeAlias

from bench.fault_words import OPPOSITES

Change: TypeAlias = Callable[[str, str, random.Random], str | None]
"""(question, text that answers it, chance) -> a question that the text does not answer, or None without an occasion."""

_NAME: Final = re.compile(r"\b[A-Z][a-z][\w-]*(?: [A-Z][a-z][\w-]*)*\b")
_VERB: Final = re.compile(r"\b(did|does|do|is|was|are|were|could|has|have|will|would|should)\b", re.I)
_DENIED: Final = re.compile(r"\b(not|never|no|without)\b|n't", re.I)


def changed(question: str, answering: str, chance: random.Random) -> str | None:
    """Return the question with one change of a random kind, or None where none has an occasion."""
    for change in chance.sample(CHANGES, len(CHANGES)):
        if change is negated and chance.random() < 0.5:
            continue  # nearly every question could be negated; few are
        made = change(question, answering, chance)
        if made and made != question:
            return made
    return None


def other_name(question: str, answering: str, chance: random.Random) -> str | None:
    """Put another name of the text in the place of one of the question."""
    own = _names(question)
    if not own:
        return None
    start, end = chance.choice(own)
    old = set(question[start:end].split())
    names = sorted({answering[a:b] for a, b in _names(answering)})
    others = [name for name in names if not set(name.split()) & old and name.lower() not in question.lower()]
    return question[:start] + chance.choice(others) + question[end:] if others else None


def _names(text: str) -> list[tuple[int, int]]:
    """Runs of capitalised words that do not begin a sentence."""
    return [
        match.span()
        for match in _NAME.finditer(text)
        if text[: match.start()].rstrip(" \"'(")[-1:] not in ("", *".!?:;")
    ]


def other_figure(question: str, answering: str, chance: random.Random) -> str | None:
    """Change a figure to another of the text, or by a little."""
    figures = list(re.finditer(r"\d+", question))
    if not figures:
        return None
    old = chance.choice(figures)
    like = [
        one for one in re.findall(r"\d+", answering) if len(one) == len(old.group()) and one != old.group()
    ]
    near = str(int(old.group()) + chance.choice([1, 2, 3, 10]))
    new = chance.choice(like) if like and chance.random() < 0.5 else near
    return question[: old.start()] + new + question[old.end() :]


def opposite(question: str, answering: str, chance: random.Random) -> str | None:
    """Put the opposite in the place of a word."""
    places = [match for match in re.finditer(r"\w+", question) if match.group().lower() in OPPOSITES]
    if not places:
        return None
    old = chance.choice(places)
    return question[: old.start()] + OPPOSITES[old.group().lower()] + question[old.end() :]


def negated(question: str, answering: str, chance: random.Random) -> str | None:
    """Negate the verb, or a word after it."""
    verb = _VERB.search(question)
    if not verb or _DENIED.search(question):
        return None
    if chance.random() < 0.5:
        return f"{question[: verb.end()]}n't{question[verb.end() :]}"
    rest = question[verb.end() :].split(" ")
    at = min(len(rest) - 1, chance.choice([1, 2, 3]))
    return question[: verb.end()] + " ".join([*rest[:at], "not", *rest[at:]])


CHANGES: Final[tuple[Change, ...]] = (other_name, other_figure, opposite, negated)
