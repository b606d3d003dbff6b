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
from html import unescape
from typing import Final

from citewell.answer import words
from citewell.answer.constants import (
    NUMBER_MARGIN,
    NUMBER_REACH,
    SHORT_CLAIM,
    SUBJECT,
    SUPPORT,
    SUPPORT_QUOTE,
)
from citewell.answer.naming import Name, exchanged, initials, names_of
from citewell.answer.negation import Denial, conflict, denials, restricts
from citewell.answer.polarity import Polar, polar, prefixed, reversed_words
from citewell.answer.quantities import SCALES, Quantity, changed, quantities

_TYPOGRAPHY: Final = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "\u00a0": " "}
)
_TEX: Final = re.compile(r"``([^`\n]{1,400}?)''")
_QUOTED: Final = re.compile(r'"([^"\n]{2,400})"')
_SUBJECT: Final = re.compile(
    r"(?i)^([^,;:()\"]{2,120}?)\s+(?:is|are|was|were|has|have|had|can|could|will|would|may|might|must|should|"
    r"does|do|did|\w{2,}ed)\b"
)
"""What comes before the first auxiliary or regular past."""
_YEAR: Final = re.compile(r"1\d{3}|20\d\d")
_RANK: Final = re.compile(r"(?i)\d+(?:st|nd|rd|th)")
_SAME_YEAR: Final = re.compile(r"(?i)\b(?:the same|that|this) year\b")
_TOKEN: Final = re.compile(rf"\d+(?:[.,]\d+)+|{words.WORD.pattern}", re.IGNORECASE)
_END: Final = re.compile(r"(?<=[.!?])\s+")
_APART: Final = re.compile(r"['’]| +(?=['’](?:t|s|re|ve|ll|d|m)\b)| +(?=n['’]t\b)")
_VAGUE: Final = re.compile(
    r"(?i)^(?:(?:also|however|moreover|nevertheless|furthermore|additionally|still|thus),? )?"
    r"(?:it|he|she|they|this|that|these|those|there|here|we|you|i|one|some|many|another|other)\b|"
    r"\b(?:it|he|she|they)$"
)
CONFLICTS: Final = frozenset(("unit", "opposite", "negation", "name's place", "number's subject"))
"""What a quote says otherwise; the rest of `contradiction` is what it does not say."""


def plain(text: str) -> str:
    """Return a text with one kind of quotation mark, dash, space and ampersand, single spaces, no HTML escapes."""
    if "&" in text:  # pages are escaped twice at times
        text = unescape(unescape(text))
    text = text.translate(_TYPOGRAPHY).replace("``", '"').replace("''", '"').replace("&", "and")
    return " ".join(text.split())


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
    def letters(self) -> str:
        return _letters(self.plain)

    @cached_property
    def unquoted(self) -> str:
        """The text without quotations in two backticks and two apostrophes, as TeX has them: they are no code."""
        return _TEX.sub(r'"\1"', self.text)

    @cached_property
    def numbers(self) -> set[str]:
        return words.numbers(self.text)

    @cached_property
    def every(self) -> frozenset[str]:
        """The stems of all words, stop words included: "before" and "after" tell claims apart."""
        return frozenset(words.stem(word) for word in words.WORD.findall(self.text))

    @cached_property
    def lower(self) -> str:
        return self.text.lower()

    @cached_property
    def initials(self) -> str:
        return initials(self.text)

    @cached_property
    def quantities(self) -> list[Quantity]:
        return quantities(self.text)

    @cached_property
    def polar(self) -> list[Polar]:
        return polar(self.text)

    @cached_property
    def denials(self) -> list[Denial]:
        return denials(self.text)

    @cached_property
    def names(self) -> list[Name]:
        return names_of(self.text)

    def abbreviated(self, other: Saying) -> set[str]:
        """Return the stems of names here that are initials of names there."""
        return {stem for one in self.names if one.abbreviates(other.initials) for stem in one.stems}


def coverage(claim: Saying, quote: Saying, around: Saying) -> float:
    """Return the share of the claim's content stems in the quote or its title and heading; 0 when the quote
    alone holds too few.
    """
    if not claim.stems:
        return 0.0
    held = quote.stems | claim.abbreviated(quote)
    share = len(claim.stems & held) / len(claim.stems)
    whole = len(claim.stems & (held | around.stems)) / len(claim.stems)
    return whole if share >= SUPPORT_QUOTE else 0.0


def enough(claim: Saying, covered: float) -> bool:
    """Say whether a coverage supports a claim of this length."""
    return covered >= (1.0 if len(claim.stems) <= SHORT_CLAIM else SUPPORT)


def contradiction(claim: Saying, run: Sequence[Saying], quote: Saying, near: Saying, around: Saying) -> str:
    """Return what in a quote speaks against a claim that it covers, or "" when nothing does.

    `run` holds the quote's sentences; `near` is what a pronoun in it may stand for: the sentences before it and
    those that open the passage; `around` is the passage with title and heading.
    """
    cores = _cores(claim, run)
    heading = around.text.partition("\n")[0]
    checks: tuple[tuple[str, Callable[[], object]], ...] = (
        ("number", lambda: _new_numbers(claim, quote, heading, near)),
        ("unit", lambda: changed(claim.quantities, quote.quantities)),
        ("name", lambda: [one for one in claim.names if not one.known(around.stems, around.initials)]),
        (
            "identifier",
            lambda: [one for one in words.identifiers(claim.unquoted) if plain(one) not in around.plain],
        ),
        (
            "quotation",
            lambda: [one for one in _QUOTED.findall(claim.plain) if _letters(one) not in around.letters],
        ),
        ("opposite", lambda: any(_opposed(claim, one, quote.every) for one in cores)),
        ("negation", lambda: _negation_conflict(claim, quote, cores)),
        ("subject", lambda: _other_subject(claim, around)),
        ("name's place", lambda: exchanged(claim.names, quote.names, quote.stems, around.initials)),
        ("far name", lambda: [one for one in claim.names if not one.partly(near.stems, around.initials)]),
        ("number's subject", lambda: _moved_numbers(claim, quote)),
    )
    return next((name for name, wrong in checks if wrong()), "")


def _cores(claim: Saying, run: Sequence[Saying]) -> list[Saying]:
    """The sentences that speak about what the claim speaks about: half of its words, or the most."""
    shared = [len(one.stems & claim.stems) for one in run]
    least = min(max(shared), len(claim.stems) / 2)
    return [one for one, count in zip(run, shared, strict=True) if count >= least]


def _new_numbers(claim: Saying, quote: Saying, heading: str, near: Saying) -> set[str]:
    """Numbers that neither the quote nor the heading has, nor the quote in another unit or as "the same year"."""
    missing = claim.numbers - quote.numbers - words.numbers(heading)
    if missing and _SAME_YEAR.search(quote.text):
        missing -= {one for one in near.numbers if _YEAR.fullmatch(one)}
    if not missing:
        return set()
    same = [one for one in claim.quantities if any(one.same(other) for other in quote.quantities)]
    return missing - {one.number for one in same} - ({*SCALES} if any(one.scaled for one in same) else set())


def _letters(text: str) -> str:
    """Letters and digits between bars where words part: what typography, commas and case leave of a quotation."""
    return f"|{'|'.join(words.WORD.findall(_APART.sub('', text)))}|".lower()


def _opposed(claim: Saying, core: Saying, held: frozenset[str]) -> bool:
    return bool(reversed_words(claim.polar, core.polar, held) or prefixed(claim.every, core.every))


def _negation_conflict(claim: Saying, quote: Saying, cores: Sequence[Saying]) -> bool:
    """One denies what the other says, or the claim denies and what it rests on denies nothing."""
    mine = (claim.denials, claim.stems)
    if any(conflict(mine, (_standing(claim, one, quote), one.stems)) for one in (quote, *cores)):
        return True
    return bool(claim.denials) and not any(restricts(one.every, one.text) for one in cores)


def _standing(claim: Saying, one: Saying, quote: Saying) -> list[Denial]:
    """The denials of `one`, for a claim without any those alone that no sentence nearer to it takes back."""
    if claim.denials or not one.denials:
        return one.denials
    parts = [Saying(part) for part in _END.split(quote.text)]
    return [denial for denial in one.denials if not _affirmed(denial, claim, parts)]


def _affirmed(denial: Denial, claim: Saying, parts: Sequence[Saying]) -> bool:
    least = max((len(one.stems & claim.stems) for one in parts if denial in one.denials), default=0)
    return any(
        denial.held(one.stems) and len(one.stems & claim.stems) >= least
        for one in parts
        if not any(denial.scope.keys() & other.scope.keys() for other in one.denials)
    )


def _other_subject(claim: Saying, around: Saying) -> bool:
    """The words before the claim's verb are mostly not in the passage: it speaks of something else."""
    match = _SUBJECT.match(claim.text)
    if not match or _VAGUE.search(match[1]):
        return False
    subject = frozenset(one for one in words.stems(match[1]) if len(one) > 1)
    held = [one for one in subject if one in around.stems or (len(one) > 3 and one in around.lower)]
    return bool(subject) and len(held) < SUBJECT * len(subject)


def _moved_numbers(claim: Saying, quote: Saying) -> set[str]:
    """Numbers whose neighbours in the claim stand closer to another number of their kind in the quote."""
    if len(quote.numbers) < 2 or "respectively" in quote.lower:
        return set()
    mine, theirs = _near(claim.text), _near(quote.text)
    return {
        number
        for (kind, number), near in mine.items()
        if (kind, number) in theirs
        and max(words.affinity(near, other) for (alike, _), other in theirs.items() if alike == kind)
        > NUMBER_MARGIN + words.affinity(near, theirs[kind, number])
    }


def _near(text: str) -> dict[tuple[str, str], dict[str, float]]:
    """For each number, by kind, its content words within reach, weighted by 1 / distance in content words."""
    tokens = [(word, stem) for word in _TOKEN.findall(text) for stem in words.stems(word)[:1]]
    found: dict[tuple[str, str], dict[str, float]] = {}
    for at, (word, _) in enumerate(tokens):
        for number in words.numbers(word):
            near = found.setdefault((_kind(word, number), number), {})
            for place in range(max(0, at - NUMBER_REACH), min(len(tokens), at + NUMBER_REACH + 1)):
                stem = tokens[place][1]
                if place != at and not stem.isdigit():
                    near[stem] = max(near.get(stem, 0.0), 1 / abs(place - at))
    return found


def _kind(word: str, number: str) -> str:
    """Numbers of one kind can stand in one place: years, ranks, words such as "May" and "million", amounts."""
    if not number[0].isdigit():
        return "word"
    if _YEAR.fullmatch(word):
        return "year"
    return "rank" if word.lower() in words.ORDINALS or _RANK.fullmatch(word) else "amount"
