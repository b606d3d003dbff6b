"""Entity carry-over: does a follow-up stand by itself, and what of the turns before does it speak of? Pure.

A follow-up leans on what was said before when it refers back to it (anaphora: "it", "these", "there") or leaves it
out (ellipsis: "and in winter?"); after Halliday & Hasan, Cohesion in English, 1976. Then what the last question that
stood by itself was about is said again, as in the CAsT tracks' plainest runs (Dalton et al., TREC CAsT 2019). The
lists of words are English; in other languages a question leans when it has fewer than OWN_WORDS words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from citewell.answer.words import STOP_WORDS, WORD, stem
from citewell.model import Message
from citewell.techniques.constants import CARRIED, OWN_WORDS


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TALK: Final = _words(
    """actually ah also anyway ask asking correct else ever example explain fine get getting give go going good great
    happen happened happens hear heard hello help hi hmm idea information interested kind know lack let like list
    little lot look looking maybe me mean means meant much need needs nice no not oh ok okay oops please possible
    question questions really right said say saying see shall show something anything nothing sorry sort still even
    sure take talk talking tell thank thanks thing things think told true try trying type types understand use used
    using want wanted way ways well whatever wow yeah yes yet"""
)
"""Words of talking, which name nothing that a document could be about."""
PERSONAL: Final = _words("he him his himself she her hers herself")
BOUND: Final = PERSONAL - {"him"} | _words("its itself they their theirs")
"""Pronouns that mostly speak of what the same sentence has named, where it has named something."""
BACK: Final = BOUND | _words("it them him this these those such that there")
PREPOSITIONS: Final = _words("about after against at before by for from in into like of on to with")
IS: Final = _words("is are was were be been isn't aren't wasn't weren't")
_LEFT_OUT: Final = re.compile(
    r"\W*(?:(?:and|or|but|so|then|no|yes|oops|ok|okay|sorry|also)\W+)*"
    r"(?:(?:what|how) about\b|and\b|or\b|then\b|else\b|why\W*$|how so\b|i mean\w*|i meant\b|"
    r"i(?: a|['’])m (?:talking|asking) about\b|any(?:thing)? (?:else|other|more)\b|(?:an)?other\b|which one\b)",
    re.IGNORECASE,
)
"""How a question begins that goes on with the one before, or corrects it."""
_FILLER: Final = re.compile(
    r"\b(?:is|was|isn't|wasn't|would|will|does|can)\s+it\s+(?:be\s+)?(?:\w+\s+){1,2}(?:to|that|if|for|when)\b"
    r"|\bit(?:'s|’s|\s+(?:is|was|would\s+be|will\s+be))\s+(?:\w+\s+){1,2}(?:to|that|if|for|when)\b"
    r"|\bit\s+(?:takes?|seems?|feels?)\b|\bmakes?\s+it\b",
    re.IGNORECASE,
)
"""“It” that stands for nothing: is it possible to …, it takes …"""
_CLAUSE: Final = re.compile(
    r"[,;:.?!]\s|\n|\b(?:and|but|if|when|while|after|before|because|since|until|although|that|which|who)\b",
    re.IGNORECASE,
)
_PERSON: Final = re.compile(r"\b[A-Z][\w'’.-]*(?: [A-Z][\w'’.-]*)+")
"""Two capitalised words or more, side by side."""
_JOINED: Final = ("", "-", "/", "&", ".")


def naming(text: str) -> list[str]:
    """Return the words of a text that name something, in order."""
    return [word for word in WORD.findall(text) if _names(word)]


def leans(text: str) -> bool:
    """Say whether a question cannot be understood by itself."""
    return len(naming(text)) < OWN_WORDS or bool(_LEFT_OUT.match(text)) or any(_back(text))


def carried(question: str, history: Sequence[Message]) -> tuple[str, ...]:
    """Return what the turns before add to a question, in runs of words: nothing where it stands by itself.

    From the last question back to the one that stood by itself, the latest first, CARRIED words at most.
    """
    if not history or not leans(question):
        return ()
    said = set(map(stem, naming(question)))
    taken = _new(_people(history), said) if any(word in PERSONAL for word in _back(question)) else []
    for turn in reversed([one.content for one in history if one.role == "user"]):
        taken += _new(_runs(turn), said)
        if len(" ".join(taken).split()) >= CARRIED or not leans(turn):
            break
    return tuple(_within(taken))


def _names(word: str) -> bool:
    lower = word.lower().replace("’", "'")
    return len(lower) > 1 and lower not in STOP_WORDS and lower not in TALK and not lower.endswith("n't")


def _runs(text: str) -> list[str]:
    """Return the naming words that stand side by side together: "the insurance premium of a car" gives two runs."""
    spans: list[tuple[int, int]] = []
    for match in WORD.finditer(text):
        if not _names(match.group()):
            continue
        if spans and text[spans[-1][1] : match.start()].strip() in _JOINED:
            spans[-1] = (spans[-1][0], match.end())
        else:
            spans.append(match.span())
    return [text[start:end] for start, end in spans]


def _back(text: str) -> Iterator[str]:
    """Yield the words that refer to what was said before the question: not inside it, and not to nothing."""
    filler = [match.span() for match in _FILLER.finditer(text)]
    matches = list(WORD.finditer(text))
    words = ["", *(match.group().lower().replace("’", "'") for match in matches), ""]
    for match, before, word, after in zip(matches, words, words[1:], words[2:], strict=False):
        if word not in BACK or any(start <= match.start() < end for start, end in filler if word == "it"):
            continue
        # "That" is mostly a conjunction, "there" mostly says that something is.
        if word == "that" and before and after and not (before in PREPOSITIONS and after in IS):
            continue
        if word == "there" and (after or before in IS):
            continue
        if not _named(text[: match.start()], word):
            yield word


def _named(before: str, word: str) -> bool:
    """Say whether a question has itself named what a word refers to: in an earlier clause, or just before."""
    ends = [match.end() for match in _CLAUSE.finditer(before)]
    return bool(ends and naming(before[: ends[-1]])) or (word in BOUND and len(naming(before)) >= OWN_WORDS)


def _people(history: Sequence[Message]) -> list[str]:
    """Return the names in the first sentence of the last answer."""
    answers = [one.content for one in history if one.role == "assistant"]
    first = re.split(r"(?<=[.!?])\s", answers[-1].strip(), maxsplit=1)[0] if answers else ""
    return _PERSON.findall(first)


def _new(runs: Sequence[str], said: set[str]) -> list[str]:
    """Return the runs that say something new, and note what they say."""
    fresh: list[str] = []
    for run in runs:
        stems = set(map(stem, WORD.findall(run)))
        if not stems <= said:
            fresh.append(run)
            said |= stems
    return fresh


def _within(runs: Sequence[str]) -> Iterator[str]:
    """Yield the first CARRIED words of the runs."""
    room = CARRIED
    for run in runs:
        words = run.split()[:room]
        room -= len(words)
        if words:
            yield " ".join(words)
