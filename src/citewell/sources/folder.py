"""A folder of files, or one file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from citewell.errors import NotFound, Unreadable
from citewell.model import Blob, Item
from citewell.read.formats import readable

EXCLUDED: Final = frozenset({"node_modules", "__pycache__", "venv", "site-packages"})


@dataclass
class Folder:
    """The files under `path` that Citewell reads, hidden ones left out. Ids are paths relative to it.

    `include` and `exclude` are patterns on that path (`*` crosses slashes). Links that lead out of the folder are
    not followed. `skipped` counts what was passed over in the last listing, by reason.
    """

    path: Path
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    skipped: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.path.exists():
            raise NotFound(f"there is no file or folder {str(self.path)!r}")
        self._root = self.path.resolve() if self.path.is_dir() else self.path.resolve().parent

    @property
    def name(self) -> str:
        """The folder's or file's absolute path."""
        return str(self.path.resolve())

    def items(self) -> Iterator[Item]:
        """Yield the files in order of their ids."""
        self.skipped.clear()
        if self.path.is_file():
            yield self._item(self.path.resolve())
            return
        for file in sorted(self._files(), key=lambda file: file.relative_to(self._root).as_posix()):
            yield self._item(file)

    def fetch(self, item: Item) -> Blob:
        """Read a file. Unreadable when it cannot be."""
        file = self._root / item.id
        try:
            data = file.read_bytes()
            modified = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        except OSError as error:
            raise Unreadable(item.id, f"cannot be opened ({error.strerror})") from None
        fields = {"path": item.id, "modified": modified.strftime("%Y-%m-%dT%H:%M:%SZ")}
        return Blob(item.id, data, source=str(file), fields=fields)

    def _item(self, file: Path) -> Item:
        state = file.stat()
        return Item(
            file.relative_to(self._root).as_posix(), f"{state.st_mtime_ns}-{state.st_size}", state.st_size
        )

    def _files(self) -> Iterator[Path]:
        for folder, folders, files in os.walk(self._root, followlinks=False):
            folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in EXCLUDED)
            for name in files:
                file = Path(folder, name)
                reason = self._reason(file)
                if reason is None:
                    yield file
                else:
                    self.skipped[reason] = self.skipped.get(reason, 0) + 1

    def _reason(self, file: Path) -> str | None:
        """Say why a file is passed over, None when it is not."""
        name = file.relative_to(self._root).as_posix()
        if file.name.startswith("."):
            return "hidden"
        if not file.is_file() or not file.resolve().is_relative_to(self._root):
            return "a link that leads out of the folder, or no file"
        if self.include and not any(fnmatch(name, pattern) for pattern in self.include):
            return "not included"
        if any(fnmatch(name, pattern) for pattern in self.exclude):
            return "excluded"
        return None if readable(file.name) else "of a kind that is not read"
