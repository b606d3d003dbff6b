"""Words that exclude each other where they speak of one thing: opposites, kin, directions, seasons. Pure.

An axis has two poles, each with the words of that sense ("rise, grow" against "fall, shrink"); a class has words
that exclude one another ("son, daughter, nephew"). A word of a claim is contradicted when, in the quote, the word
of its axis that stands by the same neighbours is of another pole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from citewell.answer import words
from citewell.answer.constants import POLAR_REACH, POLAR_SCOPE

_AXES: Final = """
    increase raise rise rose risen raised grow grew grown gain expand climb climbed / decrease reduce fall fell
        fallen decline drop shrink shrank lessen diminish lower
    more most greater greatest higher highest high / less least fewer fewest lower lowest low
    large larger largest big bigger biggest huge / small smaller smallest little tiny
    long longer longest / short shorter shortest
    fast faster fastest quick quicker rapid / slow slower slowest
    strong stronger strongest strengthen / weak weaker weakest weaken
    good better best improve improvement / bad worse worst worsen deteriorate
    benefit advantage strength / drawback disadvantage harm weakness
    old older oldest elder eldest / young younger youngest
    new newer newest / old older oldest
    before prior preceding / after following subsequent
    early earlier earliest / late later latest
    first / last final
    start begin began begun open / stop end close cease
    always / never
    all every / none
    minimum / maximum
    true / false
    positive / negative
    success succeed successful / failure fail failed unsuccessful
    win won / lose lost loss
    gain / loss
    accept allow permit / reject forbid deny prohibit ban
    support favor favour / oppose
    include / exclude
    add / remove
    enable / disable
    required mandatory compulsory / optional voluntary
    public / private
    internal / external
    same identical / different
    male man men boy / female woman women girl
    above over / below under beneath
    upper / lower
    major / minor
    hot hotter hottest warm warmer / cold colder coldest cool cooler
    synchronous / asynchronous
    import / export
    encrypt / decrypt
    buy bought acquire purchase / sell sold
    born birth / died death
    legal / illegal
    rich richer wealthy / poor poorer
    winter / summer / autumn
    north northern / south southern / east eastern / west western
    monday / tuesday / wednesday / thursday / friday / saturday / sunday
    son / daughter / father / mother / brother / sister / husband / wife widow / uncle / aunt / nephew / niece /
        grandson / granddaughter / grandfather / grandmother / cousin
    inside / outside
    light lighter / heavy heavier
    easy easier / difficult hard harder
    cheap cheaper / expensive costly
    rare rarely seldom / common often frequent
    safe / dangerous unsafe"""
_AGE: Final = re.compile(r"(?i)(?<=year|onth|week|days)s?[ -]old\b")
"""An age is an amount: "20 years old" is not the opposite of "the youngest"."""
_PREFIXES: Final = ("un", "in", "im", "non", "dis", "ir", "il", "mis")


def _read(table: str) -> dict[str, tuple[tuple[int, int], ...]]:
    """Each word's and stem's poles, as (axis, pole)."""
    found: dict[str, set[tuple[int, int]]] = {}
    lines = table.replace("\n        ", " ").strip().splitlines()
    for axis, line in enumerate(lines):
        for pole, sense in enumerate(line.split("/")):
            for word in sense.split():
                found.setdefault(words.stem(word), set()).add((axis, pole))
    return {word: tuple(sorted(poles)) for word, poles in found.items()}


_POLES: Final = _read(_AXES)


@dataclass(frozen=True, slots=True)
class Polar:
    """A word of an axis: its stem, its poles, and its neighbours weighted by closeness."""

    stem: str
    poles: tuple[tuple[int, int], ...]
    near: dict[str, float]

    def against(self, other: Polar) -> bool:
        """Say whether both are of one axis and of different poles of it."""
        mine, theirs = dict(self.poles), dict(other.poles)
        return any(axis in theirs and theirs[axis] != pole for axis, pole in mine.items())

    def along(self, other: Polar) -> bool:
        """Say whether both say the same of one axis."""
        return self.stem == other.stem or bool(set(self.poles) & set(other.poles))


def polar(text: str) -> list[Polar]:
    """Return the words of a text that have an opposite, in order."""
    tokens = [words.stem(word) for word in words.WORD.findall(_AGE.sub("", text))]
    held = [(at, stem) for at, stem in enumerate(tokens) if stem in _POLES]
    return [Polar(stem, _POLES[stem], words.near(tokens, at, POLAR_REACH)) for at, stem in held]


def reversed_words(claim: list[Polar], quote: list[Polar], held: frozenset[str]) -> list[str]:
    """Return the claim's words in whose place a sentence of a quote has an opposite; `held` are the quote's stems.

    Opposites that both claim and quote have ("the west branch …, the east branch …") are not against each other.
    """
    both = {one.stem for one in claim} & held
    return [
        one.stem
        for one in claim
        if _reversed(one, [o for o in quote if o.stem == one.stem or not {one.stem, o.stem} <= both])
    ]


def _reversed(one: Polar, quote: list[Polar]) -> bool:
    against = [words.affinity(one.near, other.near) for other in quote if one.against(other)]
    along = [words.affinity(one.near, other.near) for other in quote if one.along(other)]
    return bool(against) and max(against) >= POLAR_SCOPE and max(against) > max(along, default=0.0)


def prefixed(claim: frozenset[str], quote: frozenset[str]) -> set[str]:
    """Return the claim's words that the quote has only with a denying prefix, or the reverse."""
    return set(_prefixed(claim, quote)) | set(_prefixed(quote, claim))


def _prefixed(one: frozenset[str], other: frozenset[str]) -> Iterator[str]:
    for word in one - other:
        for prefix in _PREFIXES:
            if len(word) > 3 and prefix + word in other - one:
                yield word
