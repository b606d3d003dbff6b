"""Which words does the index hold? Hashes of their terms, four bytes each, in a file beside the shard."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from citewell.errors import Corrupt


class Terms:
    """Terms that points have or had: a term stays when its last point goes, until the index is made anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._new: set[int] = set()
        try:
            self._kept = np.load(path) if path.exists() else np.empty(0, np.uint32)
        except (ValueError, EOFError) as error:
            raise Corrupt(f"index file {path.name!r} is damaged; the index is rebuilt") from error

    def add(self, terms: Iterable[int]) -> None:
        """Note terms; seen by the next `held`."""
        self._new.update(terms)

    def held(self, terms: Sequence[int]) -> list[bool]:
        """Say of each term whether it was ever added."""
        kept, asked = self._kept, np.asarray(terms, np.uint32)
        at = np.searchsorted(kept, asked)
        found = at < len(kept)
        found[found] = kept[at[found]] == asked[found]
        return [bool(yes) or term in self._new for yes, term in zip(found, terms, strict=True)]

    def save(self) -> None:
        """Write the file, if there is anything new; whole or not at all."""
        new = list(self._new)
        if not new and self._path.exists():
            return
        kept = np.union1d(self._kept, np.asarray(new, np.uint32))
        temporary = self._path.with_suffix(".new")
        with temporary.open("wb") as file:
            np.save(file, kept)
        os.replace(temporary, self._path)
        self._kept = kept
        self._new.difference_update(new)
