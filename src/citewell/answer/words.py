"""Words, stems, numbers and names of a text: what claims and evidence are compared by. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from py_rust_stemmers import SnowballStemmer

WORD: Final = re.compile(r"[^\W_]+(?:['’](?:t|s|re|ve|ll|d|m)\b)?", re.IGNORECASE)
PART: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*")
IDENTIFIER: Final = re.compile(r"(?<![\w.])(?:--?)?[A-Za-z_][\w-]*(?:[._]\w+)+(?:\(\))?|(?<!\w)--[a-z][\w-]+")
_INITIAL: Final = re.compile(r"[A-Z](?:\*|\.[ ]?[A-Z])|(?<=\*)[A-Z]\b")
"""One letter that stands for a name: "John F. Kennedy", "M*A*S*H"."""
_INITIALS: Final = re.compile(r"(?:[A-Za-z]\.)+[A-Za-z]")
_STEMMER: Final = SnowballStemmer("english")


def _list(text: str) -> list[str]:
    return text.split()


STOP_WORDS: Final = frozenset(
    _list(
        """
        a about above after again all also am an and any are as at be because been before being between
        both but by can could did do does doing done down during each either for from further had has
        have having he her here hers him himself his how i if in into is it its itself just may me
        might more most must my of off on once one only or other our ours out over own per same shall
        she should so some such than that the their theirs them then there these they this those
        through to too under until up upon us very was we were what when where whether which while who
        whom whose why will with within would you your yours yourself s t d ll m re ve"""
    )
)
NEGATIONS: Final = frozenset(
    _list(
        """no not never none neither nor without cannot unable nothing nobody nowhere hardly lacks lack fails
    failed fail refuses refused denied impossible"""
    )
)
_UNITS: Final = dict(
    zip(
        _list(
            """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen"""
        ),
        range(20),
        strict=True,
    )
)
_TENS: Final = dict(
    zip(
        _list("""twenty thirty forty fifty sixty seventy eighty ninety"""),
        range(20, 100, 10),
        strict=True,
    )
)
ORDINALS: Final = dict(
    zip(
        _list("""first second third fourth fifth sixth seventh eighth ninth tenth"""),
        range(1, 11),
        strict=True,
    )
)
_SCALES: Final = frozenset(["hundred", "thousand", "million", "billion", "trillion", "dozen"])
SPELLED: Final = {word: number for word, number in (_UNITS | _TENS).items() if number > 1}
"""Numbers in words from two on: "one" is mostly a pronoun."""
MONTHS: Final = tuple(
    _list("""january february march april may june july august september october november december""")
)
CALENDAR: Final = frozenset(
    _list(
        """january february april june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday winter summer autumn"""
    )
)
"""Words that name a time wherever they stand; "march" and "may" do beside a number only."""
_ABBREVIATED: Final = {month[:3]: month for month in MONTHS} | {"sept": "september"}
_SHORT_MONTH: Final = re.compile(r"\b(Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?(?= ?\d|,)")
_OTHER_MONTH: Final = re.compile(r"(?i)(?<=\d )(march|may)\b|\b(march|may)(?= \d)|(?<=[a-z,] )(March)\b")
_ISO: Final = re.compile(r"\b\d{4}-(\d\d)-\d\d\b")
_SPAN: Final = re.compile(r"\b(\d\d)(\d\d)([-–/])(\d\d)\b(?![-–/.,]?\d)")


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Return the Snowball (Porter2) stem of a word, without case, accents or possessive."""
    plain = word.lower().replace("’", "'").removesuffix("'s")
    decomposed = unicodedata.normalize("NFKD", plain)
    stemmed: str = _STEMMER.stem_word("".join(c for c in decomposed if not unicodedata.combining(c)))
    return stemmed


_STOP_STEMS: Final = frozenset(stem(word) for word in STOP_WORDS)


@lru_cache(maxsize=100_000)
def _stems(word: str) -> tuple[str, ...]:
    """A word's stem and, for camelCase, the stems of its parts."""
    lower = word.lower().replace("’", "'")
    if lower in STOP_WORDS or lower.removesuffix("'s") in STOP_WORDS:
        return ()
    if word.islower() or word.istitle() or word.isupper():
        return (stem(word),)
    parts = PART.findall(word)
    return (stem(word), *(stem(part) for part in parts)) if len(parts) > 1 else (stem(word),)


def stems(text: str) -> list[str]:
    """Return the stems of a text's content words, in order, repeated as often as they occur."""
    return [one for word in WORD.findall(text) for one in _stems(word)]


def numbers(text: str) -> set[str]:
    """Return the numbers of a text, digits or English words, in one form: "12,500" is "12500".

    Magnitudes ("million") and month names count as numbers: a claim that changes one is as wrong.
    """
    whole = _SPAN.sub(r"\1\2\3\1\4", text)
    found = {digits(match) for match in NUMBER.findall(whole)}
    small = _spelled(text)
    return found | small | {w for w in _lower_words(text) if w in _SCALES} | calendar(text)


def digits(number: str) -> str:
    """Return a number in digits in one form: "12,500.0" is "12500"."""
    plain = re.sub(r",(?=\d{3}(?!\d))", "", number).replace(",", ".")
    whole, dot, rest = plain.partition(".")
    rest = rest.rstrip("0") if "." not in rest else rest
    return (whole.lstrip("0") or "0") + (dot + rest if rest else "")


def _lower_words(text: str) -> list[str]:
    return [word.lower() for word in WORD.findall(text)]


def _spelled(text: str) -> set[str]:
    """Numbers in words from two on: "one" and "first" are mostly pronoun and adverb."""
    found: set[str] = set()
    words = _lower_words(text)
    for at, word in enumerate(words):
        if word in _TENS:
            unit = _UNITS.get(words[at + 1], 0) if at + 1 < len(words) else 0
            found.add(str(_TENS[word] + (unit if unit < 10 else 0)))
        elif word in _UNITS and _UNITS[word] > 1 and not (at and words[at - 1] in _TENS):
            found.add(str(_UNITS[word]))
        elif word in ORDINALS and ORDINALS[word] > 2:
            found.add(str(ORDINALS[word]))
    return found


def calendar(text: str) -> set[str]:
    """Return the months, weekdays and seasons of a text, in full: "Dec. 11" and "2018-12-11" are december."""
    found = {word for word in _lower_words(text) if word in CALENDAR}
    found |= {_ABBREVIATED[one.lower()] for one in _SHORT_MONTH.findall(text)}
    found |= {one.lower() for groups in _OTHER_MONTH.findall(text) for one in groups if one}
    return found | {MONTHS[int(one) - 1] for one in _ISO.findall(text) if 1 <= int(one) <= 12}


def names(text: str) -> set[str]:
    """Return the stems of names: capitalised words inside a sentence, all-capital words anywhere."""
    found: set[str] = set()
    for match in WORD.finditer(text):
        word = match.group()
        if (
            not word[0].isupper()
            or not _stems(word)
            or word.lower() in CALENDAR
            or word.lower() in _ABBREVIATED
            or (len(word) == 1 and _INITIAL.match(text, match.start()))
        ):
            continue
        before = text[: match.start()].rstrip(" \t\n\"'`*_(“‘«[")
        inside = bool(before) and before[-1] not in ".!?:;•|"
        if inside or (word.isupper() and len(word) > 1):
            found.add(stem(word))
    return found


def identifiers(text: str) -> set[str]:
    """Return names of code: `quoted`, dotted.or_underscored, --options; without backticks and brackets."""
    quoted = re.findall(r"`+([^`\n]+)`+", text)
    written = [one for one in IDENTIFIER.findall(text) if not _INITIALS.fullmatch(one)]
    return {one.strip().removesuffix("()") for one in (*quoted, *written) if one.strip()}


def negated(text: str) -> bool:
    """Say whether a text holds a negation."""
    return any(is_negation(word) for word in WORD.findall(text))


def is_negation(word: str) -> bool:
    lower = word.lower().replace("’", "'")
    return lower in NEGATIONS or lower.endswith("n't")


def near(tokens: Sequence[str], at: int, reach: int) -> dict[str, float]:
    """Return the content stems around a place in a list of stems, weighted by 1 / distance in content words."""
    found: dict[str, float] = {}
    for side in (tokens[at + 1 :], tokens[:at][::-1]):
        content = [one for one in side[: reach * 3] if one not in _STOP_STEMS][:reach]
        for distance, one in enumerate(content, start=1):
            found[one] = max(found.get(one, 0.0), 1 / distance)
    return found


def affinity(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Return how much two neighbourhoods share."""
    return sum(weight * other[word] for word, weight in one.items() if word in other)
