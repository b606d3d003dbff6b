"""What embedders behind an API have in common: known dimensions, unit rows, tokens counted without a tokenizer."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from citewell.errors import BadInput

if TYPE_CHECKING:
    from citewell.model import Matrix


class Told(threading.local):
    """What a service has said that it charges for, in the calls of this thread: tokens read, and searches."""

    tokens: int = 0
    searches: int = 0


def dimensions_of(name: str, asked: int, known: Mapping[str, int]) -> int:
    """Return how long a model's vectors are: as asked, else as known. BadInput when neither says."""
    if not asked and name not in known:
        raise BadInput(f"how long the vectors of {name!r} are is not known here; set embed.dimensions")
    return asked or known[name]


def unit(rows: Sequence[Sequence[float]], texts: int, dimensions: int, name: str) -> Matrix:
    """Return float32 (texts, dimensions), rows of length 1. BadInput when what came has another shape."""
    import numpy as np

    matrix = np.asarray(rows, np.float32)
    if matrix.shape != (texts, dimensions):
        raise BadInput(
            f"{name!r} gave vectors of shape {matrix.shape} for {texts} texts and embed.dimensions {dimensions}; "
            "set embed.dimensions to what that model gives"
        )
    found: Matrix = matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-12)
    return found


def counted(texts: Sequence[str]) -> list[int]:
    """Return an estimate of each text's tokens, on the high side: four ASCII characters, or one other, are one.

    The services' own tokenizers are downloads; what they count is in their bill.
    """
    sizes = ((text, sum(character < "\x80" for character in text)) for text in texts)
    return [-(-ascii // 4) + len(text) - ascii for text, ascii in sizes]


def batches(texts: Sequence[str], size: int) -> Iterator[list[str]]:
    """Yield the texts in order, at most `size` at once. A service takes no empty text: it gets a space."""
    for start in range(0, len(texts), size):
        yield [text or " " for text in texts[start : start + size]]
