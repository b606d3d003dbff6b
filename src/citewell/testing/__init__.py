"""Stubs for tests of code that uses Citewell: an embedder and a chat model that need nothing. They know no meaning."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Literal
from zlib import crc32

from citewell.model import Delta, Prompt, Usage

if TYPE_CHECKING:
    from citewell.model import Matrix


class HashEmbedder:
    """A stub: counts hashed words. Equal words, near vectors; no meaning."""

    name = "hash-stub-64"
    dimensions = 64
    max_tokens = 100_000

    def __init__(self, threads: int = 0) -> None:
        del threads

    def embed(self, texts: Sequence[str], *, kind: Literal["query", "passage"]) -> Matrix:
        """Return float32 (len(texts), 64), rows of length 1."""
        import numpy as np

        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split() or [""]:
                vectors[row, crc32(word.encode()) % self.dimensions] += 1
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / lengths, np.float32)

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return the number of words in each text."""
        return [len(text.split()) for text in texts]


class ScriptedChat:
    """A stub: says the given replies, one a call, word by word. Keeps the prompts that it was given."""

    name = "scripted-stub"

    def __init__(self, *replies: str) -> None:
        self._replies = list(replies)
        self.prompts: list[Prompt] = []

    async def stream(self, prompt: Prompt) -> AsyncIterator[Delta]:
        """Yield the next reply. IndexError when there is none left."""
        self.prompts.append(prompt)
        reply = self._replies.pop(0)
        words = reply.split(" ")
        for at, word in enumerate(words):
            yield Delta(word if at == 0 else f" {word}")
        yield Delta("", Usage(sum(len(m.content.split()) for m in prompt.messages), len(words)))
