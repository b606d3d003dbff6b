"""An answer cache: what a model wrote to a prompt is taken again for the same prompt, and not paid twice.

The key is who asks, and all that decides what is written: the models and their settings, every message (so the
question, the history, the prompt file, the style, the passages' words), and the ids of the passages shown, each of one
version.
Retrieval is never cached: another hit is another prompt. A document that changes or goes erases what was written to it.
"""

from __future__ import annotations

import asyncio
import json
import re
import unicodedata
from collections.abc import AsyncIterator
from contextlib import aclosing
from hashlib import sha256
from typing import Any

from citewell.catalog import Answers
from citewell.model import Delta, Prompt, Usage
from citewell.protocols import Chat


class CachedChat:
    """A Chat that asks another only what was not asked before. `identity` names models and settings."""

    def __init__(self, inner: Chat, answers: Answers, identity: str) -> None:
        self.name = inner.name
        self._inner, self._answers, self._identity = inner, answers, identity

    async def stream(self, prompt: Prompt) -> AsyncIterator[Delta]:
        """Yield what was written before in one piece, at no cost, else the model's answer, which is kept."""
        key = self.key(prompt)
        known = await asyncio.to_thread(self._answers.get, key)
        if known is not None:
            yield Delta(known[0], Usage(), known[1], cached=True)
            return
        # What has no hits, or notes beside them, may hold words of any document: then any change forgets it.
        whole = not prompt.hits or bool(prompt.notes)
        library = await asyncio.to_thread(self._answers.revision) if whole else None
        pieces: list[str] = []
        model = self.name
        stream: Any = self._inner.stream(prompt)
        async with aclosing(stream) as deltas:
            async for delta in deltas:
                pieces.append(delta.text)
                model = delta.model or model
                yield delta
        if text := "".join(pieces):
            shown = [hit.passage.id for hit in prompt.hits]
            await asyncio.to_thread(self._answers.put, key, (text, model), shown, library)

    def knows(self, prompt: Prompt) -> bool:
        """Say whether a prompt would cost nothing."""
        return self._answers.get(self.key(prompt)) is not None

    def key(self, prompt: Prompt) -> bytes:
        """Return what equal prompts have in common; questions are equal that differ in space or in their last mark."""
        asked = prompt.question.strip()  # as prompt files write it
        plain = normalised(asked) or asked
        said = [
            (one.role, one.content.replace(asked, plain) if asked else one.content) for one in prompt.messages
        ]
        shown = [(hit.passage.id, hit.document.version) for hit in prompt.hits]
        return sha256(
            json.dumps([self._identity, prompt.access, said, shown, prompt.notes]).encode()
        ).digest()


def normalised(question: str) -> str:
    """Return a question in NFKC, with single spaces, and without the marks at its end."""
    return re.sub(r"[\s.?!]+$", "", " ".join(unicodedata.normalize("NFKC", question).split()))
