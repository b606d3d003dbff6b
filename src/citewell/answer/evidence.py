"""Sentences as evidence for a question: what each offers, as a few numbers between -1 and 1. Pure.

The features and their names are the contract between `extract` (which weighs them) and bench/answering.py
(which fits the weights).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise, takewhile
from typing import Final, Literal

from citewell.answer import words
from citewell.answer.constants import LISTED
from citewell.answer.prompt import is_withheld
from citewell.answer.sentences import Unit, units
from citewell.answer.support import Saying
from citewell.model import Hit

Kind = Literal["person", "time", "count", "place", "howto", "reason", "other"]
FEATURES: Final = ("coverage", "neighbours", "phrases", "rank", "expected", "cosine", "passage")
WORD_FEATURES: Final = FEATURES[:5]
_TIME: Final = re.compile(
    r"\b(?:1\d{3}|20\d{2}|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*|\d{1,2}:\d\d|BC|AD|"
    r"\d+(?:st|nd|rd|th)?(?: and \d+\w*)? centur\w+|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|"
    r"spring|summer|autumn|winter|\d+ (?:second|minute|hour|day|week|month|year)s?)\b"
)
_PLACE: Final = re.compile(
    r"\b(?:[Ii]n|[Aa]t|[Nn]ear|[Ff]rom|[Oo]n|[Tt]o|of|[Ss]outh|[Nn]orth|[Ee]ast|[Ww]est) (?:the )?[A-Z]"
)
_REASON: Final = re.compile(
    r"\b(?:because|due to|since|so that|in order to|therefore|thus|as a result|caus\w+|reason|to avoid)\b",
    re.I,
)
_STEP: Final = re.compile(
    r"^(?:to \w+|(?:first|then|next|now|finally),?\s|use|run|set|call|add|create|install|pass|specify|"
    r"configure|make|define|import|start|open|enable|disable|write|you (?:can|should|need|must)|if you)\b",
    re.I,
)
_ELSEWHERE: Final = re.compile(
    r"\W*(?:please )?(?:see|refer to|check out|for (?:more|further|full) \w+)\b", re.I
)
_LINK_ONLY: Final = re.compile(
    r"^\W*(?::\w+:)?(?:`[^`]*`_{0,2}|\[[^\]]*\]\([^)]*\)|<?https?://\S+>?|!\[.*\]\(.*\))\W*$"
)
_KINDS: Final[tuple[tuple[Kind, str], ...]] = (
    ("howto", r"\bhow (?:do|can|should|would|could|to)\b|\bsteps? to\b|\bway to\b"),
    (
        "count",
        r"\bhow (?:many|much|long|far|old|tall|high|big|large|often|fast|deep)\b|percentage|"
        r"\bwhat (?:number|percent|amount|size|age|proportion|population|is the (?:number|default))",
    ),
    ("time", r"\bwhen\b|\b(?:what|which|in what) (?:year|date|day|month|century|decade|time)\b"),
    (
        "person",
        r"\bwho(?:m|se)?\b|\b(?:what|which) (?:person|people|king|president|author|actor|singer|team)\b",
    ),
    (
        "place",
        r"\bwhere\b|\b(?:what|which) (?:country|city|state|place|region|river|town|county|continent)\b",
    ),
    ("reason", r"\bwhy\b|\bwhat (?:caused|causes|is the reason)\b|\breasons?\b"),
)


def kind_of(question: str) -> Kind:
    """Return what a question asks for, by its words."""
    return next((kind for kind, pattern in _KINDS if re.search(pattern, question, re.IGNORECASE)), "other")


@dataclass(frozen=True)
class Sentence:
    """A sentence that may answer: which hit (0-based), which unit there, and its features by name."""

    hit: int
    at: int
    unit: Unit
    saying: Saying
    features: Mapping[str, float]


@dataclass(frozen=True)
class Evidence:
    """A question beside the sentences of its hits."""

    question: str
    hits: tuple[Hit, ...]

    @cached_property
    def asked(self) -> frozenset[str]:
        return frozenset(words.stems(self.question))

    @cached_property
    def kind(self) -> Kind:
        return kind_of(self.question)

    @cached_property
    def units(self) -> list[list[tuple[Unit, Saying]]]:
        return [
            [
                (one, Saying(hit.passage.text[one.start : one.end]))
                for one in units(hit.passage.text)
                if not is_withheld(hit, one.start, one.end)
            ]
            for hit in self.hits
        ]

    @cached_property
    def headings(self) -> list[frozenset[str]]:
        return [frozenset(words.stems(f"{hit.document.title} {hit.passage.heading}")) for hit in self.hits]

    @cached_property
    def weights(self) -> dict[str, float]:
        """The weight of each asked stem: its inverse document frequency among the sentences shown, sum 1."""
        said = [saying.stems for per_hit in self.units for _, saying in per_hit]
        counts = Counter(one for stems in said for one in stems & self.asked)
        raw = {one: math.log(1 + (len(said) + 1) / (counts[one] + 0.5)) for one in self.asked}
        total = sum(raw.values()) or 1.0
        return {one: weight / total for one, weight in raw.items()}

    def share(self, stems: frozenset[str]) -> float:
        """Return the weighted share of the question's words among these stems, 0 to 1."""
        return sum(weight for one, weight in self.weights.items() if one in stems)

    @cached_property
    def sentences(self) -> list[Sentence]:
        """Every sentence that may be quoted, with its features; cosines are 0 until `with_cosines`."""
        return [
            Sentence(hit, at, unit, saying, self._features(hit, at, saying))
            for hit, per_hit in enumerate(self.units)
            for at, (unit, saying) in enumerate(per_hit)
            if quotable(unit, saying) and not self._dangles(hit, at)
        ]

    def _dangles(self, hit: int, at: int) -> bool:
        """An announcement ("the following:") whose code or list is not in the passage."""
        text = self.units[hit][at][1].text.rstrip("*_")
        return text.endswith(":") and not self.follows(hit, at)

    def follows(self, hit: int, at: int) -> list[tuple[Unit, Saying]]:
        """Return the code block, or the first items of the list, directly after a sentence."""
        after = self.units[hit][at + 1 : at + 2 + LISTED]
        rest = [pair for pair in after if pair[0].kind != "other"]
        if rest and rest[0][0].kind == "code":
            return rest[:1]
        if self.units[hit][at][0].kind == "item":
            return []
        return list(takewhile(lambda pair: pair[0].kind == "item", after))[:LISTED]

    def _features(self, hit: int, at: int, saying: Saying) -> dict[str, float]:
        own = self.units[hit]
        coverage = self.share(saying.stems)
        around = frozenset().union(
            *(said.stems for _, said in own[max(0, at - 1) : at + 2]), self.headings[hit]
        )
        expected = expects(self.kind, saying, self.asked)
        return {
            "coverage": coverage,
            "neighbours": self.share(around | saying.stems) - coverage,
            "phrases": _phrases(self.question, saying.text),
            "rank": 1 / (1 + hit),
            "expected": 0.0 if expected is None else 1.0 if expected else -1.0,
            "cosine": 0.0,
            "passage": dense_score(self.hits[hit]),
        }


def with_cosines(
    sentences: Sequence[Sentence], cosine: Callable[[Sequence[str]], Sequence[float]]
) -> list[Sentence]:
    """Return the sentences with the cosine of each to the question."""
    cosines = cosine([one.saying.text for one in sentences])
    return [
        replace(one, features={**one.features, "cosine": float(value)})
        for one, value in zip(sentences, cosines, strict=True)
    ]


def quotable(unit: Unit, saying: Saying) -> bool:
    """Say whether a unit reads as an answer: no heading, directive, code, contents line or bare link."""
    if unit.kind in ("heading", "other", "code") or len(saying.stems) < 2:
        return False
    return not (_LINK_ONLY.match(saying.text) or _ELSEWHERE.match(saying.text)) and not re.search(
        r"(?:\. ?){4,}\s*\d+\s*$", saying.text
    )


def dense_score(hit: Hit) -> float:
    """Return the cosine of the hit's passage to the question, 0 when dense search did not find it."""
    return next((stage.score for stage in hit.stages if stage.name == "dense"), 0.0)


def expects(kind: Kind, saying: Saying, asked: frozenset[str]) -> bool | None:
    """Say whether a sentence holds what this kind of question asks for; None when nothing is expected."""
    text = saying.text
    if kind == "person":
        return bool(words.names(text) - asked) or bool(re.match(r"[A-Z]\w+ [A-Z]", text))
    if kind == "time":
        return bool(_TIME.search(text))
    if kind == "count":
        return bool(saying.numbers - asked) or bool(
            re.search(r"\b(?:one|first|half|several|all|both)\b", text)
        )
    if kind == "place":
        return bool(_PLACE.search(text)) and bool(words.names(text) - asked)
    if kind == "howto":
        return bool(_STEP.search(text)) or "`" in text
    if kind == "reason":
        return bool(_REASON.search(text))
    return None


def _phrases(question: str, text: str) -> float:
    """The share of the question's adjacent content words that are adjacent in the sentence, in order."""
    asked, said = words.stems(question), words.stems(text)
    pairs = set(pairwise(asked))
    return len(pairs & set(pairwise(said))) / len(pairs) if pairs else 0.0
