"""What speaks for a sentence being meant for a model, as a few named numbers from 0 to 1. Pure.

Each is a kind of thing that such sentences do, in the words that there are for it; none is a phrase that somebody
was seen to use. `REASONS` says each in plain words. bench/suspicion.py fits their weights; the two speak through
the names. The kinds are those of the literature: Perez & Ribeiro 2022 (goal hijacking, prompt leaking), Greshake
et al. 2023 (indirect injection), Liu et al. 2024 (naive, escape, ignoring, fake completion), Yi et al. 2023 (BIPIA).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Final, NamedTuple

from citewell.answer import words
from citewell.suspicion import wording
from citewell.suspicion.danger import danger
from citewell.suspicion.letters import hidden_letters, plain

_PATTERNS: Final[Mapping[str, str]] = {
    "override": wording.OVERRIDE,
    "tags": wording.TAGS,
    "persona": wording.PERSONA,
    "addressed": wording.ADDRESSED,
    "output": wording.OUTPUT,
    "output_weak": wording.OUTPUT_WEAK,
    "your_code": wording.YOUR_CODE,
    "splice": wording.SPLICE,
    "user": wording.USER,
    "secrets": wording.SECRETS,
    "trigger": wording.TRIGGER,
    "secrecy": wording.SECRECY,
    "refuse": wording.REFUSE,
    "literal": wording.LITERAL,
    "link": wording.LINK,
    "loud": wording.LOUD,
    "authority": wording.AUTHORITY,
    "mention": wording.MENTION,
    "technical": wording.TECHNICAL,
}
_PLAIN: Final = ("override", "tags", "persona", "addressed", "trigger", "secrecy", "refuse", "authority")
"""What speaks of a model whatever else a sentence is about: that it is technical is then no excuse."""
_LIGHT: Final = frozenset(
    words.stems(
        "answer response reply output message summary question user please letter word sentence text following "
        "code example"
    )
)
"""Stems that tell nothing of what a document is about."""
NAMES: Final = (
    *_PATTERNS, "insert", "transform", "compose", "explain", "send", "say", "wh", "quoted", "novel", "code", "letters",
    "order_output", "insert_output", "transform_output", "say_link", "task_novel", "wh_novel",
    "send_secrets", "splice_code", "spliced_danger",
)  # fmt: skip
REASONS: Final[Mapping[str, str]] = {
    "override": "tells its reader to drop earlier instructions",
    "tags": "imitates the marks of a chat or a system prompt",
    "persona": "gives its reader a role or a task",
    "addressed": "speaks to an assistant or a language model",
    "output": "speaks of its reader's answer",
    "your_code": "speaks of the code that its reader writes",
    "trigger": "says what to answer when something is asked",
    "secrecy": "asks to keep something from the user",
    "refuse": "tells its reader not to answer",
    "literal": "dictates words to say",
    "authority": "claims the authority of a system or its makers",
    "order_output": "gives an order about its reader's answer",
    "insert_output": "tells what to put into an answer",
    "transform_output": "tells how to change an answer's words",
    "say_link": "wants an address passed on",
    "task_novel": "sets a task that is foreign to its document",
    "wh_novel": "asks a question that is foreign to its document",
    "send_secrets": "asks to give away what was told in confidence",
    "spliced_danger": "wants dangerous code taken over",
    "code": "code that sends data out, runs what it downloads, or destroys",
    "letters": "letters that are not displayed break its words",
}


class Sentence(NamedTuple):
    """A sentence as it stands, what gives the stems of the text around it, and the code that it announces or is."""

    text: str
    around: Callable[[], frozenset[str]] = frozenset
    code: str = ""
    is_code: bool = False


@cache
def _compiled(name: str) -> Callable[[str], re.Match[str] | None]:
    return re.compile(
        _PATTERNS[name], re.IGNORECASE | re.MULTILINE if name != "loud" else re.MULTILINE
    ).search


@cache
def _re(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


@cache
def _verbs(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


def features(sentence: Sentence) -> dict[str, float]:
    """Return every feature of NAMES by its name, each from 0 to 1."""
    text = plain(sentence.text)
    skipped = ("tags", "splice", "your_code", "literal") if sentence.is_code else ()
    matches = {name: one for name in _PATTERNS if name not in skipped and (one := _compiled(name)(text))}
    found: dict[str, float] = {name: float(name in matches) for name in _PATTERNS}
    opener = "" if sentence.is_code else _opener(text)
    for name, listed in (
        ("insert", wording.INSERT), ("transform", wording.TRANSFORM), ("compose", wording.COMPOSE),
        ("explain", wording.EXPLAIN), ("send", wording.SEND), ("say", wording.SAY),
    ):  # fmt: skip
        found[name] = float(opener in _verbs(listed))
    asks = bool(_re(wording.WH).search(text)) and not _re(wording.OURS).search(text)
    product = bool(_re(wording.TEXTS).search(text) or _re(wording.LANGUAGES).search(text))
    said = max(found["output"], 0.5 * found["output_weak"])
    task = max(found["explain"], found["compose"] * (1.0 if product else 0.3))
    task *= 0.3 if _re(wording.OTHERS).search(text) else 1.0
    negated = bool(_re(wording.NEGATED).search(text))
    order = (
        bool(opener)
        and opener not in words.STOP_WORDS | {"thank", "let", "still"}
        and not opener.endswith(("s", "ed", "ing", "ly"))
    )
    asked = max(float(asks), 0.7 * (product and text.rstrip().endswith("?")))
    novel = _novel(text, sentence.around()) if task or asked else 0.0
    dangerous = danger(sentence.code)
    triggers = [
        matches[name] for name in ("override", "persona", "secrets", "addressed", "refuse") if name in matches
    ]
    inside = triggers and all(_re(wording.SHOWN).search(text[: one.start()]) for one in triggers)
    return found | {
        "technical": float("technical" in matches and not any(found[name] for name in _PLAIN)),
        "wh": float(asks),
        "quoted": float(bool(inside)),
        "novel": novel,
        "code": dangerous,
        "letters": float(any(True for _ in hidden_letters(sentence.text))),
        "order_output": order * said,
        "insert_output": found["insert"] * said,
        "transform_output": max(
            max(found["transform"], found["insert"]) * said,
            float(opener in _verbs(wording.SAY) and bool(_re(wording.LANGUAGES).search(text))),
        ),
        "say_link": max(found["say"], found["insert"], found["send"]) * found["link"] * said,
        "task_novel": task * novel**2,
        "wh_novel": asked * novel**2,
        "send_secrets": (not negated) * max(found["send"], found["say"]) * found["secrets"],
        "splice_code": found["splice"] * max(found["your_code"], found["output"]),
        "spliced_danger": max(found["splice"], found["your_code"]) * dangerous,
    }


def _opener(text: str) -> str:
    """Return the word that a sentence's demand begins with, in small letters; "" when it has none there."""
    if text.startswith(".."):
        return ""  # a directive of reStructuredText
    begun = _re(wording.POLITE).match(text)
    word = re.match(r"[A-Za-z]+", text[begun.end() if begun else 0 :])
    found = word.group().lower() if word else ""
    return {"summarise": "summarize"}.get(
        found, found.removesuffix("ing") if found.endswith("ing") else found
    )


def _novel(text: str, around: frozenset[str]) -> float:
    """Return the share of a sentence's words that the text around it does not have."""
    own = frozenset(words.stems(text)) - _LIGHT
    return len(own - around) / len(own) if len(own) > 1 and around else 0.0
