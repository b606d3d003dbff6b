"""A library into another place: the catalog row by row, its index made there from it, both asked the same questions.

Nothing is read, split or embedded again: vectors are rows of the catalog.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from citewell.access import OWNER
from citewell.errors import BadInput, Corrupt
from citewell.model import Query

if TYPE_CHECKING:
    from citewell.library import Library
    from citewell.settings import Config

QUESTIONS: Final = 20
"""Searches that are compared."""
SAME: Final = 0.8
"""Share of the ten best hits that both must have, on average: ties, and what IDF still counts, may part them."""
WORDS: Final = 12
"""Words of a passage that a question is made of."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds: rows by table, documents and passages; of `questions` searches the share of equal hits."""

    rows: Mapping[str, int]
    documents: int
    passages: int
    questions: int
    same: float


def copy(source: Config, target: Config, tell: Callable[[str, int, int], None] = lambda *_: None) -> Copied:
    """Copy a library to where another configuration says, and compare both. It may be stopped, and goes on.

    BadInput where both are one place, where the target has documents of its own, or another embedder; InUse while
    another process holds either. Corrupt when the copy does not find what the source finds.
    """
    from citewell.assemble import assemble
    from citewell.catalog import Catalog
    from citewell.opening import make_folder, place

    if place(source) == place(target):
        raise BadInput(f"source and target are one place, {place(target)}; name another in the target's file")
    if source.embed != target.embed:
        raise BadInput(
            f"the target's file says embed.model = {target.embed.model!r}, the source has {source.embed.model!r}; "
            "vectors are copied, so write the source's [embed] into the target's file (`citewell config` shows it)"
        )
    with assemble(source) as here:
        make_folder(target, create=True)
        there = Catalog(place(target), create=True)
        try:
            rows = here._parts.catalog.copies.to(there.copies, tell)
        finally:
            there.close()
        with assemble(target) as opened:
            return _compared(here, opened, rows)


def _compared(here: Library, there: Library, rows: Mapping[str, int]) -> Copied:
    """Count both, and ask both the same."""
    found, wanted = there.status(OWNER), here.status(OWNER)
    for name in ("documents", "passages"):
        if found[name] != wanted[name]:
            raise Corrupt(f"the copy has {found[name]} {name}, the source {wanted[name]}; copy once more")
    shares = [_share(here, there, Query(text, limit=10, access=OWNER)) for text in _questions(here)]
    same = sum(shares) / len(shares) if shares else 1.0
    if same < SAME:
        raise Corrupt(
            f"of {len(shares)} searches the copy has only {same:.0%} of the source's hits; look at its [index] and "
            "[search], then copy once more"
        )
    return Copied(rows, int(found["documents"]), int(found["passages"]), len(shares), round(same, 4))


def _questions(library: Library) -> list[str]:
    """Words of passages from all over the library."""
    documents = library.list(limit=10_000, access=OWNER)
    step = max(1, len(documents) // QUESTIONS)
    texts = [library.get(one.id, OWNER)[1].text.split() for one in documents[::step][:QUESTIONS]]
    return [" ".join(words[len(words) // 2 :][:WORDS] or words[:WORDS]) for words in texts if words]


def _share(here: Library, there: Library, query: Query) -> float:
    wanted = {hit.passage.id for hit in here.search(query)}
    found = {hit.passage.id for hit in there.search(query)}
    return len(wanted & found) / len(wanted) if wanted else 1.0
