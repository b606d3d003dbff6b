"""Stub embedders that count words in many dimensions, so that what shares no word is not near."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from citewell.testing import HashEmbedder

if TYPE_CHECKING:
    from citewell.model import Matrix


class Wide(HashEmbedder):
    """Equal words, near vectors; different words hardly ever meet."""

    name = "hash-stub-2048"
    dimensions = 2048


class Short(Wide):
    """Takes the first 60 words of a text, as real models take a number of tokens."""

    name = "hash-stub-short"
    max_tokens = 60

    def embed(self, texts: Sequence[str], *, kind: Literal["query", "passage"]) -> Matrix:
        """Return float32 (len(texts), 2048), rows of length 1."""
        return super().embed([" ".join(text.split()[: self.max_tokens]) for text in texts], kind=kind)
