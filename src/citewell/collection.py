"""Which collection is a document in? One library holds many: a collection is metadata, keeping to one a filter. Pure.

A document's collection is its field `collection`; one without it is in "main". The index keeps all in one shard with an
index of this field, so a collection costs nothing of its own, and a question may be put to one or to all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from citewell.errors import BadInput
from citewell.filters import Filter, In, IsNull

if TYPE_CHECKING:
    from citewell.model import FieldUse

COLLECTION: Final = "collection"
"""The field that names it. What a document itself says never sets it: only who brings the document in may."""
MAIN: Final = "main"
"""Where documents are that were put nowhere else; they have no such field."""
EVERY: Final = "*"
"""What a query says to look in all of them, also where the library is set to look in one."""
LONGEST: Final = 100


@dataclass(frozen=True, slots=True)
class Collection:
    """What is in a collection, as far as who asks may see it. `fields` are typed by what the documents have there."""

    name: str
    documents: int
    passages: int
    fields: tuple[FieldUse, ...] = ()


def collection_of(value: object) -> str:
    """Return a collection's name as it may be given. BadInput for what is none."""
    bare = isinstance(value, str) and value.strip() == value and value.isprintable()
    if not bare or not isinstance(value, str) or not 0 < len(value) <= LONGEST or value == EVERY:
        shown = value[:80] if isinstance(value, str) else value
        raise BadInput(
            f"collection is {shown!r}; give a name of at most {LONGEST} printable characters, without space around it"
        )
    return value


def inside(name: str) -> Filter | None:
    """Return the filter that a collection's documents satisfy; None for "" and "*", which are all of them."""
    if name in ("", EVERY):
        return None
    return IsNull(COLLECTION) if name == MAIN else In(COLLECTION, (collection_of(name),))
