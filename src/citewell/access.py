"""Who asks, and what may they see? An access list is metadata; enforcing it is a filter. Pure.

A document's list is its field `readers`: names like "user:ann" and "group:sales". A document without one is for
everybody; one whose list is empty is for nobody but the owner, and is shown so.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from citewell.collection import inside
from citewell.errors import BadInput
from citewell.filters import And, Filter, In, IsNull, Or

if TYPE_CHECKING:
    from citewell.model import Query

READERS: Final = "readers"
"""The field that is the list. What a document itself says never sets it: only who brings the document in may."""
NOBODY: Final = "nobody"
"""What an empty list is kept as: a field without values would read as no list. No asker can have this name."""
EVERYTHING: Final = "*"
MOST_NAMES: Final = 1000
LONGEST: Final = 200
_KIND: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}:")


@dataclass(frozen=True, slots=True)
class Access:
    """Who asks: the names that they go by. Without any, they see what is for everybody; with `everything`, all.

    BadInput for a name that is not kind:name, for more than 1000, and for names beside `everything`.
    """

    names: frozenset[str] = frozenset()
    everything: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", frozenset(checked(self.names)))
        if self.everything and self.names:
            raise BadInput(
                f"who sees everything needs no names ({sorted(self.names)[0]!r}); give one of both"
            )

    @classmethod
    def all(cls) -> Access:
        """Return the owner's access: everything."""
        return cls(everything=True)

    @classmethod
    def parse(cls, text: str) -> Access:
        """Read what `str` writes: names with commas between, "*" for everything, "" for what is for everybody."""
        parts = [part.strip() for part in text.split(",")] if text.strip() else []
        return cls.all() if parts == [EVERYTHING] else cls(frozenset(checked(parts)))

    def __str__(self) -> str:
        """Write it in one way, whatever the order of the names."""
        return EVERYTHING if self.everything else ",".join(sorted(self.names))


def checked(names: Iterable[str]) -> list[str]:
    """Return names that may be given, as they are. BadInput for another."""
    found = list(names)
    if len(found) > MOST_NAMES:
        raise BadInput(f"{len(found)} names are too many; give at most {MOST_NAMES}, or use groups")
    for name in found:
        bare = isinstance(name, str) and name.strip() == name and name.isprintable() and "," not in name
        if not bare or len(name) > LONGEST or not _KIND.match(name) or name.endswith(":"):
            shown = name[:80] if isinstance(name, str) else name
            raise BadInput(
                f"{shown!r} is no name of a reader; write kind:name, as in user:ann or group:sales: "
                f"at most {LONGEST} printable characters, without a comma"
            )
    return found


ANYBODY: Final = Access()
OWNER: Final = Access.all()


def readers_of(value: object) -> tuple[str, ...] | None:
    """Return an access list as it is kept, sorted; None where none is given. BadInput for what is none."""
    if value is None:
        return None
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, Collection):
        raise BadInput(f"readers is {value!r}; give a list of names, as in ['user:ann', 'group:sales']")
    wanted = {name for name in names if name != NOBODY}
    if wanted and len(wanted) < len(set(names)):
        raise BadInput(f"readers is {value!r}: nobody, and somebody; give one of both")
    return tuple(sorted(checked(wanted))) or (NOBODY,)


def reach(access: Access) -> Filter | None:
    """Return the filter that documents satisfy which an asker may see; None where that is all of them."""
    if access.everything:
        return None
    public = IsNull(READERS)
    return Or((public, In(READERS, tuple(sorted(access.names))))) if access.names else public


def both(where: Filter | None, other: Filter | None) -> Filter | None:
    """Return what satisfies both filters."""
    if where is None or other is None:
        return where or other
    return And((where, other))


def scope(query: Query) -> Filter | None:
    """Return the filter of all that a question is put to: what its asker may see of its collection; None for all."""
    return both(reach(query.access), inside(query.collection))


def within(query: Query) -> Query:
    """Return a question with its access in its filter, as indexes and the catalog enforce it.

    Its collection is in its filter already: `Library` puts it there.
    """
    return replace(query, where=both(query.where, reach(query.access)))
