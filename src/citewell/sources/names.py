"""Which paths of a source are documents, by name: patterns, and endings that can be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from citewell.read.formats import ending_of, readable
from citewell.sources.folder import EXCLUDED


@dataclass(frozen=True)
class Names:
    """`include` and `exclude` are patterns like `*.md` or `drafts/*`, matched with the path, and each name in it.

    What is left out is counted by reason.
    """

    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    skipped: Counter[str] = field(default_factory=Counter)

    def takes(self, path: str) -> bool:
        """Say whether a path is wanted, and count it if not."""
        places = PurePosixPath(path)
        parts = (*places.parts, *(parent.as_posix() for parent in places.parents), path)
        reason = ""
        if _any((*EXCLUDED, *self.exclude), parts):
            reason = "excluded"
        elif not readable(places.name):
            reason = ending_of(places.name) or "no ending"
        elif self.include and not _any(self.include, (places.name, path)):
            reason = "not included"
        if reason:
            self.skipped[reason] += 1
        return not reason


def _any(patterns: Sequence[str], names: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns for name in names if name != ".")
