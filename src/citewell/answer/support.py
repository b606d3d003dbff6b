"""Does a quote say what a claim says? Word coverage, and the facts that words alone miss. Pure.

No model: coverage of stemmed content words, then vetoes for numbers, names, identifiers, quotations,
opposites and negations. A veto costs recall and buys precision: a citation that does not support is
worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from citewell.answer import words
from citewell.answer.constants import (
    NEGATION_SCOPE,
    NUMBER_MARGIN,
    NUMBER_REACH,
    SHORT_CLAIM,
    SUPPORT,
    SUPPORT_QUOTE,
)

_TYPOGRAPHY: Final = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "\u00a0": " "}
)
_QUOTED: Final = re.compile(r'"([^"\n]{2,400})"')
_CLAUSE: Final = re.compile(r"[,;:()—–]| (?:but|although|though|while|whereas|because|which|that|and|or|so) ")
_OPPOSITES: Final = """
    increase decrease, rise fall, enable disable, before after, minimum maximum, more less, higher
    lower, larger smaller, always never, all none, true false, allow forbid, allow deny, include
    exclude, add remove, start stop, open close, required optional, mandatory optional, win lose, won
    lost, success failure, north south, east west, northern southern, eastern western, first last, best
    worst, early late, earlier later, public private, internal external, same different, male female,
    husband wife, mother father, above below, accept reject, synchronous asynchronous, upper lower,
    positive negative, major minor, longest shortest, largest smallest, highest lowest, faster slower,
    import export, encrypt decrypt, acquire sell, above under, buy sell, born died, son daughter,
    brother sister, most least"""
_PAIRS: Final = tuple(tuple(words.stem(w) for w in pair.split()) for pair in _OPPOSITES.split(","))
_PREFIXES: Final = ("un", "in", "im", "non", "dis", "ir", "il", "mis")


def plain(text: str) -> str:
    """Return a text with one kind of quotation mark, dash and space, and single spaces."""
    return " ".join(text.translate(_TYPOGRAPHY).replace("``", '"').replace("''", '"').split())


def opposites(held: frozenset[str]) -> set[str]:
    """Return the stems of every word that contradicts one of these stems and is not among them."""
    against = {b for pair in _PAIRS for a, b in (pair, pair[::-1]) if a in held}
    against |= {prefix + word for word in held if len(word) > 3 for prefix in _PREFIXES}
    against |= {w[len(p) :] for w in held for p in _PREFIXES if w.startswith(p) and len(w) - len(p) > 3}
    return against - held


@dataclass(frozen=True)
class Saying:
    """A text with what it is compared by, each computed once."""

    text: str

    @cached_property
    def stems(self) -> frozenset[str]:
        return frozenset(words.stems(self.text))

    @cached_property
    def plain(self) -> str:
        return plain(self.text)

    @cached_property
    def numbers(self) -> set[str]:
        return words.numbers(self.text)

    @cached_property
    def every(self) -> frozenset[str]:
        """The stems of all words, stop words included: "before" and "after" tell claims apart."""
        return frozenset(words.stem(word) for word in words.WORD.findall(self.text))

    @cached_property
    def opposites(self) -> set[str]:
        return opposites(self.every)

    @cached_property
    def denied(self) -> list[frozenset[str]]:
        """For each negation, the stems that it speaks about: the next content words of its clause."""
        return [
            frozenset(words.stems(" ".join(rest))[:NEGATION_SCOPE])
            for clause in _CLAUSE.split(self.text)
            for rest in _after_negations(words.WORD.findall(clause))
        ]


def _after_negations(clause: list[str]) -> list[list[str]]:
    return [clause[at + 1 :] for at, word in enumerate(clause) if words.is_negation(word)]


def coverage(claim: Saying, quote: Saying, around: Saying) -> float:
    """Return the share of the claim's content stems in the quote or its title and heading; 0 when the quote
    alone holds too few.
    """
    if not claim.stems:
        return 0.0
    share = len(claim.stems & quote.stems) / len(claim.stems)
    whole = len(claim.stems & (quote.stems | around.stems)) / len(claim.stems)
    return whole if share >= SUPPORT_QUOTE else 0.0


def enough(claim: Saying, covered: float) -> bool:
    """Say whether a coverage supports a claim of this length."""
    return covered >= (1.0 if len(claim.stems) <= SHORT_CLAIM else SUPPORT)


def contradiction(claim: Saying, run: Sequence[Saying], quote: Saying, around: Saying) -> str:
    """Return what in a quote speaks against a claim that it covers, or "" when nothing does.

    `run` holds the quote's sentences; `around` is the passage with title and heading.
    """
    cores = _cores(claim, run)
    heading = around.text.partition("\n")[0]
    checks: tuple[tuple[str, Callable[[], object]], ...] = (
        ("number", lambda: claim.numbers - quote.numbers - words.numbers(heading)),
        ("name", lambda: words.names(claim.text) - around.stems),
        (
            "identifier",
            lambda: [one for one in words.identifiers(claim.text) if plain(one) not in around.plain],
        ),
        (
            "quotation",
            lambda: [one for one in _QUOTED.findall(claim.plain) if _inner(one) not in around.plain],
        ),
        ("opposite", lambda: [one for one in cores if (claim.every - one.every) & one.opposites]),
        ("negation", lambda: any(_negation_conflict(claim, one) for one in (quote, *cores))),
        ("number's subject", lambda: _moved_numbers(claim, quote)),
    )
    return next((name for name, wrong in checks if wrong()), "")


def _cores(claim: Saying, run: Sequence[Saying]) -> list[Saying]:
    """The sentences that speak about what the claim speaks about: half of its words, or the most."""
    shared = [len(one.stems & claim.stems) for one in run]
    least = min(max(shared), len(claim.stems) / 2)
    return [one for one, count in zip(run, shared, strict=True) if count >= least]


def _inner(quotation: str) -> str:
    return quotation.strip(" .,;:!?")


def _negation_conflict(claim: Saying, quote: Saying) -> bool:
    """One denies what the other says: a denied word of the quote is affirmed by the claim, or the reverse."""
    return _affirms_denied(claim, quote) or _affirms_denied(quote, claim)


def _affirms_denied(one: Saying, other: Saying) -> bool:
    """`one` holds most of what `other` denies, and denies none of it."""
    mine = frozenset().union(*one.denied)
    return any(
        scope and len(scope & one.stems) * 2 > len(scope) and not scope & mine for scope in other.denied
    ) and not (one.denied and other.denied and mine & frozenset().union(*other.denied))


def _moved_numbers(claim: Saying, quote: Saying) -> set[str]:
    """Numbers whose neighbours in the claim stand closer to another number in the quote."""
    if len(quote.numbers) < 2:
        return set()
    mine, theirs = _near(claim.text), _near(quote.text)
    return {
        number
        for number, near in mine.items()
        if number in theirs
        and max(_affinity(near, other) for other in theirs.values())
        > NUMBER_MARGIN + _affinity(near, theirs[number])
    }


def _affinity(one: dict[str, float], other: dict[str, float]) -> float:
    return sum(weight * other[word] for word, weight in one.items() if word in other)


def _near(text: str) -> dict[str, dict[str, float]]:
    """For each number, its content words within reach, weighted by 1 / distance in content words."""
    tokens = [(word, stem) for word in words.WORD.findall(text) for stem in words.stems(word)[:1]]
    found: dict[str, dict[str, float]] = {}
    for at, (word, _) in enumerate(tokens):
        for number in words.numbers(word):
            near = found.setdefault(number, {})
            for place in range(max(0, at - NUMBER_REACH), min(len(tokens), at + NUMBER_REACH + 1)):
                stem = tokens[place][1]
                if place != at and not stem.isdigit():
                    near[stem] = max(near.get(stem, 0.0), 1 / abs(place - at))
    return found
