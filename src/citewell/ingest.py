"""Taking in many documents: read, split, embed and write run beside each other, in order, within bounds."""

from __future__ import annotations

import math
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from citewell.catalog import Catalog, Proposal, digest
from citewell.catalog.ids import place_of
from citewell.errors import BadInput
from citewell.language import with_language
from citewell.model import JSON, Added, Blob, Document, Failure, Item, Passage
from citewell.protocols import Embedder, Source
from citewell.read import Limits, read
from citewell.represent import Represent
from citewell.split import embedded_text, split

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
"""Documents read ahead of the embedder."""


@dataclass(frozen=True, slots=True)
class Job:
    """A document on its way in. Without a proposal it is unchanged and there is nothing to do.

    `texts` are what is embedded and indexed of its passages, `hashes` theirs; `also` is what else is embedded, by hash.
    """

    document: Document
    proposal: Proposal | None
    hashes: tuple[bytes, ...] = ()
    texts: tuple[str, ...] = ()
    also: Mapping[bytes, str] = field(default_factory=dict)
    number: int = 0
    passages: int = 0


@dataclass(frozen=True)
class Prepare:
    """Document -> Job: splits it and hashes what is to be embedded, unless the catalog has it as it is."""

    catalog: Catalog
    embedder: Embedder
    tokens: int
    limits: Limits
    represent: tuple[Represent, ...] = ()

    @property
    def settings(self) -> str:
        """Name all but the document that decides passages and vectors."""
        also = "".join(f" {one.__name__}" for one in self.represent)
        return f"{self.embedder.name} split={self.tokens} 1{also}"

    def __call__(self, document: Document) -> Job:
        _refuse_not_numbers(document)
        document = identified(document)
        hashed = digest(document, self.settings)
        known = self.catalog.digest(document.id)
        if known and known[1] == hashed:
            return Job(document, None, number=known[0], passages=known[2])
        spans = split(document, count=self.embedder.count, tokens=self.tokens)
        texts = tuple(
            embedded_text(document.title, span.heading, span.context, document.text[span.start : span.end])
            for span in spans
        )
        hashes = tuple(map(self._hash, texts))
        bare = [document.text[span.start : span.end] for span in spans]
        further = {
            place_of(position, number): text
            for position, one in enumerate(bare)
            for number, text in enumerate(self.further(one), start=1)
        }
        places = {place: self._hash(text) for place, text in further.items()}
        also = {places[place]: text for place, text in further.items()}
        return Job(document, Proposal(document, spans, hashes, hashed, places), hashes, texts, also)

    def further(self, text: str) -> list[str]:
        """Return what is embedded of a passage besides what it is indexed with; each text once."""
        return list(dict.fromkeys(one for represent in self.represent for one in represent(text)))

    def _hash(self, text: str) -> bytes:
        return sha256(f"{self.embedder.name}\0{text}".encode()).digest()[:20]

    def text(self, title: str, passage: Passage) -> str:
        """Return what is embedded and indexed of a stored passage."""
        return embedded_text(title, passage.heading, passage.context, passage.text)

    def read(self, blob: Blob) -> list[Job | Failure]:
        """Read and prepare a blob; what cannot be read is a Failure."""
        try:
            return [self(document) for document in read(blob, self.limits)]
        except BadInput as error:
            return [Failure(blob.name, str(error).removeprefix(f"{blob.name}: "))]


def identified(document: Document) -> Document:
    """Return a document whose fields say its id, and its language where that is plainly another than English."""
    fields = with_language(document.fields, document.text)
    return replace(document, fields={**fields, "id": document.id})


def _refuse_not_numbers(document: Document) -> None:
    """NaN and infinity compare with nothing, so no filter could mean anything by them."""
    for name, value in document.fields.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise BadInput(
                f"{document.id}: the field {name!r} is {value!r}; give a finite number, or leave it out"
            )


class Progress:
    """How far taking in has come; several may run at once, and are counted together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = self._done = self._failed = self._total = 0

    def shown(self) -> JSON:
        """Return what `status` says; `total` is 0 when it is not known."""
        with self._lock:
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
    """The two steps after reading: embed a group of jobs; then commit it, which returns what was done, in order."""

    embed: Callable[[list[Job]], Embedded]
    commit: Callable[[list[Job], Embedded], list[Added]]


def ingest(blobs: Iterable[Blob], prepare: Prepare, stages: Stages, report: Report) -> None:
    """Run the pipeline; see Library.ingest. While one group is embedded, the one before is committed."""
    prepared = (outcome for blob in blobs for outcome in prepare.read(blob))
    with ThreadPoolExecutor(1, "embed-group") as embedder, ThreadPoolExecutor(1, "commit-group") as writer:

        def started(group: list[Job | Failure]) -> Future[list[Added]]:
            jobs = [one for one in group if isinstance(one, Job)]
            embedded = embedder.submit(copy_context().run, stages.embed, jobs)  # charged to this job
            return writer.submit(lambda: stages.commit(jobs, embedded.result()))

        waiting: deque[tuple[list[Job | Failure], Future[list[Added]]]] = deque()
        for group in _groups(_ahead(prepared)):
            waiting.append((group, started(group)))
            if len(waiting) > 2:
                _report(*waiting.popleft(), report)
        while waiting:
            _report(*waiting.popleft(), report)


def sync(
    library: Library,
    catalog: Catalog,
    source: Source,
    report: Callable[[Added | Failure | str], None],
    prune: bool,
) -> None:
    """List a source, take in what is new or changed, remove what is gone; see Library.sync."""
    known, present = catalog.items(source.name), catalog.ids()
    listed, changed = listed_of(source, known, present)
    taken: dict[str, list[str]] = {}

    def note(outcome: Added | Failure) -> None:
        if isinstance(outcome, Added):
            item = (
                outcome.document_id
                if outcome.document_id in listed
                else outcome.document_id.rsplit("#", 1)[0]
            )
            taken.setdefault(item, []).append(outcome.document_id)
            if len(taken) >= 100:
                _note(catalog, source, listed, taken)
        report(outcome)

    try:
        library.ingest(blobs_of(catalog, source, changed, note), note, len(changed))
    finally:
        _note(catalog, source, listed, taken)
    if prune:
        for gone in known.keys() - listed.keys():
            for document_id in known[gone][1]:
                if document_id in present:
                    library.remove(document_id)
                    report(document_id)
            catalog.forget_items(source.name, [gone])


def listed_of(
    source: Source, known: Mapping[str, tuple[str, list[str]]], present: set[str]
) -> tuple[dict[str, Item], list[Item]]:
    """Return what a source lists, and what of it is new or changed."""
    listed: dict[str, Item] = {}
    changed: list[Item] = []
    for item in source.items():
        listed[item.id] = item
        stamp, ids = known.get(item.id, ("", []))
        if stamp != item.stamp or not present.issuperset(ids):
            changed.append(item)
    return listed, changed


def blobs_of(
    catalog: Catalog, source: Source, items: list[Item], note: Callable[[Failure], None]
) -> Iterator[Blob]:
    """Fetch items of a source; what cannot be had is told to `note`."""
    others = catalog.others(source.name)
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
    catalog.note_items(source.name, rows)
    taken.clear()


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
    size, enough = 0, GROUP // 8
    for one in outcomes:
        if isinstance(one, Job):
            if one.document.id in ids:
                yield group
                group, size, ids = [], 0, set()
            ids.add(one.document.id)
        group.append(one)
        size += len(one.texts) + len(one.also) if isinstance(one, Job) else 0
        if size >= enough or len(group) >= GROUP:
            yield group
            group, size, enough, ids = [], 0, GROUP, set()
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


def added_of(job: Job, numbers: Mapping[str, int], new: Mapping[bytes, Vector]) -> Added:
    """Return what a committed job did; `new` are the vectors that were embedded for it and those beside it."""
    if job.proposal is None:
        return Added(job.document.id, job.number, job.passages, 0, "unchanged")
    number = numbers[job.document.id]
    embedded = sum(h in new for h in job.hashes)
    return Added(job.document.id, number, len(job.hashes), embedded, "added" if number == 1 else "updated")
