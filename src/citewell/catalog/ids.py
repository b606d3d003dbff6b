"""Passage ids: a UUID whose upper half is its version's key and whose lower half is its position.

So an id says which passages are of one document and which are neighbours, with nothing to look up. A passage may have
further points in the index, numbered from 1: the number stands above the position; without it, it is the passage's id.
"""

from __future__ import annotations

from uuid import UUID

HALF = 1 << 64
NUMBER = 1 << 32
OWN = "0000-0000"
"""The digits of the number in the id of a passage's own point."""


def passage_id(key: int, position: int) -> str:
    """Return the id of a version's passage. `key` is at least 0 and below 2**63, `position` below 2**32."""
    return str(UUID(int=key * HALF + position))


def place_of(position: int, number: int) -> int:
    """Return the lower half of the id of a passage's further point; `number` counts from 1, below 2**31."""
    return number * NUMBER + position


def passage_of(point: str) -> str:
    """Return the id of the passage that a point leads to."""
    return f"{point[:19]}{OWN}{point[28:]}"


def split_id(passage: str) -> tuple[int, int]:
    """Return (version key, position) of a passage id."""
    return divmod(UUID(passage).int, HALF)
