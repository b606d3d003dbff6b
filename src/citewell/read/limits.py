"""Limits on one file; past them it is refused with one line, and the rest goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from citewell.hostile import Hidden
from citewell.model import Block, Value

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one file may be: bytes, bytes unpacked, pages, characters of text, seconds of reading."""

    max_bytes: int = 64 * MIB
    max_pages: int = 5000
    max_characters: int = 20_000_000
    max_unpacked_bytes: int = 512 * MIB
    max_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class Draft:
    """What a reader makes of bytes; `read` completes it to a Document.

    `part` tells the records of one file apart (empty: the file is one document). `fields` is what the
    format says of itself, `front` what the author wrote as front matter. `type` refines the format's name.
    `hidden` is text that readers of the file do not see.
    """

    text: str
    blocks: tuple[Block, ...] = ()
    title: str = ""
    fields: Mapping[str, Value] = field(default_factory=dict)
    front: Mapping[str, Value] = field(default_factory=dict)
    part: str = ""
    type: str = ""
    hidden: tuple[Hidden, ...] = ()
