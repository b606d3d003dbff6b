"""What may a sync remove? What a source lists no more, unless that is suspiciously much of it."""

from __future__ import annotations

from typing import Final

from citewell.incoming import Failure

FEW: Final = 5
"""So many may go at once as long as something of the source stays: a small folder changes by halves every day."""
MOST_REMOVED: Final = 0.5
"""The largest share of what a source brought in that one sync removes without being told to."""


def held_back(source: str, gone: int, known: int, most: float) -> Failure | None:
    """Say why nothing is removed: None when `gone` of the `known` items of a source may go.

    A listing that fails removes nothing, because it raises before anything is compared. One that comes back empty,
    or with little of what was there (an unmounted disk, a moved site, a wrong branch), looks like deletions; past
    the share `most` it is held back and said, and the documents stay until somebody says that it is right.
    """
    if most <= 0 or not gone or gone <= most * known or gone <= min(FEW, known - 1):
        return None
    return Failure(
        source,
        f"lists {known - gone} of the {known} items that it had, so nothing was removed; if they are gone for good: "
        "citewell sync --allow-removals",
    )
