"""Writing to catalog and index, in the order that a crash cannot harm, beside other threads and processes."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from citewell.access import READERS
from citewell.catalog import Catalog, Fenced, Version
from citewell.catalog.versions import Readers
from citewell.errors import CitewellError, InUse
from citewell.points import points_of_job, proposed
from citewell.prepare import Job
from citewell.protocols import Index
from citewell.upkeep import Upkeep

if TYPE_CHECKING:
    from citewell.model import Vector

Returned = TypeVar("Returned")
PATIENCE: Final = 60.0
"""Seconds that a document may be in another process's hands before we give up."""
PAUSES: Final = 0.01, 0.5
"""The shortest and the longest pause before we look again."""
log = logging.getLogger("citewell")


@dataclass(frozen=True)
class Commit:
    """Jobs with their vectors -> the numbers of the versions that hold them, by document."""

    catalog: Catalog
    index: Index
    lease: threading.Lock
    upkeep: Upkeep

    def __call__(self, jobs: Sequence[Job], vectors: Mapping[bytes, Vector]) -> dict[str, int]:
        """Write all, each once; returns when all are durable and searchable."""
        left = {job.document.id: job for job in jobs}
        numbers: dict[str, int] = {}
        wait = self._wait()
        while left:
            done = self._unless_fenced(partial(self._some, left, vectors))
            numbers |= done
            left = {name: job for name, job in left.items() if name not in done}
            if left:
                wait(list(left))
        return numbers

    def remove(self, document_id: str, check: Callable[[str], None]) -> None:
        """Remove a document; effective when this returns. NotFound if there is none, or where `check` says so."""
        self._alone(document_id, check, self._removed)

    def share(self, document_id: str, readers: Readers, check: Callable[[str], None]) -> None:
        """Set who may see a document; in force when this returns. NotFound as for `remove`."""
        self._alone(document_id, check, partial(self._shared, readers))

    def _alone(self, document_id: str, check: Callable[[str], None], work: Callable[[str], int]) -> None:
        """Change a document while no other process writes it."""

        def once() -> int | None:
            with self.lease:
                if not self.catalog.claim([document_id]):
                    return None
                try:
                    check(document_id)
                    return work(document_id)
                finally:
                    self._let_go([document_id])

        wait = self._wait()
        while (done := self._unless_fenced(once)) is None:
            wait([document_id])
        self.upkeep.note(done)

    def _removed(self, document_id: str) -> int:
        ids = self.catalog.remove(document_id).ids()
        self.upkeep.drop(ids)
        return len(ids)

    def _shared(self, readers: Readers, document_id: str) -> int:
        version, fields = self.catalog.share(document_id, readers)
        self.index.set_fields(version.ids(), fields)
        return len(version.ids())

    def _some(self, jobs: Mapping[str, Job], vectors: Mapping[bytes, Vector]) -> dict[str, int]:
        """Write what no other process is writing, in this order: pending, index, current (acknowledged), drop the old.

        `vectors` has all, the stored ones too: another write may have erased them in the meantime.
        """
        with self.lease:
            mine = self.catalog.claim(jobs)
            try:
                jobs = _listed(self.catalog, [job for name, job in jobs.items() if name in mine])
                begun = self.catalog.propose([proposed(job) for job in jobs.values()], vectors)
            except BaseException:
                self._let_go(mine)
                raise
            made = begun.versions
            try:
                self.index.put(
                    [one for name in made for one in points_of_job(jobs[name], made[name], vectors)]
                )
                stale = self.catalog.accept(list(made.values())) if made else []
            except BaseException:
                self._give_up(list(made.values()))
                raise
            self.upkeep.drop([one for version in stale for one in version.ids()])
        self.upkeep.note(sum(len(version.ids()) for version in made.values()))
        return {**begun.same, **{name: version.number for name, version in made.items()}}

    def _let_go(self, document_ids: Collection[str]) -> None:
        """Give claims back. What cannot be given back now is, by the next write of the document, or when we end."""
        try:
            self.catalog.unclaim(document_ids)
        except CitewellError as error:
            log.warning("documents could not be given back yet: %s", error)

    def _give_up(self, versions: Sequence[Version]) -> None:
        """Undo what was begun. What cannot be undone now is undone by the next write of the document, or by others."""
        try:
            self.catalog.abandon(versions)
        except CitewellError as error:
            log.warning("a write that failed could not be undone yet: %s", error)
            self.upkeep.owe()
            return
        self.upkeep.drop([one for version in versions for one in version.ids()])

    def _unless_fenced(self, work: Callable[[], Returned]) -> Returned:
        """Work; once more, under a new name, where others had taken this process for dead."""
        try:
            return work()
        except Fenced:
            with self.lease:
                self.catalog.workers.rejoin()
            return work()

    def _wait(self) -> Wait:
        return Wait(self.catalog, self.upkeep.sweep)


@dataclass
class Wait:
    """A pause each time that it is called, longer and longer. InUse when patience is at its end."""

    catalog: Catalog
    sweep: Callable[[], None]
    began: float = field(default_factory=time.monotonic)
    pause: float = PAUSES[0]

    def __call__(self, document_ids: Sequence[str]) -> None:
        if time.monotonic() - self.began > PATIENCE:
            raise InUse(
                f"{document_ids[0]!r} has been written by {self.catalog.workers.holders(document_ids)} for more than "
                f"{PATIENCE:.0f} s; try again later"
            )
        time.sleep(self.pause * random.uniform(0.5, 1))
        self.pause = min(2 * self.pause, PAUSES[1])
        self.sweep()


def _listed(catalog: Catalog, jobs: Sequence[Job]) -> dict[str, Job]:
    """Return jobs whose documents have the access list to be in force: an add never loosens one by silence."""
    before = catalog.before([job.document.id for job in jobs])
    found = {}
    for job in jobs:
        proposal, known = proposed(job), before.get(job.document.id)
        if known is not None:
            given, held = known.after(proposal.given)
            fields = {name: value for name, value in job.document.fields.items() if name != READERS}
            fields |= {} if held is None else {READERS: held}
            document = replace(job.document, fields=fields)
            job = replace(job, document=document, proposal=replace(proposal, document=document, given=given))
        found[job.document.id] = job
    return found
