"""What is named to `add`, one by one: files and web pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from citewell.access import NOBODY
from citewell.cli.progress import Tally
from citewell.errors import BadInput
from citewell.incoming import Blob, Failure, Item
from citewell.model import Fields
from citewell.settings import ReadConfig


def is_url(text: str) -> bool:
    """Say whether an argument is a web address (or looks like one of another kind)."""
    return "://" in text


def names_of(text: str) -> list[str]:
    """Return names that were written with commas between. BadInput for none."""
    found = [one.strip() for one in text.split(",")]
    if not any(found):
        raise BadInput(f"{text!r} names no reader; write names, as in group:sales,user:ann, or {NOBODY}")
    return found


@dataclass(frozen=True)
class Given:
    """Files and web pages that were named one by one, as a source. A page is downloaded once."""

    what: tuple[str, ...]
    limits: ReadConfig
    private: bool
    fields: Fields = field(default_factory=dict)
    pages: dict[str, Blob] = field(default_factory=dict)
    name: str = ""

    def items(self) -> Iterator[Item]:
        """List what was named."""
        return (Item(one, "named") for one in self.what)

    def fetch(self, item: Item) -> Blob:
        """Return an item's bytes. BadInput when they cannot be had."""
        found = self._blob(item.id)
        return replace(found, fields={**found.fields, **self.fields}) if self.fields else found

    def _blob(self, one: str) -> Blob:
        from citewell.sources.url import download

        if not is_url(one):
            return file_blob(Path(one), self.limits.max_bytes)
        if one not in self.pages:
            self.pages[one] = download(one, self.limits, private=self.private)
        return self.pages[one]


def blobs(given: Given, tally: Tally) -> Iterator[Blob]:
    """Yield the bytes of what was named; what cannot be had is told to the tally."""
    for item in given.items():
        try:
            yield given.fetch(item)
        except BadInput as error:
            tally(Failure(item.id, str(error).removeprefix(f"{item.id}: ")))


def file_blob(path: Path, max_bytes: int) -> Blob:
    """Return a file's bytes, named as if its folder had been added."""
    from citewell.sources.folder import Folder

    file = Folder(path, max_bytes=max_bytes)
    return file.fetch(next(file.items()))
