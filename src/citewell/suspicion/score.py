"""Passage -> what is suspicious in it: each sentence gets a score, hidden text a mark. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from citewell.answer import words
from citewell.answer.sentences import Unit, units
from citewell.hostile import Hidden, Suspect, Suspicion
from citewell.suspicion.constants import BIAS, HELD, HIDDEN_ODDS, NEAR, STANDS_IN, WEIGHTS, WITHHELD
from citewell.suspicion.features import REASONS, Sentence, features
from citewell.suspicion.letters import hidden_letters

_AROUND: Final = 1200
"""Characters on each side of a sentence that tell what its text is about."""
_FEWEST: Final = 12
"""Stems around a sentence below which it cannot be said what is foreign there."""
_LONGEST: Final = 4000
_COMMENT: Final = re.compile(
    r"<!--.*?(?:-->|\Z)|^\[(?://|comment|#|_)\]: *(?:#|<>) *[(\"'].*$", re.DOTALL | re.MULTILINE
)
_LINE: Final = re.compile(r"\n(?=[ \t]*[\"“«'>*_(\[]{0,3}[A-Z<#])")


def suspicion_of(text: str, start: int, end: int, hidden: Sequence[Hidden] = ()) -> Suspicion | None:
    """Return what is suspicious in the passage `text[start:end]` of a document; None when nothing is."""
    unseen = [*_overlapping(hidden, start, end), *_unseen(text, start, end)]
    found = [*_runs(list(_sentences(text, start, end))), *(_hidden(text, one) for one in unseen)]
    parts = _merged([one for one in found if one.hidden or one.score >= WITHHELD])
    if not parts:
        return None
    score = max(one.score for one in parts)
    return Suspicion(score, parts, score >= HELD)


def score_of(sentence: Sentence) -> tuple[float, tuple[str, ...]]:
    """Return how much a sentence reads as an instruction to a model, 0 to 1, and why, what weighs most first."""
    found = features(sentence)
    parts = {name: weight * found[name] for name, weight in WEIGHTS.items() if found[name]}
    score = 1 / (1 + math.exp(-(BIAS + sum(parts.values()))))
    telling = sorted(
        (name for name in parts if name in REASONS and parts[name] > 0), key=lambda name: -parts[name]
    )
    return score, tuple(REASONS[name] for name in telling[:3])


def pieces(text: str) -> list[tuple[Unit, list[tuple[int, int]]]]:
    """Return the units of a text, each with the spans that are scored: lines that begin anew, and the whole."""
    found = []
    for unit in units(text):
        cuts = (
            [match.start() for match in _LINE.finditer(text, unit.start, unit.end)]
            if unit.kind != "code"
            else []
        )
        lines = list(zip([unit.start, *(cut + 1 for cut in cuts)], [*cuts, unit.end], strict=True))
        found.append((unit, lines if len(lines) == 1 else [*lines, (unit.start, unit.end)]))
    return found


def around(text: str, start: int, end: int) -> frozenset[str]:
    """Return the stems of what stands around a span; none where there is too little to tell."""
    found = frozenset(words.stems(f"{text[max(0, start - _AROUND) : start]}\n{text[end : end + _AROUND]}"))
    return found if len(found) >= _FEWEST else frozenset()


def _sentences(text: str, first: int, last: int) -> Iterator[Suspect]:
    """Yield every scored span of a passage; one that announces code takes it along."""
    shown = text[first:last]
    found = pieces(shown)
    for at, (unit, spans) in enumerate(found):
        after = found[at + 1][0] if at + 1 < len(found) and found[at + 1][0].kind == "code" else None
        scored = []
        for start, end in spans:
            said = shown[start:end][:_LONGEST]
            announced = (
                after
                if after and shown[start:end].rstrip("*_ \n`").endswith((":", ".")) and end == unit.end
                else None
            )
            code = (
                said if unit.kind == "code" else shown[announced.start : announced.end] if announced else ""
            )
            sentence = Sentence(
                said, partial(around, text, first + start, first + end), code, is_code=unit.kind == "code"
            )
            score, why = score_of(sentence)
            stop = announced.end if announced else end
            scored.append(Suspect(first + start, first + stop, score, why))
        *lines, whole = scored
        telling = [one for one in lines if one.score >= WITHHELD]
        yield from telling or [whole]


def _runs(scored: list[Suspect]) -> Iterator[Suspect]:
    """Yield spans; those that are suspected a little go with one beside them that is suspected much."""
    ordered = sorted(scored, key=lambda one: one.start)
    for _ in range(2):
        for at, one in enumerate(ordered):
            beside = [other for other in ordered[max(0, at - 1) : at + 2] if other.score >= WITHHELD]
            if NEAR <= one.score < WITHHELD and beside:
                ordered[at] = replace(one, score=WITHHELD, why=one.why or ("stands beside such a sentence",))
        ordered.reverse()
    yield from ordered


def _overlapping(hidden: Iterable[Hidden], start: int, end: int) -> Iterator[Hidden]:
    for one in hidden:
        if one.start < end and start < one.end:
            yield Hidden(max(start, one.start), min(end, one.end), one.how)


def _unseen(text: str, start: int, end: int) -> Iterator[Hidden]:
    """Yield comments and hidden letters, which any text may have."""
    shown = text[start:end]
    for match in _COMMENT.finditer(shown):
        yield Hidden(start + match.start(), start + match.end(), "a comment, which is not displayed")
    for first, last, how in hidden_letters(shown):
        yield Hidden(start + first, start + last, how)


def _hidden(text: str, one: Hidden) -> Suspect:
    said = text[one.start : one.end]
    best, why = max(
        (
            score_of(Sentence(said[a:b], partial(around, text, one.start, one.end)))
            for _, spans in pieces(said)
            for a, b in spans
        ),
        default=(0.0, ()),
    )
    odds = best / (1 - best) if best < 1 else math.inf
    score = 1.0 if math.isinf(odds) else HIDDEN_ODDS * odds / (1 + HIDDEN_ODDS * odds)
    return Suspect(one.start, one.end, score, (f"hidden: {one.how}", *why), hidden=one.how != STANDS_IN)


def _merged(parts: Iterable[Suspect]) -> tuple[Suspect, ...]:
    """Return spans in order, those that overlap as one."""
    merged: list[Suspect] = []
    for one in sorted(parts, key=lambda part: (part.start, -part.end)):
        last = merged[-1] if merged else None
        if last is None or one.start >= last.end:
            merged.append(one)
            continue
        why = tuple(dict.fromkeys((*last.why, *one.why)))
        merged[-1] = Suspect(
            last.start, max(last.end, one.end), max(last.score, one.score), why, last.hidden and one.hidden
        )
    return tuple(merged)
