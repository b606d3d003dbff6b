"""Join candidates with the catalog: what it does not know is never shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from citewell.access import within
from citewell.filters import Filter
from citewell.model import Entry, Hit, Passage, Query
from citewell.retrieve.constants import DEEPEST
from citewell.retrieve.rank import Candidate, Ranker

Lookup = Callable[[Sequence[str], Filter | None], dict[str, tuple[Passage, Entry]]]
SPARE = 1.3


@dataclass(frozen=True)
class Join:
    """Hits for the best candidates that are current, pass the filter and are for who asks; refilled until `limit`."""

    inner: Ranker
    lookup: Lookup

    def __call__(self, query: Query) -> list[Hit]:
        depth = query.limit
        while True:
            found = self.inner(replace(query, limit=depth))
            hits = self._hits(found, query)
            if len(hits) >= query.limit or len(found) < depth or depth >= DEEPEST:
                return hits
            depth = min(DEEPEST, depth * 4)

    def _hits(self, found: list[Candidate], query: Query) -> list[Hit]:
        hits: list[Hit] = []
        where = within(query).where
        start, size = 0, int(query.limit * SPARE) + 1
        while start < len(found) and len(hits) < query.limit:
            some = found[start : start + size]
            known = self.lookup([candidate.id for candidate in some], where)
            hits += [_hit(candidate, *known[candidate.id]) for candidate in some if candidate.id in known]
            start += size
        return hits[: query.limit]


def _hit(candidate: Candidate, passage: Passage, document: Entry) -> Hit:
    return Hit(passage, document, candidate.score, candidate.stages)
