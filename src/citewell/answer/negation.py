"""What a text denies, and whether another text affirms it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from citewell.answer import words
from citewell.answer.constants import DENIED_SHARE, NEGATION_SCOPE

_CLAUSE: Final = re.compile(
    r"[,;:()—–.!?]\s| (?:but|although|though|while|whereas|because|which|that|and|or|so) "
)
_NO_DENIAL: Final = re.compile(
    r"(?i)\b(?:not|n['’]t) (?:only|just|merely|simply|solely)\b|\bno\. ?(?=\d)|\bno doubt\b|\bwhether or not\b"
)
_PREFIXED: Final = re.compile(
    r"(?i)\b(?:un(?!i|der|til|cl)|non-?|irr|ill(?!u|n)|dis(?=a[bglp]|h|l|o[bw]|q)|in(?=ab|ad|ca|eff|suf|val|comp))"
    r"[a-z]{3,}|\b\w+less\b|\bimpossible\b"
)
_RESTRICTING: Final = """instead rather only few fewer little rarely seldom except avoid prevent stop cease false
    against ban prohibit oppose reject unlike despite without decline"""
_RESTRICTS: Final = frozenset(words.stem(word) for word in _RESTRICTING.split())


@dataclass(frozen=True)
class Denial:
    """The content stems that a negation may speak about, the nearest first, with 1 / distance."""

    scope: dict[str, float]

    def held(self, stems: frozenset[str]) -> bool:
        """Say whether a text holds most of what is denied, nearness counted."""
        inside = sum(weight for one, weight in self.scope.items() if one in stems)
        return inside > DENIED_SHARE * sum(self.scope.values())


def denials(text: str) -> list[Denial]:
    """Return each negation of a text with what it speaks about: the next content words of its clause."""
    clauses = _CLAUSE.split(_NO_DENIAL.sub(" ", text))
    found = [_scope(rest) for clause in clauses for rest in _after(words.WORD.findall(clause))]
    return [Denial(scope) for scope in found]


def _after(clause: list[str]) -> list[list[str]]:
    """What follows each negation; "None" inside a clause is the name of a choice."""
    return [
        clause[at + 1 :]
        for at, word in enumerate(clause)
        if words.is_negation(word) and not (at and word == "None")
    ]


def _scope(rest: list[str]) -> dict[str, float]:
    stems = list(dict.fromkeys(words.stems(" ".join(rest))))[:NEGATION_SCOPE]
    return {one: 1 / distance for distance, one in enumerate(stems, start=1)}


def restricts(every: frozenset[str], text: str) -> bool:
    """Say whether a text denies or restricts anything: a negation, a denying prefix, "only", "instead"."""
    return bool(every & _RESTRICTS) or words.negated(text) or bool(_PREFIXED.search(text))


def conflict(one: tuple[list[Denial], frozenset[str]], other: tuple[list[Denial], frozenset[str]]) -> bool:
    """Say whether a text affirms what another denies, or the reverse; each is (its denials, its stems)."""
    mine = {stem for denial in one[0] for stem in denial.scope}
    theirs = {stem for denial in other[0] for stem in denial.scope}
    if mine & theirs:
        return False
    return any(d.held(one[1]) and not mine & d.scope.keys() for d in other[0] if d.scope) or any(
        d.held(other[1]) and not theirs & d.scope.keys() for d in one[0] if d.scope
    )
