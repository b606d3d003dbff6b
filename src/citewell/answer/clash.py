"""What in a question the passage that comes nearest speaks against: other names and numbers, opposites, denials. Pure.

Words and vectors hardly tell "Who conquered the islands in 1402?" from "... in 1502?"; unanswerable questions
that look answerable are mostly of this make (Rajpurkar, Jia & Liang, "Know What You Don't Know", 2018, table 2).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from citewell.answer import words
from citewell.answer.evidence import Kind
from citewell.answer.polarity import prefixed
from citewell.answer.support import Saying

CLASHES: Final = ("names", "numbers", "opposite", "denial")
_DENIAL: Final = re.compile(r"\b(?:not|never|no|none|nobody|nothing|neither|nor|cannot)\b|n[’']t\b", re.I)
_DIGITS: Final = re.compile(r"\d+(?:[.,]\d+)*")
_LONG: Final = 5
"""Letters from which a name may be spelled with one letter changed, or two swapped."""


def clashes(question: Saying, kind: Kind, sentence: Saying, passage: Saying) -> Mapping[str, float]:
    """Return the share of the question's names, and of its figures, that the passage (with its title and heading)
    lacks; whether the sentence says the opposite of a word asked; whether the question denies and it does not.

    How and why questions tell a story ("why does my M1 with 8 GB not connect?"): there only opposites count.
    """
    told = kind in ("reason", "howto")
    names = set() if told else words.names(question.text)
    figures = set() if told else words.numbers(" ".join(_DIGITS.findall(question.text)))
    denies = not told and bool(_DENIAL.search(question.text))
    return {
        "names": _lacking(
            [name not in passage.stems and not _misspelt(name, passage.stems) for name in names]
        ),
        "numbers": _lacking([not any(had.endswith(one) for had in passage.numbers) for one in figures]),
        "opposite": float(_opposite(question, sentence)),
        "denial": float(denies and not words.negated(sentence.text)),
    }


def _opposite(question: Saying, sentence: Saying) -> bool:
    """Say whether the sentence has the opposite of a word asked, and neither has both."""
    asked = [one for one in question.polar if one.stem not in sentence.every]
    said = [one for one in sentence.polar if one.stem not in question.every]
    return any(one.against(other) for one in asked for other in said) or bool(
        prefixed(question.every, sentence.every)
    )


def _lacking(lacks: Collection[bool]) -> float:
    return sum(lacks) / len(lacks) if lacks else 0.0


def _misspelt(name: str, stems: Collection[str]) -> bool:
    return len(name) >= _LONG and any(_one_off(name, one) for one in stems if one[:1] == name[0])


def _one_off(one: str, other: str) -> bool:
    """One letter is changed, missing or too many, or two are swapped."""
    if len(one) == len(other):
        wrong = [at for at in range(len(one)) if one[at] != other[at]]
        return len(wrong) <= 1 or (len(wrong) == 2 and sorted(one) == sorted(other))
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) != 1:
        return False
    return any(long[:at] + long[at + 1 :] == short for at in range(len(long)))
