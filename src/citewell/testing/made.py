"""Points to fill an index with: made-up words as rare as words are, vectors as the catalog keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import numpy as np

from citewell.model import Fields, Point

if TYPE_CHECKING:
    from citewell.model import Matrix, Vector

SYLLABLES: Final = ("ba", "do", "ki", "lu", "mo", "ne", "pa", "ri", "su", "ta", "ve", "zo")
WORDS: Final = tuple(
    one + two + three for one in SYLLABLES for two in SYLLABLES for three in ("n", "x", "rk", "lp")
)


class Made:
    """Points that are the same in every run of one seed; ids are never given twice."""

    def __init__(self, dimensions: int, seed: int = 7) -> None:
        self.dimensions = dimensions
        self._random = np.random.default_rng(seed)
        self._next = seed << 64

    def points(self, fields: Sequence[Mapping[str, Any]]) -> list[Point]:
        """Return a point for each metadata; its document's id is its field `id`, else made up."""
        rows = self.vectors(len(fields))
        return [self.point(row, one) for row, one in zip(rows, fields, strict=True)]

    def point(self, vector: Vector, fields: Mapping[str, Any], text: str | None = None) -> Point:
        """Return a point with a text of 5 to 60 words, or the given one."""
        self._next += 1
        text = self.text(int(self._random.integers(5, 60))) if text is None else text
        document = str(fields.get("id", f"document {self._next % 1000}"))
        whole: Fields = {**fields, "id": document}
        return Point(str(UUID(int=self._next)), document, vector, text, whole)

    def vectors(self, count: int) -> Matrix:
        """Return rows of length 1 that float16 can hold, in clusters, as real ones are."""
        centres = np.random.default_rng(1).normal(size=(24, self.dimensions))
        near = centres[self._random.integers(0, len(centres), count)]
        rows = near + 0.7 * self._random.normal(size=(count, self.dimensions))
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows, np.float16).astype(np.float32)

    def text(self, length: int) -> str:
        """Return words, of which few are common and most are rare."""
        at = np.minimum(self._random.zipf(1.3, length), len(WORDS)) - 1
        return " ".join(WORDS[one] for one in at)
