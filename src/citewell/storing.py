"""From prepared to searchable: embedded, pending, in the index, current. Its order is its crash safety."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from citewell.access import READERS, reach
from citewell.catalog import Catalog, rounded
from citewell.incoming import Added
from citewell.ingest import Embedded, added_of
from citewell.points import points_of_job, proposed
from citewell.prepare import Job
from citewell.protocols import Embedder, Index

if TYPE_CHECKING:
    from citewell.model import Vector

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class Storing:
    """Writes jobs. `lease` is held while catalog and index are changed; `note` is told how many points were."""

    catalog: Catalog
    index: Index
    embedder: Embedder
    lease: threading.Lock
    note: Callable[[int], None]

    def write(self, jobs: Sequence[Job]) -> list[Added]:
        """Embed and commit."""
        return self.commit(jobs, self.embed(jobs))

    def embed(self, jobs: Sequence[Job]) -> Embedded:
        """Embed what has no stored vector yet."""
        return self._vectors([job for job in jobs if job.proposal is not None])

    def commit(self, jobs: Sequence[Job], embedded: Embedded) -> list[Added]:
        """Write in this order: pending, index, current (acknowledged), and only then drop the old."""
        todo = [job for job in jobs if job.proposal is not None]
        vectors, new = embedded
        numbers: dict[str, int] = {}
        told = [self._told(job, new) for job in jobs]
        if todo:
            with self.lease:
                todo = self._listed(todo)
                # All vectors, the stored ones too: another write may have erased them in the meantime.
                versions = self.catalog.propose([proposed(job) for job in todo], vectors)
                try:
                    pairs = zip(todo, versions, strict=True)
                    self.index.put([one for job, made in pairs for one in points_of_job(job, made, vectors)])
                    stale = self.catalog.accept(versions)
                except BaseException:
                    self.catalog.abandon(versions)
                    raise
                self.index.drop([one for version in stale for one in version.ids()])
            self.note(sum(len(version.ids()) for version in versions))
            numbers = {job.document.id: version.number for job, version in zip(todo, versions, strict=True)}
        return [added_of(job, numbers, count) for job, count in zip(jobs, told, strict=True)]

    def _told(self, job: Job, new: Mapping[bytes, Vector]) -> int:
        """Return how many passages were embedded, as far as who brings them in may know.

        A text that only documents have which they may not see is new to them, though it is not embedded again.
        """
        if job.access.everything or not self.catalog.restricts:
            return sum(h in new for h in job.hashes)
        seen = self.catalog.stored(job.hashes, reach(job.access))
        return sum(h not in seen for h in job.hashes)

    def _vectors(self, jobs: Sequence[Job]) -> Embedded:
        """Return (all vectors by hash, the ones among them that are new)."""
        texts = {h: text for job in jobs for h, text in zip(job.hashes, job.texts, strict=True)}
        for job in jobs:
            texts |= job.also
        known = self.catalog.known(texts)
        new = {h: row for job in jobs for h, row in job.vectors.items() if h not in known}
        missing = [h for h in texts if h not in known and h not in new]
        if missing:
            matrix = self.embedder.embed([texts[h] for h in missing], kind="passage")
            new |= {h: rounded(row) for h, row in zip(missing, matrix, strict=True)}
        return known | new, new

    def _listed(self, jobs: Sequence[Job]) -> list[Job]:
        """Return jobs whose documents have the access list to be in force: an add never loosens one by silence."""
        before = self.catalog.before([job.document.id for job in jobs])
        found = []
        for job in jobs:
            proposal, known = proposed(job), before.get(job.document.id)
            if known is not None:
                given, held = known.after(proposal.given)
                fields = {name: value for name, value in job.document.fields.items() if name != READERS}
                fields |= {} if held is None else {READERS: held}
                document = replace(job.document, fields=fields)
                job = replace(
                    job, document=document, proposal=replace(proposal, document=document, given=given)
                )
            found.append(job)
        return found
