"""`extract`, shown to people as "Quoted passages": answers with the sentences that answer, verbatim.

No language model: sentences of the shown passages are weighed by words, kind of question and, where an
embedder is given, vectors; what does not look answered yields nothing, which becomes a refusal.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from citewell.answer.constants import DROP, THRESHOLD
from citewell.answer.evidence import Evidence, Sentence
from citewell.answer.judge import Judged, judge
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

    def quotes(self, prompt: Prompt) -> tuple[str, ...]:
        """Return the quoted sentences, best first, each ending in its mark; none when nothing answers."""
        if prompt.quotes is not None:
            return prompt.quotes
        return quotes_of(judge(prompt.question, prompt.hits, self.embedder))


def quotes_of(judged: Judged) -> tuple[str, ...]:
    """Return the sentences worth quoting, each with its mark, best first; none below THRESHOLD."""
    if judged.likely < THRESHOLD or not judged.chosen:
        return ()
    best = judged.chosen[0][1]
    return tuple(_quote(judged.evidence, one) for one, score in judged.chosen if score > best - DROP)


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
