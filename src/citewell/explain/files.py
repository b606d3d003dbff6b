"""The file that a document came from, read again where that is allowed, and files that were never added."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from citewell.errors import BadInput
from citewell.explain.grounds import Case, Grounds
from citewell.model import Document
from citewell.read import read
from citewell.read.formats import readable

TAG: Final = re.compile(r"</?[A-Za-z][^<>]*>")
"""Markup is not text; comments and scripts are left, for their words may be the lost ones."""


@dataclass(frozen=True)
class Again:
    """A file as it is now: its documents, or why it cannot be read; `raw` is its text without markup, if it is text."""

    path: Path
    documents: tuple[Document, ...] = ()
    reason: str = ""
    raw: str = ""
    bytes: int = 0


def source_of(case: Case) -> Again | None:
    """Read the file that a document came from; None when it is gone, or not to be read from here.

    A document's `source` is what a client said. So on a server only files are read that a folder of the
    library has brought in itself, under this very id. A file of many documents is the owner's to read: who asks may
    not see all of them.
    """
    path = Path(case.entry.source)
    if not path.is_absolute() or not path.is_file():
        return None
    item = case.entry.id.rsplit("#", 1)[0] if "#" in case.entry.id else case.entry.id
    if item != case.entry.id and not case.query.access.everything:
        return None
    if not case.asked.local:
        folder = case.grounds.catalog.taken.others("").get(item, "")
        if not folder or str(Path(folder.removeprefix("folder:")) / item) != case.entry.source:
            return None
    return again(case.grounds, path, item)


def again(grounds: Grounds, path: Path, name: str) -> Again:
    """Read a file under a name, as adding it would."""
    try:
        blob = replace(grounds.fetch(path), name=name)
        raw = "" if b"\0" in blob.data else TAG.sub(" ", blob.data.decode("utf-8", "ignore"))
        try:
            documents = tuple(read(blob, grounds.prepare.limits))
        except BadInput as error:
            return Again(path, (), _reason(error, name), raw, len(blob.data))
        return Again(path, documents, "", raw, len(blob.data))
    except BadInput as error:
        return Again(path, (), _reason(error, name))


def unadded(grounds: Grounds, name: str, local: bool) -> tuple[Path, str] | None:
    """Return (path, id to be) of a file that a person may mean and the library does not have.

    The path itself where any file may be read; else a file inside a folder of the library.
    """
    if local and Path(name).is_file():
        path = Path(os.path.abspath(name))
        return path, path.name
    for source in grounds.catalog.taken.sources():
        root = source.removeprefix("folder:")
        path = Path(os.path.normpath(os.path.join(root, name)))
        inside = os.path.realpath(path).startswith(os.path.realpath(root).rstrip(os.sep) + os.sep)
        if not source.startswith("folder:") or not inside or not path.is_file():
            continue
        item = path.relative_to(root).as_posix()
        if readable(path.name) and not any(part.startswith(".") for part in item.split("/")):
            return path, item
    return None


def _reason(error: BadInput, name: str) -> str:
    return str(error).removeprefix(f"{name}: ")
