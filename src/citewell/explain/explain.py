"""Explain: a question, and perhaps a document, in; Why out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Final

from citewell.access import reach, within
from citewell.errors import BadInput, Unsupported
from citewell.explain import changes as tried
from citewell.explain.files import again, unadded
from citewell.explain.grounds import Asked, Case, Grounds
from citewell.explain.stages import loss
from citewell.explain.words import hit_text, nth, place_text
from citewell.filters import Filter
from citewell.model import Entry
from citewell.why import Change, Explained, Followed, Place, Why

PAGE: Final = 10_000
MOST_COMPARED: Final = 5_000
NEAR: Final = 3


@dataclass(frozen=True)
class Explain:
    """Says how each hit of a question came up, and what became of one document. Writes nothing."""

    grounds: Grounds

    def __call__(self, asked: Asked, document: str | None) -> Why:
        """`document` is an id, or the end of an id or source that only one document has. BadInput for several."""
        query = asked.query
        hits = tuple(Explained(hit, hit_text(hit)) for hit in asked.search(query))
        followed = self._followed(asked, document) if document else None
        meant = self._meant(asked)
        return Why(query.text, query.mode, query.limit, self.grounds.shown, hits, followed, meant)

    def _meant(self, asked: Asked) -> Mapping[str, str]:
        """Return what stands in for the question's words that no passage has."""
        if asked.query.mode not in ("hybrid", "keyword"):
            return {}
        try:
            return self.grounds.meant(within(asked.query))
        except Unsupported:
            narrowed = asked.narrow(asked.query)
            return self.grounds.meant(narrowed) if narrowed else {}

    def _followed(self, asked: Asked, document: str) -> Followed:
        allowed = reach(asked.query.access)
        name = self._id(document, allowed)
        if name is None:
            return self._absent(asked, document)
        entry, text = self.grounds.catalog.get(name, allowed)
        case = Case(self.grounds, asked, entry, text)
        lost = loss(case)
        places = _places(case)
        if lost is None:
            return Followed(name, f"It came up {nth(case.rank)}.", None, case.rank, places)
        return Followed(name, lost.text, lost.stage, case.rank, places, tried.changes(case, lost))

    def _id(self, document: str, allowed: Filter | None) -> str | None:
        """Return the id of the one document that is meant, None when there is none for who asks."""
        if self.grounds.catalog.seen([document], allowed):
            return document
        end = "/" + document.removeprefix("./").lstrip("/")
        found = [
            one.id
            for one in self._entries(allowed)
            if f"/{one.id}".endswith(end) or f"/{one.source}".endswith(end)
        ]
        if len(found) > 1:
            names = ", ".join(map(repr, found[:5]))
            raise BadInput(f"{document!r} may be any of {len(found)} documents: {names}; name one by its id")
        return found[0] if found else None

    def _absent(self, asked: Asked, document: str) -> Followed:
        access = asked.query.access
        near = self._near(document, reach(access))
        # The file of a document that is not for who asks is there too: only the owner is told of files.
        file = unadded(self.grounds, document, asked.local) if access.everything else None
        if file is None:
            return Followed(document, "There is no such document in the library.", "not_ingested", near=near)
        read = again(self.grounds, *file)
        if read.reason:
            text = f"It is not in the library: the file {str(read.path)!r} cannot be read, it {read.reason}."
            return Followed(document, text, "not_ingested", near=near)
        found: tuple[Change, ...] = ()
        for one in read.documents:
            change = tried.added(self.grounds, asked.query, read.path, one)
            found += (change,) if change else ()
        text = f"The file {str(read.path)!r} is there and was never added."
        return Followed(document, text, "not_ingested", near=near, changes=found[:1])

    def _near(self, document: str, allowed: Filter | None) -> tuple[str, ...]:
        """Return ids like one that is not there: first those with the same last part."""
        last = PurePosixPath(document).name.casefold()
        ids = sorted(self.grounds.catalog.ids(allowed))
        same = [one for one in ids if PurePosixPath(one).name.casefold() == last]
        return tuple(dict.fromkeys([*same, *get_close_matches(document, ids[:MOST_COMPARED], NEAR)]))[:NEAR]

    def _entries(self, allowed: Filter | None) -> Iterator[Entry]:
        after = ""
        while page := self.grounds.catalog.entries(allowed, PAGE, after):
            yield from page
            after = page[-1].id


def _places(case: Case) -> tuple[Place, ...]:
    """Where the document's best passage came at each stage of this mode."""
    mode = case.query.mode
    lists = {"dense": (case.dense,), "hybrid": (case.dense, case.keyword)}.get(mode, (case.keyword,))
    if case.rank is not None:
        own = case.hits[case.rank - 1].stages
        lists = tuple(Place(stage.name, stage.rank, stage.score) for stage in own)
    return tuple(replace(place, text=place_text(place)) for place in lists)
