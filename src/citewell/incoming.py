"""What comes in: items of sources, bytes to be read, and what became of them. Frozen data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from citewell.model import Fields


@dataclass(frozen=True, slots=True)
class Added:
    """What an acknowledged add did. `unchanged` adds wrote nothing."""

    document_id: str
    version: int
    passages: int
    embedded: int
    status: Literal["added", "updated", "unchanged"]


@dataclass(frozen=True, slots=True)
class Failure:
    """One input that could not be taken in: which, and one line of why. Data, so a batch goes on.

    `taken` says that a document has its id which whoever brings it may not see.
    """

    name: str
    reason: str
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """What a source lists: `id` unique in the source, `stamp` changes whenever the content may have."""

    id: str
    stamp: str
    size: int = 0


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes to be read. `name` is the document id to be; its ending helps to find the format."""

    name: str
    data: bytes
    media_type: str | None = None
    source: str = ""
    fields: Fields = field(default_factory=dict)
