"""From prepared to searchable: embedded, pending, in the index, current. Its order is its crash safety."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from citewell.access import READERS
from citewell.catalog import Catalog, Proposal, Version, rounded
from citewell.incoming import Added
from citewell.ingest import Embedded, added_of
from citewell.model import Point
from citewell.prepare import Job, Prepare
from citewell.protocols import Embedder, Index

if TYPE_CHECKING:
    from citewell.model import Vector


@dataclass(frozen=True)
class Storing:
    """Writes jobs, and makes points of what is written. `lease` is held while catalog and index are changed.

    `note` is told how many points were changed.
    """

    catalog: Catalog
    index: Index
    embedder: Embedder
    prepare: Prepare
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
        if todo:
            with self.lease:
                todo = self._listed(todo)
                # All vectors, the stored ones too: another write may have erased them in the meantime.
                versions = self.catalog.propose([_proposal(job) for job in todo], vectors)
                try:
                    pairs = zip(todo, versions, strict=True)
                    self.index.put([one for job, made in pairs for one in _job_points(job, made, vectors)])
                    stale = self.catalog.accept(versions)
                except BaseException:
                    self.catalog.abandon(versions)
                    raise
                self.index.drop([one for version in stale for one in version.ids()])
            self.note(sum(len(version.ids()) for version in versions))
            numbers = {job.document.id: version.number for job, version in zip(todo, versions, strict=True)}
        return [added_of(job, numbers, new) for job in jobs]

    def points(self, version: Version) -> list[Point]:
        """Return what the index holds of a version."""
        text = self.prepare.text
        points = [
            Point(passage.id, entry.id, vector, text(entry.title, passage), entry.fields)
            for entry, passage, vector in self.catalog.points(version)
        ]
        further = self.catalog.representations(version)
        return points + [replace(points[0], id=one, vector=vector, text="") for one, vector in further]

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
            proposal, known = _proposal(job), before.get(job.document.id)
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


def _proposal(job: Job) -> Proposal:
    assert job.proposal is not None
    return job.proposal


def _job_points(job: Job, version: Version, vectors: Mapping[bytes, Vector]) -> list[Point]:
    further = _proposal(job).places.values()
    hashes, texts = (*job.hashes, *further), (*job.texts, *("" for _ in further))
    return [
        Point(one, job.document.id, vectors[h], text, job.document.fields)
        for one, h, text in zip(version.ids(), hashes, texts, strict=True)
    ]
