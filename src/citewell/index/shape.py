"""What every index says of itself and asks of what it is given."""

from __future__ import annotations

from collections.abc import Sequence
from math import nextafter
from typing import TYPE_CHECKING, Final

from citewell.errors import BadInput
from citewell.index.constants import BM25_B, BM25_K1
from citewell.model import Point

if TYPE_CHECKING:
    from citewell.model import Vector

SCORER: Final = f"BM25 (k1 {BM25_K1}, b {BM25_B}) and TF-IDF, weights by our analyser"


def check_length(vector: Vector, dimensions: int) -> None:
    """BadInput for a vector that is not as long as those that the index holds."""
    if vector.shape != (dimensions,):
        raise BadInput(
            f"the index holds vectors of {dimensions} numbers, and this one is {vector.shape!r}; use the embedder "
            "that the library was made with"
        )


def check_lengths(points: Sequence[Point], dimensions: int) -> None:
    """BadInput for points of which one has a vector of another length."""
    for point in points:
        check_length(point.vector, dimensions)


def wider(value: float, towards: float) -> float:
    """Return a number three units of the last place off: readers of JSON may round long ones by one or two."""
    for _ in range(3):
        value = nextafter(value, towards)
    return value
