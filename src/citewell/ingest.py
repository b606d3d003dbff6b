"""Taking in many documents: read, split, embed and write run beside each other, in order, within bounds."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from citewell.access import ANYBODY, Access
from citewell.catalog import Catalog
from citewell.errors import BadInput, NotFound, ProviderError
from citewell.incoming import Added, Blob, Failure, Item
from citewell.model import JSON
from citewell.prepare import Job, Prepare
from citewell.protocols import Source
from citewell.pruning import MOST_REMOVED, held_back

if TYPE_CHECKING:
    from citewell.library import Library
    from citewell.model import Vector

T = TypeVar("T")
Report: TypeAlias = Callable[[Added | Failure], None]
Embedded: TypeAlias = "tuple[dict[bytes, Vector], dict[bytes, Vector]]"
"""All vectors of a group by hash, and those among them that are new."""
GROUP = 192
"""Passages written together: large enough for even batches, small enough to be searchable within seconds."""
AHEAD = 32
"""Documents read ahead of the embedder, and written of at once."""
PATIENCE: Final = 10.0
"""Seconds after which what there is of a group is committed: models may be slow."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a source is synced: how much of what it lists no more may be removed, and who does it."""

    prune: float = MOST_REMOVED
    access: Access = ANYBODY


class Progress:
    """How far taking in has come; several may run at once, and are counted together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = self._done = self._failed = self._total = 0

    def shown(self, counts: bool = True) -> JSON:
        """Return what `status` says; `total` is 0 when it is not known. Without `counts`, only whether it runs."""
        with self._lock:
            if not counts:
                return {"running": self._running > 0, "done": 0, "failed": 0, "total": 0}
            return {
                "running": self._running > 0,
                "done": self._done,
                "failed": self._failed,
                "total": self._total,
            }

    @contextmanager
    def of(self, total: int, report: Report) -> Iterator[Report]:
        """Count what is reported while one runs; the first to start begins anew."""
        with self._lock:
            if self._running == 0:
                self._done = self._failed = self._total = 0
            self._running += 1
            self._total += total

        def counted(outcome: Added | Failure) -> None:
            with self._lock:
                self._failed += isinstance(outcome, Failure)
                self._done += isinstance(outcome, Added)
            report(outcome)

        try:
            yield counted
        finally:
            with self._lock:
                self._running -= 1


@dataclass(frozen=True)
class Stages:
    """The steps after reading: have a model write of a job (None: no model does); embed a group of jobs; then commit
    it, which returns what was done, in order."""

    write: Callable[[Job], Future[Job]] | None
    embed: Callable[[list[Job]], Embedded]
    commit: Callable[[list[Job], Embedded], list[Added]]


def ingest(blobs: Iterable[Blob], prepare: Prepare, stages: Stages, report: Report) -> None:
    """Run the pipeline; see Library.ingest. While one group is embedded, the one before is committed."""
    prepared = prepare.all(blobs)
    with ThreadPoolExecutor(1, "embed-group") as embedder, ThreadPoolExecutor(1, "commit-group") as writer:

        def started(group: list[Job | Failure]) -> Future[list[Added]]:
            jobs = [one for one in group if isinstance(one, Job)]
            embedded = embedder.submit(copy_context().run, stages.embed, jobs)  # charged to this job
            return writer.submit(lambda: stages.commit(jobs, embedded.result()))

        waiting: deque[tuple[list[Job | Failure], Future[list[Added]]]] = deque()
        try:
            with closing(_written(_ahead(prepared), stages.write)) as written:
                for group in _groups(written):
                    waiting.append((group, started(group)))
                    while waiting and (len(waiting) > 2 or waiting[0][1].done()):
                        _report(*waiting.popleft(), report)
            while waiting:
                _report(*waiting.popleft(), report)
        except BaseException:
            for executor in (embedder, writer):  # what has not begun need not be waited for
                executor.shutdown(wait=False, cancel_futures=True)
            raise


def _written(
    outcomes: Iterable[Job | Failure], write: Callable[[Job], Future[Job]] | None
) -> Generator[Job | Failure, None, None]:
    """Have a model write of several jobs at once; they come out in order. Whoever stops asking ends the calls."""
    waiting: deque[tuple[Job | Failure, Future[Job] | None]] = deque()
    try:
        for one in outcomes:
            todo = write is not None and isinstance(one, Job) and one.proposal is not None
            waiting.append((one, write(one) if write and todo else None))  # type: ignore[arg-type]
            while waiting and (len(waiting) > AHEAD or _is_done(waiting[0][1])):
                yield _outcome(*waiting.popleft())
        while waiting:
            yield _outcome(*waiting.popleft())
    finally:
        for _, begun in waiting:
            if begun is not None:
                begun.cancel()


def _is_done(begun: Future[Job] | None) -> bool:
    return begun is None or begun.done()


def _outcome(one: Job | Failure, begun: Future[Job] | None) -> Job | Failure:
    """Return a job with what was written of it. A call that failed is that document's failure, and no other's."""
    if begun is None or isinstance(one, Failure):
        return one
    try:
        return begun.result()
    except ProviderError as error:
        return Failure(one.document.id, str(error))
    except BaseException:
        begun.cancel()
        raise


def changes(catalog: Catalog, source: Source) -> tuple[dict[str, Item], list[Item]]:
    """List a source: all its items by id, and those that are new or changed."""
    known, present = catalog.taken.items(source.name), catalog.ids()
    listed = {item.id: item for item in source.items()}
    changed = []
    for item in listed.values():
        stamp, ids = known.get(item.id, ("", []))
        if stamp != item.stamp or not present.issuperset(ids):
            changed.append(item)
    return listed, changed


def sync(
    library: Library,
    catalog: Catalog,
    source: Source,
    report: Callable[[Added | Failure | str], None],
    options: Options,
) -> None:
    """List a source, take in what is new or changed, remove what is gone; see Library.sync."""
    known, present = catalog.taken.items(source.name), catalog.ids()
    listed, changed = changes(catalog, source)
    taken: dict[str, list[str]] = {}
    again: dict[str, list[str]] = {}
    less: set[str] = set()  # items of which something could not be taken in

    def note(outcome: Added | Failure) -> None:
        name = outcome.document_id if isinstance(outcome, Added) else outcome.name
        item = name if name in listed else name.rsplit("#", 1)[0]
        if isinstance(outcome, Failure):
            less.add(item)
        else:
            if len(taken) >= 100 and item not in taken:
                _note(catalog, source, listed, taken)
            taken.setdefault(item, []).append(name)
            if len(known.get(item, ("", []))[1]) > 1:
                again[item] = taken[item]
        report(outcome)

    try:
        library.ingest(blobs_of(catalog, source, changed, note), note, len(changed), options.access)
    finally:
        _note(catalog, source, listed, taken)
    gone = [item for item in known if item not in listed]
    held = held_back(source.name, len(gone), len(known), options.prune)
    if held is not None:
        report(held)
    elif options.prune:
        for item in gone:
            if _removed(library, present.intersection(known[item][1]), report, options.access):
                catalog.taken.forget(source.name, [item])
    for item in again.keys() - less if options.prune else ():
        fewer = present.intersection(known[item][1]).difference(again[item])
        _removed(library, fewer, report, options.access)
    if options.prune:
        catalog.texts.forget_unused()


def _removed(
    library: Library, ids: Iterable[str], report: Callable[[Added | Failure | str], None], access: Access
) -> bool:
    """Remove documents; what is not for who asks stays, and is a Failure. True when none stayed."""
    stayed = False
    for document_id in sorted(ids):
        try:
            library.remove(document_id, access)
        except NotFound as error:
            stayed = True
            report(Failure(document_id, str(error), taken=True))
        else:
            report(document_id)
    return not stayed


def blobs_of(
    catalog: Catalog, source: Source, items: list[Item], note: Callable[[Failure], None]
) -> Iterator[Blob]:
    """Fetch items of a source; what cannot be had is told to `note`."""
    others = catalog.taken.others(source.name)
    for item in items:
        if item.id in others:
            note(
                Failure(
                    item.id, f"this id is already taken by {others[item.id]!r}; remove that document first"
                )
            )
            continue
        try:
            yield source.fetch(item)
        except BadInput as error:
            note(Failure(item.id, str(error).removeprefix(f"{item.id}: ")))


def _note(catalog: Catalog, source: Source, listed: dict[str, Item], taken: dict[str, list[str]]) -> None:
    rows = [(item, listed[item].stamp, ids) for item, ids in taken.items() if item in listed]
    taken.clear()
    # In a thread: Ctrl-C in the middle of it would leave SQLite's lock with this one, and others waiting for it.
    with ThreadPoolExecutor(1, "note-taken") as writer:
        writer.submit(catalog.taken.note, source.name, rows).result()


def _report(
    group: list[Job | Failure], done: Future[list[Added]], report: Callable[[Added | Failure], None]
) -> None:
    added = iter(done.result())
    for one in group:
        report(one if isinstance(one, Failure) else next(added))


def _groups(outcomes: Iterable[Job | Failure]) -> Iterator[list[Job | Failure]]:
    """Collect jobs until they have GROUP passages to embed; the first group is small, to be searchable soon.

    A group holds a document once: what comes twice is two versions, one after the other.
    """
    group: list[Job | Failure] = []
    ids: set[str] = set()
    size, enough, began = 0, GROUP // 8, monotonic()
    for one in outcomes:
        if isinstance(one, Job):
            if one.document.id in ids:
                yield group
                group, size, ids = [], 0, set()
            ids.add(one.document.id)
        group.append(one)
        size += len(one.texts) + len(one.also) if isinstance(one, Job) else 0
        if size >= enough or len(group) >= GROUP or monotonic() - began > PATIENCE:
            yield group
            group, size, enough, ids, began = [], 0, GROUP, set(), monotonic()
    if group:
        yield group


def _ahead(values: Iterator[T]) -> Iterator[T]:
    """Iterate in a thread of its own, at most AHEAD values ahead of the caller."""
    ready: queue.Queue[tuple[T | None, BaseException | None, bool]] = queue.Queue(AHEAD)
    stopped = threading.Event()

    def offer(entry: tuple[T | None, BaseException | None, bool]) -> None:
        while not stopped.is_set():
            try:
                ready.put(entry, timeout=0.1)
                return
            except queue.Full:
                continue

    def run() -> None:
        try:
            for value in values:
                offer((value, None, False))
                if stopped.is_set():
                    return
            offer((None, None, True))
        except BaseException as error:  # handed to the caller, who raises it
            offer((None, error, True))

    threading.Thread(target=run, name="read", daemon=True).start()
    try:
        while True:
            value, error, last = ready.get()
            if error is not None:
                raise error
            if last:
                return
            yield value  # type: ignore[misc]
    finally:
        stopped.set()


def added_of(job: Job, numbers: Mapping[str, int], embedded: int) -> Added:
    """Return what a committed job did; `embedded` is how many of its passages were."""
    if job.proposal is None:
        return Added(job.document.id, job.number, job.passages, 0, "unchanged")
    number = numbers[job.document.id]
    return Added(job.document.id, number, len(job.hashes), embedded, "added" if number == 1 else "updated")
