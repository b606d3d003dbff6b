"""From prepared to committed: embedded what has no vector yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from citewell.access import reach
from citewell.catalog import Catalog, rounded
from citewell.commit import Commit
from citewell.incoming import Added
from citewell.ingest import Embedded, added_of
from citewell.prepare import Job
from citewell.protocols import Embedder

if TYPE_CHECKING:
    from citewell.model import Vector


@dataclass(frozen=True)
class Storing:
    """Embeds jobs, and has them committed."""

    catalog: Catalog
    embedder: Embedder
    commits: Commit

    def write(self, jobs: Sequence[Job]) -> list[Added]:
        """Embed and commit."""
        return self.commit(jobs, self.embed(jobs))

    def embed(self, jobs: Sequence[Job]) -> Embedded:
        """Embed what has no stored vector yet."""
        return self._vectors([job for job in jobs if job.proposal is not None])

    def commit(self, jobs: Sequence[Job], embedded: Embedded) -> list[Added]:
        """Write what is new; see `commit`."""
        vectors, new = embedded
        told = [self._told(job, new) for job in jobs]
        numbers = self.commits([job for job in jobs if job.proposal is not None], vectors)
        return [added_of(job, numbers, count) for job, count in zip(jobs, told, strict=True)]

    def _told(self, job: Job, new: Mapping[bytes, Vector]) -> int:
        """Return how many passages were embedded, as far as who brings them in may know.

        A text that only documents have which they may not see is new to them, though it is not embedded again.
        """
        if job.access.everything or not self.catalog.restricts:
            return sum(h in new for h in job.hashes)
        seen = self.catalog.embedded.within(job.hashes, reach(job.access))
        return sum(h not in seen for h in job.hashes)

    def _vectors(self, jobs: Sequence[Job]) -> Embedded:
        """Return (all vectors by hash, the ones among them that are new)."""
        texts = {h: text for job in jobs for h, text in zip(job.hashes, job.texts, strict=True)}
        for job in jobs:
            texts |= job.also
        known = self.catalog.embedded.vectors(texts)
        new = {h: row for job in jobs for h, row in job.vectors.items() if h not in known}
        missing = [h for h in texts if h not in known and h not in new]
        if missing:
            matrix = self.embedder.embed([texts[h] for h in missing], kind="passage")
            new |= {h: rounded(row) for h, row in zip(missing, matrix, strict=True)}
        return known | new, new
