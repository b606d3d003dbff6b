"""The pairs that faults are made from, and what `bench.fault_kinds` looks up in a text."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from bench.fault_words import CITIES, COUNTRIES, DAYS, DEMONYMS, FIRST_NAMES, HEADS, MONTHS, STATES, STOP
from citewell.answer import sentences

SUPPORTED = 0.85
"""Share of a claim's different content words that its passage must hold: labels alone are noisy."""
LISTS = {"country": COUNTRIES, "state": STATES, "city": CITIES, "demonym": DEMONYMS}
NAME = re.compile(r"(?<![\w'’.#@-])[A-Z][\w'’-]*[a-z][\w'’-]*(?: [A-Z][\w'’-]*[a-z][\w'’-]*)*")
NOT_NAMES = frozenset(
    word.capitalize()
    for word in (
        *STOP,
        "you",
        "yes",
        "what",
        "title",
        "text",
        "dr",
        "mr",
        "mrs",
        "president",
        "sir",
        "according",
    )
) | frozenset(("Additionally", "However", "US", "UK", "AM", "PM"))
AFTER = r"[,.;)]|$| (?:in|on|at|to|and|for|from|with|is|was|are|were|who|has|had|by)\b"
SLOTS = ("the", "in", "at", "from", "by", "with", "of")
"""Where a name of no known class stands; another one that stood there will fit."""
PEOPLE = re.compile(rf"\b(?:{'|'.join(sorted(FIRST_NAMES))}|Mr\.?|Dr\.?|President) ([A-Z][\w-]+)")


@dataclass(frozen=True)
class Pair:
    """A sentence with the passages shown beside it; `way` says which variant of a fault this is."""

    sentence: str
    shown: tuple[str, ...]
    way: str = ""
    near: bool = True
    """Whether the sentence's words, figures and names are in the passage, as the faults want it."""
    topic: str = ""
    title: str = ""


@dataclass(frozen=True)
class Others:
    """All supported pairs, as a stock of passages and names, with the seed's randomness."""

    pairs: Sequence[Pair]
    rng: random.Random = field(compare=False)

    @cached_property
    def names(self) -> dict[str, list[str]]:
        """Names of all passages by class, in order of first mention."""
        found: dict[str, dict[str, None]] = {}
        for pair in self.pairs:
            for name, kind in names_of(pair.shown[0], pair.shown[0]):
                found.setdefault(kind, {})[name] = None
        return {kind: list(names) for kind, names in found.items()}

    @cached_property
    def _words(self) -> list[frozenset[str]]:
        return [frozenset(content(pair.shown[0])) for pair in self.pairs]

    @cached_property
    def _counts(self) -> Counter[str]:
        return Counter(word for words in self._words for word in words)

    def nearest(self, pair: Pair) -> Iterator[Pair]:
        """Other pairs, those whose passage shares most (rare) words with the sentence first."""
        asked = set(content(pair.sentence))
        mine = frozenset(content(pair.shown[0]))
        scored = [
            (sum(1 / self._counts[word] for word in asked & words) / (20 + len(words)) ** 0.5, i)
            for i, words in enumerate(self._words)
            if len(words & mine) < 0.4 * min(len(words), len(mine)) and self.pairs[i].topic != pair.topic
        ]
        return (self.pairs[i] for score, i in sorted(scored, reverse=True)[:60] if score > 0)


def read_pairs(folder: Path) -> list[Pair]:
    """The supported claims of every set that are one statement each, without their marks."""
    seen: dict[tuple[str, str], Pair] = {}
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if int(row["label"]) != 1:
                continue
            sentence, context = _clean(row["claim_or_answer"]), re.sub(r"^\[\d+\] ", "", row["context"])
            if _is_statement(sentence):
                topic = row.get("question") if "Bench" in row["source"] else context[:200]
                seen[sentence, context] = Pair(sentence, (context,), "", _near(sentence, context), topic)
    return list(seen.values())


def read_answers(folder: Path) -> list[Pair]:
    """The sentences of one retrieval set's reference answers that are near-verbatim in a passage judged relevant."""
    entries = [
        json.loads(line) for line in (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    corpus = {entry["_id"]: entry for entry in entries}
    judged: dict[str, list[str]] = {}
    for line in (folder / "qrels" / "test.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        question, passage, grade = line.split("\t")
        if float(grade) > 0 and passage in corpus:
            judged.setdefault(question, []).append(passage)
    seen: dict[tuple[str, str], Pair] = {}
    for line in (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        texts = [corpus[name] for name in judged.get(question["_id"], [])]
        for sentence in (one for answer in question["answers"] for one in _statements(answer)):
            for entry in [entry for entry in texts if _near(sentence, entry["text"])][:1]:
                pair = Pair(sentence, (entry["text"],), title=entry["title"])
                seen[sentence, entry["text"]] = pair
    return list(seen.values())


def _statements(answer: str) -> Iterator[str]:
    for start, end in sentences(answer):
        if _is_statement(sentence := _clean(answer[start:end])):
            yield sentence


def _clean(claim: str) -> str:
    text = re.sub(r"\s*\[\d+\]", "", " ".join(claim.split()))
    text = re.sub(r" ([,.;:!?%)]|'s\b|n't\b)", r"\1", re.sub(r"\( ", "(", text)).replace(" 's", "'s")
    text = re.sub(r'(?<!\S)" ([^"]+?) "(?!\S)', r'"\1"', text).strip(" -•*")
    return text if text.endswith((".", "!", "?", '"')) else text + "."


def _is_statement(text: str) -> bool:
    words = text.split()
    talk = re.match(
        r"(?i)(yes|yeah|yep|no|well|oh|ok|i|i'm|that's|haha|sure|wow|but|you|my|so|absolutely)\b", text
    )
    several = re.search(
        r"[.!?][\"”]? +[A-Za-z]", re.sub(r"\b(?:[A-Z]|Mr|Mrs|Dr|St|vs|U\.S|Jr|No)\.", "", text)
    )
    odd = re.search(r"\?|:$|\n|\bI\b|\bmy\b|\*\*|#|http|\.\.\.|^\d+\.|^[,.;(]", text)
    return 6 <= len(words) <= 45 and not talk and not several and not odd


def _near(sentence: str, context: str) -> bool:
    words = set(content(sentence))
    held = {word[:6] for word in content(context)}
    share = sum(word[:6] in held for word in words) / max(1, len(words))
    figures = set(re.findall(r"\d+", sentence)) <= set(re.findall(r"\d+", context))
    lowered = context.lower()
    named = all(part.lower() in lowered for name, _ in names_of(sentence, context) for part in name.split())
    return share >= SUPPORTED and figures and named and len(words) >= 4


def tokens(text: str) -> list[str]:
    """Lower-case words and figures, thousands' commas dropped."""
    return re.findall(r"[a-z]+|\d+(?:\.\d+)?", re.sub(r"(?<=\d),(?=\d{3})", "", text.lower()))


def content(text: str) -> list[str]:
    """Tokens that carry meaning: no stop words, no single letters."""
    return [word for word in tokens(text) if word not in STOP and (len(word) > 1 or word.isdigit())]


def coverage(sentence: str, context: str) -> float:
    """Share of the sentence's different content words whose first six letters begin a word of the context."""
    words, held = set(content(sentence)), {word[:6] for word in content(context)}
    return sum(word[:6] in held for word in words) / max(1, len(words))


@lru_cache(maxsize=20000)
def names_of(text: str, context: str) -> tuple[tuple[str, str], ...]:
    """Proper names in the text and their classes; `context` tells a surname and a name that begins a sentence."""
    return tuple(_names(text, context))


def _names(text: str, context: str) -> Iterator[tuple[str, str]]:
    for match in NAME.finditer(text):
        words = re.sub(r"['’]s$", "", match.group()).split()
        while words and words[0] in NOT_NAMES:
            words = words[1:]
        before = text[: match.start()].rstrip()
        starts = not before or before[-1] in '.!?:"“\n|' or text[match.start() - 1] == "\n"
        name = " ".join(words)
        if not words or words[0] in (*MONTHS, *DAYS) or len(words) > 4:
            continue
        if starts and len(words) == 1 and name not in _inner(context):
            continue
        if re.search(r"[a-z][A-Z]", name) or re.match(r" [A-Z]\.", text[match.end() :]):
            continue
        if re.search(r"[A-Z]\. $", text[: match.start()]) or name.lower() in _lower(context):
            continue
        if re.search(r"[A-Z]\w+ (?:of|for|and) (?:the )?$", text[: match.start()]):
            continue
        if re.match(r" (?:of|for|and) (?:the )?[A-Z]|[ -]?\d|['’]?-|\.\w", text[match.end() :]):
            continue
        kind = _class_of(name, context)
        slot = before.rpartition(" ")[2].lower()
        if not kind.startswith("other"):
            yield name, kind
        elif slot in SLOTS and re.match(AFTER, text[match.end() :]):
            yield name, f"{kind} after {slot}"


def _class_of(name: str, context: str) -> str:
    for kind, names in LISTS.items():
        if name in names:
            return kind
    words = name.split()
    if words[-1] in HEADS:
        return f"{words[-1]}"
    if words[0] in FIRST_NAMES and 2 <= len(words) <= 3:
        return "person"
    if len(words) == 1 and words[0] in FIRST_NAMES:
        return "given name"
    if len(words) == 1 and name in _surnames(context):
        return "surname"
    return f"other {len(words)}"


@lru_cache(maxsize=4000)
def _lower(context: str) -> frozenset[str]:
    return frozenset(re.findall(r"\b[a-z]+\b", context))


@lru_cache(maxsize=4000)
def _surnames(context: str) -> frozenset[str]:
    return frozenset(PEOPLE.findall(context))


@lru_cache(maxsize=4000)
def _inner(context: str) -> frozenset[str]:
    """Capitalised words that follow a lower-case word or a comma."""
    return frozenset(re.findall(r"(?<=[a-z,] )[A-Z][\w'’-]*", context))
