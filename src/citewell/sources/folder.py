"""A folder of files, or one file, as a source."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from citewell.errors import MissingExtra, NotFound, Unreadable
from citewell.incoming import Blob, Item
from citewell.protocols import Stop
from citewell.read.formats import ending_of, readable
from citewell.read.limits import Limits

EXCLUDED: Final = (
    ".*",
    "node_modules",
    "__pycache__",
    "venv",
    "site-packages",
    "*.egg-info",
    "*.min.js",
    "*.min.css",
    "package-lock.json",
    "~$*",
)
"""Names that are never documents: hidden files, dependencies, generated files, Office's locks."""

BURST: Final = 50
"""Milliseconds of quiet after which changes are told: editors write a file in several steps."""


@dataclass(frozen=True)
class Folder:
    """The readable files below `path`, or the one file that it is.

    `include` and `exclude` are patterns like `*.md` or `drafts/*`, matched with each file's name, each
    folder's name and the path relative to the root. An item's id is that path, with slashes. Symbolic
    links are followed inside the root only. NotFound if there is no such path.
    """

    path: Path
    include: Sequence[str] = ()
    exclude: Sequence[str] = EXCLUDED
    max_bytes: int = Limits().max_bytes
    _skipped: Counter[str] = field(default_factory=Counter, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(os.path.abspath(self.path)))
        if not self.path.exists():
            raise NotFound(f"there is no file or folder {str(self.path)!r}; check the path")

    @property
    def name(self) -> str:
        return f"folder:{self.path}"

    def items(self) -> Iterator[Item]:
        """List the files in order of id. A file or folder that cannot be looked at is skipped and counted."""
        self._skipped.clear()
        if self.path.is_file():
            yield _item(self.path.name, self.path.stat())
            return
        for id_ in sorted(self._files("", frozenset())):
            try:
                yield _item(id_, os.stat(os.path.join(self.path, id_)))
            except OSError as error:
                self._skipped[error.strerror or "cannot be looked at"] += 1

    def fetch(self, item: Item) -> Blob:
        """Return a file's bytes. Unreadable if it is gone, not permitted, or far too large to read."""
        path = self.path if self.path.is_file() else self.path / item.id
        try:
            if not self._inside(path):
                raise Unreadable(item.id, "is a link to outside the folder")
            state = path.stat()
            if state.st_size > self.max_bytes:
                reason = f"has {state.st_size} bytes, more than {self.max_bytes} (read.max_bytes)"
                raise Unreadable(item.id, reason)
            data = path.read_bytes()
        except OSError as error:
            raise Unreadable(item.id, f"cannot be opened: {error.strerror or error}") from error
        modified = datetime.fromtimestamp(state.st_mtime, UTC).isoformat(timespec="seconds")
        return Blob(item.id, data, source=str(path), fields={"path": item.id, "modified": modified})

    def changed(self, stop: Stop) -> Iterator[bool]:
        """Yield True after each burst of changes below the folder, False now and then, until `stop` is set.

        The operating system tells of them (watchfiles), and a burst ends BURST ms after its last change. NotFound when
        the folder goes away, MissingExtra without the package.
        """
        try:
            from watchfiles import watch
        except ModuleNotFoundError as error:
            raise MissingExtra(
                "watching a folder needs the package 'watchfiles': pip install 'citewell[watch]'"
            ) from error
        try:
            yield from (
                bool(found)
                for found in watch(
                    self.path,
                    watch_filter=None,
                    debounce=BURST * 10,
                    step=BURST,
                    stop_event=stop,
                    rust_timeout=1000,
                    yield_on_timeout=True,
                    raise_interrupt=False,
                )
            )
        except OSError as error:
            raise NotFound(
                f"the folder {str(self.path)!r} cannot be watched: {error}; check the path"
            ) from error

    def skipped(self) -> dict[str, int]:
        """Return how many files the last `items()` left out, by ending or by reason."""
        return dict(self._skipped.most_common())

    def _files(self, below: str, above: frozenset[str]) -> Iterator[str]:
        """Walk a folder, yielding paths from the root on; text, because a Path for each is half of the time.

        A link into a folder that is being walked is not followed: links may form loops.
        """
        folder = os.path.join(self.path, below)
        real = os.path.realpath(folder)
        if real in above:
            self._skipped["link in a loop"] += 1
            return
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            self._skipped[error.strerror or "cannot be looked at"] += 1
            return
        for entry in entries:
            relative = f"{below}/{entry.name}" if below else entry.name
            if _matches(self.exclude, entry.name, relative):
                continue
            if entry.is_symlink() and not self._inside(entry.path):
                self._skipped["link to outside or to nothing"] += 1
            elif entry.is_dir():
                yield from self._files(relative, above | {real})
            elif entry.is_file() and self._listed(entry.name, relative):
                yield relative

    def _inside(self, path: Path | str) -> bool:
        """Say whether a path, links followed, is below the root and there."""
        root = os.path.realpath(self.path)
        real = os.path.realpath(path)
        return (real == root or real.startswith(root.rstrip(os.sep) + os.sep)) and os.path.exists(real)

    def _listed(self, name: str, relative: str) -> bool:
        if not readable(name):
            self._skipped[ending_of(name) or "no ending"] += 1
            return False
        included = not self.include or _matches(self.include, name, relative)
        if not included:
            self._skipped["not included"] += 1
        return included


def _matches(patterns: Sequence[str], name: str, relative: str) -> bool:
    return any(fnmatchcase(name, one) or fnmatchcase(relative, one) for one in patterns)


def _item(id_: str, state: os.stat_result) -> Item:
    return Item(id_, f"{state.st_mtime_ns}-{state.st_size}", state.st_size)
