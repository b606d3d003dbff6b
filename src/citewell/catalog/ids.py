"""Passage ids: a UUID whose upper half is its version's key and whose lower half is its position.

So an id says which passages are of one document and which are neighbours, with nothing to look up.
"""

from __future__ import annotations

from uuid import UUID

HALF = 1 << 64


def passage_id(key: int, position: int) -> str:
    """Return the id of a version's passage. `key` and `position` are at least 0 and below 2**63."""
    return str(UUID(int=key * HALF + position))


def split_id(passage: str) -> tuple[int, int]:
    """Return (version key, position) of a passage id."""
    return divmod(UUID(passage).int, HALF)
