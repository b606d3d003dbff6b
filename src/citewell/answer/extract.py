"""`extract`, shown to people as "Quoted passages": answers with the sentences that answer, verbatim.

No language model: sentences of the shown passages are weighed by words, kind of question and, where an
embedder is given, vectors; what does not look answered yields nothing, which becomes a refusal.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from citewell.answer.constants import (
    ANSWER_SENTENCES,
    DROP,
    EMBEDDED_SENTENCES,
    RANK_DENSE,
    RANK_WORDS,
    SAME,
    THRESHOLD,
)
from citewell.answer.evidence import Evidence, Sentence, with_cosines
from citewell.answer.refuse import answerable
from citewell.model import Delta, Prompt, Usage
from citewell.protocols import Embedder

TITLE: Final = "Quoted passages"


@dataclass(frozen=True)
class Extract:
    """A Chat without a model. With an embedder, sentences are also compared with the question by vector."""

    embedder: Embedder | None = None

    @property
    def name(self) -> str:
        return "extract"

    async def stream(self, prompt: Prompt) -> AsyncIterator[Delta]:
        """Yield up to three quoted sentences with the marks of their passages; nothing when none answers."""
        quotes = await asyncio.to_thread(self.quotes, prompt)
        for place, quote in enumerate(quotes):
            yield Delta(quote if place == 0 else f"\n\n{quote}", Usage())

    def quotes(self, prompt: Prompt) -> list[str]:
        """Return the quoted sentences, best first, each ending in its mark; [] when nothing answers."""
        evidence = Evidence(prompt.question, prompt.hits)
        ranked = self.ranked(evidence)
        chosen = _distinct(ranked)
        cosine = max((one.features["cosine"] for one, _ in chosen), default=0.0) if self.embedder else None
        texts = [one.saying.text for one, _ in chosen]
        if answerable(prompt.question, prompt.hits, texts, cosine) < THRESHOLD:
            return []
        best = chosen[0][1]
        return [_quote(evidence, one) for one, score in chosen if score > best - DROP]

    def ranked(self, evidence: Evidence) -> list[tuple[Sentence, float]]:
        """Return the sentences with their scores, best first; with an embedder, only the best by words."""
        by_words = ranked(evidence.sentences, RANK_WORDS)
        if self.embedder is None or not by_words:
            return by_words
        some = [one for one, _ in by_words[:EMBEDDED_SENTENCES]]
        vector = self.embedder.embed([evidence.question], kind="query")[0]
        embedder = self.embedder
        return ranked(
            with_cosines(some, lambda texts: embedder.embed(texts, kind="passage") @ vector), RANK_DENSE
        )


def ranked(sentences: Sequence[Sentence], weights: Mapping[str, float]) -> list[tuple[Sentence, float]]:
    """Return sentences with the weighted sum of their features, best first; ties keep their order."""
    scored = [(one, sum(w * one.features[name] for name, w in weights.items())) for one in sentences]
    return sorted(scored, key=lambda pair: -pair[1])


def _distinct(scored: Sequence[tuple[Sentence, float]]) -> list[tuple[Sentence, float]]:
    """Return the best few that say something of their own."""
    chosen: list[tuple[Sentence, float]] = []
    for one, score in scored:
        if len(chosen) == ANSWER_SENTENCES:
            break
        if not any(_alike(one, other) for other, _ in chosen):
            chosen.append((one, score))
    return chosen


def _alike(one: Sentence, other: Sentence) -> bool:
    both = one.saying.stems & other.saying.stems
    return len(both) >= SAME * min(len(one.saying.stems), len(other.saying.stems))


def _quote(evidence: Evidence, one: Sentence) -> str:
    """A sentence with its mark and, where it announces or explains them, the code or list that follows."""
    mark = f"[{one.hit + 1}]"
    parts = [f"{one.saying.text} {mark}"]
    announces = one.saying.text.rstrip("*_").endswith(":")
    for unit, saying in evidence.follows(one.hit, one.at) if announces or evidence.kind == "howto" else []:
        if unit.kind == "code":
            parts.append(f"\n{_fenced(saying.text)}\n{mark}")
        elif announces:
            parts.append(f"- {saying.text} {mark}")
    return "\n".join(parts)


def _fenced(code: str) -> str:
    if re.match(r"[ \t]*(?:```|~~~)", code):
        return code
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", code)), default=0))
    return f"{fence}\n{code}\n{fence}"
