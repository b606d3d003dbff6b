"""Names in a text: which are known to a passage, and which stand in the place of another name. Pure."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final

from citewell.answer import words
from citewell.answer.constants import NAME_MARGIN, NAME_REACH, NAME_SLOT

_WORD: Final = re.compile(r"[^\W_]+")
_BOUND: Final = re.compile(r"[.!?;]\s|, (?:and|but|while|whereas) ")
"""Behind it another subject may stand: neighbours beyond it say nothing of a name's place."""
SHORTEST_ROOT: Final = 4


@dataclass(frozen=True, slots=True)
class Name:
    """Adjacent words of one name: as written, their stems, and its neighbours weighted by closeness."""

    text: str
    stems: tuple[str, ...]
    near: dict[str, float]

    def known(self, stems: frozenset[str], initials: str) -> bool:
        """Say whether each word is in a text, or its root ("Africa" in "African"), or what it abbreviates."""
        return all(one in stems or _rooted(one, stems) for one in self.stems) or self.abbreviates(initials)

    def abbreviates(self, initials: str) -> bool:
        """Say whether it is the initials of adjacent names: "IPL" of "Indian Premier League"."""
        return self.text.isupper() and len(self.text) > 2 and self.text in initials

    def partly(self, stems: frozenset[str], initials: str) -> bool:
        """Say whether a text holds any word of the name."""
        return bool(stems & {*self.stems}) or self.known(stems, initials)


def _rooted(one: str, stems: frozenset[str]) -> bool:
    return len(one) >= SHORTEST_ROOT and any(
        len(other) >= SHORTEST_ROOT and (other.startswith(one) or one.startswith(other)) for other in stems
    )


def names_of(text: str) -> list[Name]:
    """Return the names of a text, words that follow one another as one."""
    tokens = list(words.WORD.finditer(text))
    stems = [words.stem(match.group()) for match in tokens]
    named = words.names(text)
    parts = _parts(text, [match.start() for match in tokens])
    held = [at for at, match in enumerate(tokens) if match.group()[0].isupper() and stems[at] in named]
    found = []
    for _, group in groupby(enumerate(held), key=lambda pair: pair[1] - pair[0]):
        places = [place for _, place in group]
        first, last = places[0], places[-1]
        start, end = parts[first]
        rest = [*stems[start:first], "a", *stems[last + 1 : end]]
        found.append(
            Name(
                text[tokens[first].start() : tokens[last].end()],
                tuple(stems[first : last + 1]),
                words.near(rest, first - start, NAME_REACH),
            )
        )
    return found


def _parts(text: str, starts: Sequence[int]) -> list[tuple[int, int]]:
    """For each word, given where they start, the first and after the last word of its part of the sentence."""
    bounds = [0, *(bisect(starts, match.start()) for match in _BOUND.finditer(text)), len(starts)]
    return [(a, b) for a, b in pairwise(bounds) for _ in range(a, b)]


def exchanged(
    claim: Sequence[Name], quote: Sequence[Name], held: frozenset[str], abbreviated: str
) -> list[str]:
    """Return names of the claim in whose place the quote has another name, that the claim has not.

    `held` are the quote's stems, `abbreviated` the initials in its passage.
    """
    mine = {stem for one in claim for stem in one.stems}
    others = [one for one in quote if not mine & {*one.stems}]
    return [one.text for one in claim if _exchanged(one, quote, others, one.partly(held, abbreviated))]


def _exchanged(one: Name, quote: Sequence[Name], others: Sequence[Name], held: bool) -> bool:
    """Another name stands in this one's place, and this one, if the quote has it, elsewhere."""
    other = max((_same_place(one, two) for two in others), default=0.0)
    own = [words.affinity(one.near, two.near) for two in quote if {*one.stems} & {*two.stems}]
    if held and not own:
        return False
    return other >= NAME_SLOT and other > max(own, default=0.0) + (NAME_MARGIN if own else 0.0)


def _same_place(one: Name, other: Name) -> float:
    """How much two names' neighbours have in common; one word in common is no place."""
    shared = len(one.near.keys() & other.near.keys())
    return words.affinity(one.near, other.near) if shared > 1 else 0.0


def initials(text: str) -> str:
    """Return the initials of a text's capitalised words, runs apart: "Indian Premier League" gives "IPL"."""
    return "".join(_initials(text))


def _initials(text: str) -> Iterator[str]:
    for match in _WORD.finditer(text):
        word = match.group()
        if word[0].isupper():
            yield word[0]
        elif len(word) > 3:
            yield " "
