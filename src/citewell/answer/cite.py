"""Citations: what a model wrote, sentence by sentence, against the passages that it was shown. Pure.

A citation exists only if its quote is found: `document.text[start:end] == quote`, and the quote says what the
sentence says (see `support`). Marks that name nothing vanish; sentences without support are listed as such.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from citewell.answer import words
from citewell.answer.constants import (
    BEFORE,
    CONFLICT_COVERAGE,
    OPENING,
    SENTENCE_COST,
    SPREAD_GAIN,
    SUPPORT_SPREAD,
    WINDOW,
)
from citewell.answer.prompt import REFUSAL, is_withheld
from citewell.answer.sentences import Unit, units
from citewell.answer.support import CONFLICTS, Saying, contradiction, coverage, enough, plain
from citewell.model import Citation, Hit

_MARK: Final = re.compile(
    r"[ \t]*(?:\[\^?([-–,;\s\d]{1,40})\](?:\([^)\s]*\))?|【([^】]{0,40})】|"
    r"[\[(](?i:passage|source|document|doc|reference|ref|citation|context)s?[.:]? ?#?([-–,;\s\d]{1,40})[\])])"
)
"""A number in brackets, and what models write instead: 【2】, (source 2), [Passage 1, 3]."""
_CODE: Final = re.compile(r"(?ms)^[ \t]*(```+|~~~+).*?(?:^[ \t]*\1[ \t]*$|\Z)|`[^`\n]+`")
_NUMBER: Final = re.compile(r"(?<![-–\d])[0-9]{1,4}(?!\d)", re.ASCII)
_FENCE: Final = re.compile(r"^[ \t]*(?:```+|~~~+)[^\n]*\n|\n[ \t]*(?:```+|~~~+)[ \t]*$")
_BULLET: Final = re.compile(r"[ \t]*(?:[-*+•]|\d+[.)])[ \t]*")
_SPACES: Final = re.compile(r"(?<=\S) {2,}")
_NO_CLAIM: Final = ("heading", "other")
_FILLER: Final = frozenset(
    words.stems(
        """here answer following step example passage according sure yes no provided information question
    summary source reference noted document shown given thank okay ok certainly"""
    )
)


@dataclass(frozen=True, slots=True)
class Cited:
    """A checked text: its marks are exactly the numbers of `citations`, 1 to k in order of first use.

    `unsupported` holds the sentences for which no quote was found; `supported` counts those with one.
    """

    text: str
    citations: tuple[Citation, ...] = ()
    unsupported: tuple[str, ...] = ()
    supported: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of a model's text (marks taken out), where its mark goes, and the passages it names."""

    start: int
    end: int
    mark: int
    text: str
    named: tuple[int, ...]


@dataclass(frozen=True)
class Shown:
    """A passage that the model saw, with its sentences and what surrounds them."""

    hit: Hit

    @cached_property
    def units(self) -> list[tuple[Unit, Saying]]:
        text = self.hit.passage.text
        return [(unit, Saying(text[unit.start : unit.end])) for unit in units(text)]

    @cached_property
    def heading(self) -> Saying:
        return Saying(
            f"{self.hit.document.title} {self.hit.passage.heading} {self.hit.passage.context}".replace(
                "\n", " "
            )
        )

    @cached_property
    def whole(self) -> Saying:
        return Saying(f"{self.heading.text}\n{self.hit.passage.text}")

    def near(self, first: int, after: int) -> Saying:
        """What names in the units `first` to `after` may come from: these, those before, and the first ones."""
        said = [self.heading.text, *(saying.text for _, saying in self.units[:OPENING])]
        said += [saying.text for _, saying in self.units[max(0, first - BEFORE) : after + 1]]
        return Saying("\n".join(said))

    def windows(self) -> Iterator[tuple[int, int, Saying]]:
        """Yield (first sentence, how many, what they say) of each run of up to WINDOW sentences."""
        text, found = self.hit.passage.text, self.units
        for size in range(1, WINDOW + 1):
            for at in range(len(found) - size + 1):
                (first, saying), (last, _) = found[at], found[at + size - 1]
                if is_withheld(self.hit, first.start, last.end):
                    continue
                if first.kind not in _NO_CLAIM and last.kind not in _NO_CLAIM:
                    yield at, size, saying if size == 1 else Saying(text[first.start : last.end])


def cite(
    text: str, hits: Sequence[Hit], *, keep: bool = True, granted: Mapping[str, Citation] | None = None
) -> Cited:
    """Check a model's text against the passages it was shown, numbered from 1 in this order.

    Unless `keep`, unsupported sentences are left out of the text. `granted` has quotes for sentences that are not
    supported by the checks, and are by who read both (see `doubts_of`).
    """
    shown = [Shown(hit) for hit in hits]
    bare, claims = claims_of(text)
    found: dict[tuple[str, int, int, int], Citation] = {}
    marks: list[tuple[int, str]] = []
    unsupported: list[Claim] = []
    supported = 0
    for claim in claims:
        quotes = supporting(claim, shown)
        if not quotes and granted and claim.text in granted:
            quotes = [granted[claim.text]]
        supported += bool(quotes)
        if not quotes and not neutral(claim.text):
            unsupported.append(claim)
        numbers = [_number(quote, found) for quote in quotes]
        marks.append((claim.mark, "".join(f"[{n}]" for n in dict.fromkeys(numbers))))
    shown_text = _marked(bare, marks) if keep else _kept(bare, marks, unsupported)
    return Cited(shown_text, tuple(found.values()), tuple(one.text for one in unsupported), supported)


def claims_of(text: str) -> tuple[str, list[Claim]]:
    """Return a text without its marks, and its sentences with the passages that each names."""
    bare, marks = _without_marks(text)
    spans = [unit for unit in units(bare) if unit.kind not in _NO_CLAIM]
    named: list[list[int]] = [[] for _ in spans]
    places = [unit.end for unit in spans]
    for position, leads, numbers in marks:
        before = [i for i, unit in enumerate(spans) if unit.start < position]
        after = [i for i, unit in enumerate(spans) if unit.start >= position]
        owner = after[0] if after and (leads or not before) else before[-1] if before else None
        if owner is not None:
            named[owner] += numbers
            places[owner] = position if owner in before else places[owner]
    claims = [
        Claim(unit.start, unit.end, place, bare[unit.start : unit.end], tuple(dict.fromkeys(numbers)))
        for unit, place, numbers in zip(spans, places, named, strict=True)
    ]
    return bare, claims


def _without_marks(text: str) -> tuple[str, list[tuple[int, bool, list[int]]]]:
    """Return the text without marks, and each mark: position there, whether it leads a line, numbers."""
    code = [match.span() for match in _CODE.finditer(text)]
    pieces: list[str] = []
    marks: list[tuple[int, bool, list[int]]] = []
    last = length = 0
    for match in _MARK.finditer(text):
        if any(start <= match.start() < end for start, end in code):
            continue
        pieces.append(text[last : match.start()])
        length += len(pieces[-1])
        last = match.end()
        leads = _line_start(text, match.start()) and bool(text[last:].partition("\n")[0].strip())
        marks.append((length, leads, _numbers(match)))
    pieces.append(text[last:])
    return "".join(pieces), marks


def _line_start(text: str, at: int) -> bool:
    return not text[text.rfind("\n", 0, at) + 1 : at].strip()


def _numbers(match: re.Match[str]) -> list[int]:
    return [int(one) for one in _NUMBER.findall(match[1] or match[2] or match[3] or "")]


def neutral(text: str) -> bool:
    """Say whether a sentence claims nothing: "Here is how:", the refusal, a mark of its own."""
    said = Saying(text)
    return not (said.stems - _FILLER) or REFUSAL.rstrip(".") in said.plain


def supporting(claim: Claim, shown: Sequence[Shown]) -> list[Citation]:
    """Return the quotes of the named passages that support a claim, or else the best one of any other."""
    if neutral(claim.text):
        return []
    said = Saying(_FENCE.sub("", claim.text))
    named = [shown[n - 1] for n in claim.named if 1 <= n <= len(shown)]
    quotes = [quote for one in named if (quote := _best(said, one))]
    if not quotes:
        others = [best for one in shown if one not in named and (best := _best(said, one))]
        quotes = [max(others, key=lambda best: best[0])] if others else []
    return [quote for _, found in quotes for quote in found]


def _best(claim: Saying, shown: Shown) -> tuple[float, list[Citation]] | None:
    """Return the best supporting span of one passage with its score, or the spans that do together, or None."""
    if exact := _verbatim(claim.text, shown):
        return 1.0 + len(claim.text) / 1e6, [citation(shown.hit, *exact)]
    scored = [
        (coverage(claim, saying, shown.heading), at, size, saying) for at, size, saying in shown.windows()
    ]
    for covered, at, size, saying in sorted(
        scored, key=lambda one: (SENTENCE_COST * one[2] - one[0], one[1])
    ):
        if not enough(claim, covered):
            continue
        run = shown.units[at : at + size]
        near = shown.near(at, at + size)
        against = contradiction(claim, [one for _, one in run], saying, near, shown.whole)
        if not against:
            return covered, [citation(shown.hit, run[0][0].start, run[-1][0].end)]
        if against in CONFLICTS and covered >= CONFLICT_COVERAGE:
            return None  # worse quotes only leave out what speaks against the claim
    return _spread(claim, shown)


def _spread(claim: Saying, shown: Shown) -> tuple[float, list[Citation]] | None:
    """Return sentences of one passage, apart from each other, that cover a claim together; or None."""
    chosen: list[int] = []
    missing = set(claim.stems)
    while len(chosen) < WINDOW:
        gains = [
            (len(missing & saying.stems), -at)
            for at, (unit, saying) in enumerate(shown.units)
            if unit.kind not in _NO_CLAIM
        ]
        most, place = max(gains, default=(0, 0))
        if most < SPREAD_GAIN:
            break
        chosen.append(-place)
        missing -= shown.units[-place][1].stems
    covered = 1 - len(missing) / max(1, len(claim.stems))
    if covered < SUPPORT_SPREAD or not chosen:
        return None
    run = [shown.units[at] for at in sorted(chosen)]
    whole = Saying("\n".join(one.text for _, one in run))
    near = shown.near(min(chosen), max(chosen) + 1)
    if contradiction(claim, [one for _, one in run], whole, near, shown.whole):
        return None
    return covered, [citation(shown.hit, unit.start, unit.end) for unit, _ in run]


def _verbatim(claim: str, shown: Shown) -> tuple[int, int] | None:
    """Find a claim that is, but for spaces and typography, whole sentences of the passage."""
    wanted = plain(claim)
    text = shown.hit.passage.text
    if not wanted or wanted not in shown.whole.plain:
        return None
    starts = [unit.start for unit, _ in shown.units]
    ends = [unit.end for unit, _ in shown.units]
    for at, start in enumerate(starts):
        for end in ends[at : at + 12]:
            if plain(text[start:end]) == wanted and not is_withheld(shown.hit, start, end):
                return start, end
    return None


def citation(hit: Hit, start: int, end: int) -> Citation:
    passage, document = hit.passage, hit.document
    return Citation(
        number=0,
        document_id=passage.document_id,
        version=passage.version,
        start=passage.start + start,
        end=passage.start + end,
        quote=passage.text[start:end],
        title=document.title,
        heading=passage.heading,
        source=document.source,
        line=passage.line + passage.text.count("\n", 0, start),
        page=passage.page,
    )


def _number(quote: Citation, found: dict[tuple[str, int, int, int], Citation]) -> int:
    """Give a quote its number; the same quote keeps the one it has."""
    key = (quote.document_id, quote.version, quote.start, quote.end)
    found.setdefault(key, replace(quote, number=len(found) + 1))
    return found[key].number


def _marked(bare: str, marks: Sequence[tuple[int, str]]) -> str:
    """Put marks into a text at their places."""
    pieces: list[str] = []
    last = 0
    for at, mark in sorted(marks):
        pieces.append(bare[last:at])
        if mark:
            pieces.append(mark if not bare[:at] or bare[at - 1].isspace() else f" {mark}")
        last = at
    return ("".join(pieces) + bare[last:]).strip()


def _kept(bare: str, marks: Sequence[tuple[int, str]], dropped: Sequence[Claim]) -> str:
    """Put marks into a text without some of its sentences; what is left of their lines and lists goes too."""
    text = bare
    for one in reversed(dropped):
        text = text[: one.start] + text[max(one.end, one.mark) :]
    gone = [(one.start, max(one.end, one.mark)) for one in dropped]
    moved = [
        (at - sum(end - start for start, end in gone if end <= at), mark)
        for at, mark in marks
        if mark and not any(start < at <= end for start, end in gone)
    ]
    lines = [line for line in _marked(text, moved).split("\n") if not _BULLET.fullmatch(line)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(_SPACES.sub(" ", line) for line in lines)).strip()
