"""Library: documents in, checked answers out. Reads as the architecture; its order is its crash safety."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from citewell import filters
from citewell.answering import Answering
from citewell.background import Background
from citewell.catalog import Catalog, rounded
from citewell.commit import Commit
from citewell.conversations import Conversations
from citewell.cost.books import Account, charging
from citewell.cost.costs import Costs
from citewell.errors import BadInput, Unsupported
from citewell.explain.grounds import Asked
from citewell.incoming import Added, Blob, Failure
from citewell.ingest import Embedded, Progress, Report, Stages, added_of, ingest, sync
from citewell.lock import Holder
from citewell.model import JSON, Answer, Document, Done, Entry, Event, Found, Hit, Mode, Passage, Query
from citewell.money import By, Quote, Spent
from citewell.points import points_of
from citewell.prepare import Job, Prepare
from citewell.protocols import Embedder, Index, Retriever, Source
from citewell.quoting import quote_of
from citewell.recover import drift, recover
from citewell.upkeep import Upkeep

if TYPE_CHECKING:
    from citewell.explain import Explain
    from citewell.why import Why

# Inside the class, `list` is its method.
Hits: TypeAlias = list[Hit]
Entries: TypeAlias = list[Entry]
Passages: TypeAlias = list[Passage]
Lines: TypeAlias = list[str]
Jobs: TypeAlias = list[Job]
AddedAll: TypeAlias = list[Added]
SpentAll: TypeAlias = list[Spent]
T = TypeVar("T")
MOST_IDS = 10_000


@dataclass(frozen=True)
class Parts:
    """What a library is made of; `assemble` chooses them."""

    catalog: Catalog
    index: Index
    embedder: Embedder
    answering: Answering
    costs: Costs
    prepare: Prepare
    retrievers: Mapping[Mode, Retriever]
    explain: Explain
    readers: Mapping[Mode, Retriever] | None = None  # what the chat model is shown; None: what a search finds
    shown: int = 8
    holder: Holder | None = None  # of the folder; None where several processes share the library


class Library:
    """A set of documents that can be searched and asked. Safe to share between threads.

    A write that returned is durable and visible to the very next search. Close it, or use it as a
    context manager.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lease = threading.Lock()
        self._background = Background()
        self._progress = Progress()
        self._retriever = parts.retrievers
        self._reader = parts.readers or parts.retrievers
        self._store = parts.index.health().store
        catalog, index = parts.catalog, parts.index
        points = partial(points_of, catalog, parts.prepare.text)
        self._upkeep = Upkeep(catalog, index, self._lease, points)
        with self._lease:
            recover(catalog, index, points, parts.holder is None)
        self.conversations = Conversations(catalog.talk)
        self._commits = Commit(catalog, index, self._lease, self._upkeep)

    # -- documents ----------------------------------------------------------------------------------

    def add(self, document: Document) -> Added:
        """Add or update one document. Returns once it is durable and searchable.

        ProviderError when a model that writes of it fails; what it wrote until then is kept.
        """
        prepare = self._parts.prepare
        job = prepare(document)
        with self._parts.costs.request(job=True):
            if prepare.writing is not None and job.proposal is not None:
                job = self._background.wait(prepare.written(job))
            return self._write([job])[0]

    def ingest(self, blobs: Iterable[Blob], report: Report, total: int = 0) -> None:
        """Read, split, embed and add many, each step beside the others; each outcome goes to `report`.

        A blob that cannot be read is a Failure and the rest goes on. Outcomes come in order. `total`, if
        known, is the number of blobs, for `status`.
        """
        prepare = self._parts.prepare
        write = None
        if prepare.writing is not None:
            prepare.writing.ready()
            write = lambda job: self._background.begin(prepare.written(job))  # noqa: E731
        with self._progress.of(total, report) as counted, self._parts.costs.request(job=True):
            ingest(blobs, prepare, Stages(write, self._embed, self._commit), counted)

    def sync(
        self, source: Source, report: Callable[[Added | Failure | str], None], prune: bool = True
    ) -> None:
        """Take in what a source has new or changed; remove what it no longer lists (reported by id)."""
        sync(self, self._parts.catalog, source, report, prune)

    def remove(self, document_id: str) -> None:
        """Remove a document; effective when this returns. NotFound if there is none."""
        self._commits.remove(document_id)

    def get(self, document_id: str) -> tuple[Entry, Document]:
        """Return a document as it is now. NotFound if there is none."""
        entry, text = self._parts.catalog.get(document_id)
        return entry, Document(entry.id, text, entry.title, entry.fields, entry.source, entry.media_type)

    def suspicious(self, document_id: str) -> Passages:
        """Return the passages of a document in which something reads as an instruction to a model, or is hidden."""
        return self._parts.catalog.suspicious(document_id)

    def release(self, document_id: str, passage_id: str | None = None) -> int:
        """Let a document's suspicious passages go, or the one named: models are shown them. Returns how many."""
        with self._lease:
            return self._parts.catalog.release(document_id, passage_id)

    def list(self, where: str | None = None, limit: int = 100, after: str = "") -> Entries:
        """Return up to `limit` entries in order of id, from the first id greater than `after`."""
        tree = filters.parse(where) if where else None
        return self._parts.catalog.entries(tree, _bounded(limit, 10_000), after)

    # -- questions ----------------------------------------------------------------------------------

    def search(self, query: Query) -> Hits:
        """Return the passages that match best, best first."""
        with self._parts.costs.request():
            return self._find(self._retriever, query)

    def _find(self, retrievers: Mapping[Mode, Retriever], query: Query) -> Hits:
        _bounded(query.limit, 1000)
        if not query.text.strip():
            raise BadInput(f"the question is empty ({query.text!r}); ask something")
        retriever = retrievers[query.mode]
        try:
            return retriever(query)
        except Unsupported:
            narrowed = self._narrow(query)
            return retriever(narrowed) if narrowed else []

    def why(self, query: Query, document_id: str | None = None, *, local: bool = True) -> Why:
        """Say how each hit came up; of a document, the stage that lost it and what was tried that brings it back.

        `document_id` may be the end of an id or source that only one document has. Unless `local`, only
        files are read that the library's own folders have brought in. BadInput for an empty question.
        """
        with self._parts.costs.request():
            return self._parts.explain(Asked(query, self.search, self._narrow, local), document_id)

    async def stream(self, query: Query) -> AsyncIterator[Event]:
        """Answer a question, as it happens: Steps, HitsFound, Deltas, Citations, Done.

        Where the query names a conversation, Done means that the turn is kept, durably.
        """
        if query.conversation:
            query = await asyncio.to_thread(self.conversations.resumed, query)
        shown, account = replace(query, limit=self._parts.shown), Account()
        async with aclosing(self._parts.answering(shown, self._read)) as events:  # type: ignore[type-var]
            while True:
                with charging(account):  # at each step anew: who iterates may have other streams open
                    event = await anext(events, None)
                if event is None:
                    return
                if query.conversation and isinstance(event, Done):
                    event = Done(await asyncio.to_thread(self.conversations.keep, query, event.answer))
                yield event

    def ask(self, query: Query) -> Answer:
        """Answer a question with checked citations, or refuse."""

        async def drain() -> Answer:
            async for event in self.stream(query):
                if isinstance(event, Done):
                    return event.answer
            raise AssertionError("a stream ends with Done")

        return self._background.wait(drain())

    def quote(self, work: Query | Iterable[Blob] | Source) -> Quote:
        """Say what an answer, or taking in blobs or what a source has new, would cost: expected, and at most.

        A question is searched for (a hosted embedder or reranker charges for that); nothing else is asked or written.
        """
        parts = self._parts
        if not isinstance(work, Query):
            return quote_of(work, parts.prepare, parts.costs.payer())
        shown = replace(work, limit=parts.shown)
        with parts.costs.request():
            return self._background.wait(parts.answering.quote(shown, self._read))

    def cost(self, by: By = "day", since: str = "") -> SpentAll:
        """Return what was spent by day, model, kind, request, key or status, since a day (ISO 8601, UTC)."""
        return self._parts.costs.spent(by, since)

    # -- the library itself ---------------------------------------------------------------------------

    def status(self) -> JSON:
        """Return counts, models and what is going on."""
        documents, passages, pending = self._parts.catalog.counts()
        writing = self._parts.prepare.writing
        return {
            "documents": documents,
            "passages": passages,
            "embedder": self._parts.embedder.name,
            "index": self._store,
            "chat": self._parts.answering.write.chat.name,
            **self._parts.catalog.suspicions(),
            "unflushed_changes": pending,
            "ingest": self._progress.shown(),
            "sources": self._parts.catalog.taken.sources(),
            "upkeep": self._upkeep.state,
            "writing": list(writing.kinds) if writing else [],
            "cost": self._parts.costs.state(),
        }

    def check(self) -> Lines:
        """Compare catalog and index; one line for each thing that is wrong, [] when nothing is."""
        with self._lease:
            return drift(self._parts.catalog, self._parts.index)

    def optimize(self) -> None:
        """Build the index's graphs now, instead of when it is quiet."""
        self._parts.index.optimize()

    def announce(self, url: str) -> None:
        """Tell other processes where this library is served."""
        self._parts.catalog.workers.announce(url)
        if self._parts.holder is not None:
            self._parts.holder.announce(url)

    def close(self) -> None:
        """Make everything durable and release the folder."""
        self._upkeep.stop()
        self._background.stop()
        self._parts.index.close()
        self._parts.costs.close()
        self._parts.catalog.workers.leave()
        self._parts.catalog.close()
        if self._parts.holder is not None:
            self._parts.holder.release()

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- inside ---------------------------------------------------------------------------------------

    def _write(self, jobs: Jobs) -> AddedAll:
        return self._commit(jobs, self._embed(jobs))

    def _embed(self, jobs: Jobs) -> Embedded:
        """Embed what has no stored vector yet."""
        return self._vectors([job for job in jobs if job.proposal is not None])

    def _commit(self, jobs: Jobs, embedded: Embedded) -> AddedAll:
        """Write what is new; see `commit`."""
        vectors, new = embedded
        numbers = self._commits([job for job in jobs if job.proposal is not None], vectors)
        return [added_of(job, numbers, new) for job in jobs]

    def _vectors(self, jobs: Jobs) -> Embedded:
        """Return (all vectors by hash, the ones among them that are new)."""
        texts = {h: text for job in jobs for h, text in zip(job.hashes, job.texts, strict=True)}
        for job in jobs:
            texts |= job.also
        known = self._parts.catalog.known(texts)
        new = {h: row for job in jobs for h, row in job.vectors.items() if h not in known}
        missing = [h for h in texts if h not in known and h not in new]
        if missing:
            matrix = self._parts.embedder.embed([texts[h] for h in missing], kind="passage")
            new |= {h: rounded(row) for h, row in zip(missing, matrix, strict=True)}
        return known | new, new

    async def _read(self, query: Query) -> Found:
        """Find what the chat model is shown, before any technique."""
        return Found(query, tuple(await asyncio.to_thread(self._find, self._reader, query)))

    def _narrow(self, query: Query) -> Query | None:
        """Resolve a filter that the index cannot express to document ids; None when there are none."""
        assert query.where is not None
        ids = self._parts.catalog.document_ids(query.where, MOST_IDS + 1)
        if len(ids) > MOST_IDS:
            raise Unsupported(
                f"this filter matches more than {MOST_IDS} documents and the index cannot express it; "
                "add a condition with =, IN, < or > to narrow it"
            )
        return replace(query, where=filters.In("id", tuple(ids))) if ids else None


def _bounded(limit: int, most: int) -> int:
    if not 1 <= limit <= most:
        raise BadInput(f"limit {limit!r} is out of range; use 1 to {most}")
    return limit
