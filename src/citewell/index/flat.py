"""Metadata and filters for stores that keep flat metadata and know text only as a whole: Chroma, Pinecone, Weaviate.

There each field is kept under a name of its kind, so that 1, TRUE and '1' stay apart.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from sys import float_info
from typing import Any, Final

from citewell.errors import Unsupported
from citewell.filters import Kind, kind, number
from citewell.index.twice import C, Twice
from citewell.model import Fields

HAS: Final = "has"
"""Where a point lists the names that its fields are kept under."""
SOMETHING: Final = "-"
"""What is always in that list, so that it is never empty."""
NEVER: Final = "never"
"""What is never in it: kept names begin with a kind's letter and _."""


def clean(text: str) -> str:
    """Return a text without halves of pairs, which no UTF-8 has."""
    return text.encode("utf-8", "replace").decode()


def finite(value: Any) -> float:
    """Return a number as the float that is kept: JSON has nothing beyond."""
    return max(-float_info.max, min(float_info.max, number(value)))


def key(field: str, of: Kind) -> str:
    """Return the name that a field's values of a kind are kept under: letters and digits, the others as hexadecimal."""
    safe = "".join(one if one.isascii() and one.isalnum() else f"_{ord(one):x}_" for one in clean(field))
    return f"{of[0]}_{safe}"


def kept(fields: Fields, text: Callable[[str], str], one: Callable[[str], Any]) -> dict[str, Any]:
    """Return metadata as it is kept, with the list of names: a text of a list as `text` says, one alone as `one`."""
    found: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, tuple | list):
            if value:
                found[key(name, "text")] = [text(part) for part in value]
        elif of := kind(value):
            found[key(name, of)] = one(value) if isinstance(value, str) else plain(value, of)
    return {**found, HAS: [SOMETHING, *found]}


def plain(value: Any, of: Kind) -> float | bool:
    """Return a number or a boolean as it is kept."""
    return bool(value) if of == "boolean" else finite(value)


class Flat(Twice[C]):
    """A translation for a store of this name, with no LIKE but of the whole text."""

    store: str

    @abstractmethod
    def is_text(self, field: str) -> C:
        """Return that the field has a text, or several."""

    @abstractmethod
    def never(self) -> C:
        """Return what is never true."""

    def like(self, field: str, pattern: str, truth: bool) -> C:
        """Unsupported for a pattern with wildcards, but for '%'."""
        if pattern and not pattern.strip("%"):
            return self.is_text(field) if truth else self.never()
        if "%" in pattern or "_" in pattern:
            raise Unsupported(f"{self.store} has no LIKE {pattern!r} on metadata; use = or IN")
        return self.equals(field, [pattern], truth)
