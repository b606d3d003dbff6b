"""Library: documents in, checked answers out. Reads as the architecture; its order is its crash safety."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from citewell import filters
from citewell.access import ANYBODY, Access, both, reach, readers_of, within
from citewell.background import Background
from citewell.catalog import missing
from citewell.collection import Collection, inside
from citewell.commit import Commit
from citewell.conversations import Conversations
from citewell.cost.books import Account, charging
from citewell.errors import BadInput, Unsupported
from citewell.explain.grounds import Asked
from citewell.incoming import Added, Blob, Failure
from citewell.ingest import Options, Progress, Report, Stages, ingest, sync
from citewell.model import JSON, Answer, Document, Done, Entry, Event, Found, Hit, Mode, Passage, Query
from citewell.money import By, Quote, Spent
from citewell.parts import Parts
from citewell.points import points_of
from citewell.protocols import Retriever, Source
from citewell.pruning import MOST_REMOVED
from citewell.quoting import quote_of
from citewell.recover import drift, recover
from citewell.schedule import Sources
from citewell.storing import Storing
from citewell.upkeep import Upkeep

if TYPE_CHECKING:
    from citewell.why import Why

# Inside the class, `list` is its method.
Hits: TypeAlias = list[Hit]
Entries: TypeAlias = list[Entry]
Passages: TypeAlias = list[Passage]
Lines: TypeAlias = list[str]
SpentAll: TypeAlias = list[Spent]
Shelf: TypeAlias = list[Collection]
Readers: TypeAlias = Iterable[str] | None
MOST_IDS = 10_000


class Library:
    """A set of documents that can be searched and asked. Safe to share between threads.

    A write that returned is durable and visible to the very next search. Close it, or use it as a
    context manager.

    `access` is who asks, and a query has its own: unless it is said, nothing is seen or changed but what is for
    everybody. What is not for who asks is not there: NotFound, and in no list, count or answer.
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
        self.conversations = Conversations(catalog.talk, self._seen)
        self._commits = Commit(catalog, index, self._lease, self._upkeep)
        self._storing = Storing(catalog, parts.embedder, self._commits)
        self.sources = Sources(partial(self.sync, access=Access.all()), catalog, parts.sources)

    # -- documents ----------------------------------------------------------------------------------

    def add(self, document: Document, access: Access = ANYBODY) -> Added:
        """Add or update one document. Returns once it is durable and searchable.

        ProviderError when a model that writes of it fails; what it wrote until then is kept. The field `readers` is
        its access list; without it, the one in force stays. NotFound when a document has its id that is not for who
        adds it.
        """
        prepare = replace(self._parts.prepare, access=access)
        job = prepare(document)
        with self._parts.costs.request(job=True):
            if prepare.writing is not None and job.proposal is not None:
                job = self._background.wait(prepare.written(job))
            return self._storing.write([job])[0]

    def ingest(self, blobs: Iterable[Blob], report: Report, total: int = 0, access: Access = ANYBODY) -> None:
        """Read, split, embed and add many, each step beside the others; each outcome goes to `report`.

        A blob that cannot be read is a Failure and the rest goes on. Outcomes come in order. `total`, if
        known, is the number of blobs, for `status`.
        """
        prepare = replace(self._parts.prepare, access=access)
        write = None
        if prepare.writing is not None:
            prepare.writing.ready()
            write = lambda job: self._background.begin(prepare.written(job))  # noqa: E731
        with self._progress.of(total, report) as counted, self._parts.costs.request(job=True):
            ingest(blobs, prepare, Stages(write, self._storing.embed, self._storing.commit), counted)

    def sync(
        self,
        source: Source,
        report: Callable[[Added | Failure | str], None],
        prune: float = MOST_REMOVED,
        access: Access = ANYBODY,
    ) -> None:
        """Take in what a source has new or changed; remove what it no longer lists (reported by id).

        `prune` is the largest share of its items that may go at once (0: nothing is removed; 1, or True: whatever is
        gone); past it nothing is removed, and a Failure says so.
        """
        sync(self, self._parts.catalog, source, report, Options(prune, access))

    def remove(self, document_id: str, access: Access = ANYBODY) -> None:
        """Remove a document, and what it said in kept conversations; effective when this returns.

        NotFound if there is none.
        """
        self._commits.remove(document_id, partial(self._check, access=access))

    def share(self, document_id: str, readers: Readers, access: Access = ANYBODY) -> None:
        """Set who may see a document: names like "group:sales"; none of them: nobody; None: everybody.

        In force for the next request when this returns; makes no new version. NotFound if there is none, BadInput
        for a name that is none.
        """
        wanted = readers_of(readers)
        self._commits.share(document_id, wanted, partial(self._check, access=access))

    def get(self, document_id: str, access: Access = ANYBODY) -> tuple[Entry, Document]:
        """Return a document as it is now. NotFound if there is none."""
        entry, text = self._parts.catalog.get(document_id, reach(access))
        return entry, Document(entry.id, text, entry.title, entry.fields, entry.source, entry.media_type)

    def suspicious(self, document_id: str, access: Access = ANYBODY) -> Passages:
        """Return the passages of a document in which something reads as an instruction to a model, or is hidden."""
        self._check(document_id, access)
        return self._parts.catalog.suspicious(document_id)

    def release(self, document_id: str, passage_id: str | None = None, access: Access = ANYBODY) -> int:
        """Let a document's suspicious passages go, or the one named: models are shown them. Returns how many."""
        with self._lease:
            self._check(document_id, access)
            return self._parts.catalog.release(document_id, passage_id)

    def list(
        self,
        where: str | None = None,
        limit: int = 100,
        after: str = "",
        access: Access = ANYBODY,
        collection: str = "",
    ) -> Entries:
        """Return up to `limit` entries in order of id, from the first id greater than `after`."""
        asked = inside(collection or self._parts.collection)
        tree = both(both(filters.parse(where) if where else None, asked), reach(access))
        return self._parts.catalog.entries(tree, _bounded(limit, 10_000), after)

    def collections(self, access: Access = ANYBODY) -> Shelf:
        """Return the collections, in order of name: what is in each, and which fields its documents have."""
        return self._parts.catalog.collections.list(reach(access))

    # -- questions ----------------------------------------------------------------------------------

    def search(self, query: Query) -> Hits:
        """Return the passages that match best, best first."""
        return self._search(self._placed(query))

    def _search(self, query: Query) -> Hits:
        with self._parts.costs.request():
            return self._find(self._retriever, query)

    def _find(self, retrievers: Mapping[Mode, Retriever], query: Query) -> Hits:
        _bounded(query.limit, 1000)
        if not query.text.strip():
            raise BadInput(f"the question is empty ({query.text!r}); ask something")
        retriever = retrievers[query.mode]
        try:
            return retriever(self._limited(query))
        except Unsupported:
            narrowed = self._narrow(query)
            return retriever(narrowed) if narrowed else []

    def why(self, query: Query, document_id: str | None = None, *, local: bool = True) -> Why:
        """Say how each hit came up; of a document, the stage that lost it and what was tried that brings it back.

        `document_id` may be the end of an id or source that only one document has. Unless `local`, only
        files are read that the library's own folders have brought in. BadInput for an empty question.
        """
        with self._parts.costs.request():
            return self._parts.explain(
                Asked(self._placed(query), self._search, self._narrow, local), document_id
            )

    async def stream(self, query: Query) -> AsyncIterator[Event]:
        """Answer a question, as it happens: Steps, HitsFound, Deltas, Citations, Done.

        Where the query names a conversation, Done means that the turn is kept, durably.
        """
        if query.conversation:
            query = await asyncio.to_thread(self.conversations.resumed, query)
        shown, account = replace(self._placed(query), limit=self._parts.shown), Account()
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

    def quote(self, work: Query | Iterable[Blob] | Source, access: Access = ANYBODY) -> Quote:
        """Say what an answer, or taking in blobs or what a source has new, would cost: expected, and at most.

        A question is searched for (a hosted embedder or reranker charges for that); nothing else is asked or written.
        """
        parts = self._parts
        if not isinstance(work, Query):
            return quote_of(work, replace(parts.prepare, access=access), parts.costs.payer())
        shown = replace(self._placed(work), limit=parts.shown)
        with parts.costs.request():
            return self._background.wait(parts.answering.quote(shown, self._read))

    def cost(self, by: By = "day", since: str = "") -> SpentAll:
        """Return what was spent by day, model, kind, request, key or status, since a day (ISO 8601, UTC)."""
        return self._parts.costs.spent(by, since)

    # -- the library itself ---------------------------------------------------------------------------

    def status(self, access: Access = ANYBODY) -> JSON:
        """Return counts, models and what is going on; sources, and how far taking in has come, to the owner alone."""
        allowed, owner = reach(access), access.everything
        documents, passages, pending = self._parts.catalog.counts(allowed)
        writing = self._parts.prepare.writing
        return {
            "documents": documents,
            "passages": passages,
            "embedder": self._parts.embedder.name,
            "index": self._store,
            "chat": self._parts.answering.write.chat.name,
            **self._parts.catalog.suspicions(allowed),
            "unflushed_changes": pending if owner else 0,
            "ingest": self._progress.shown(counts=owner),
            "sources": self._parts.catalog.taken.sources() if owner else [],
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
        self.sources.stop()
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

    async def _read(self, query: Query) -> Found:
        """Find what the chat model is shown, before any technique."""
        return Found(query, tuple(await asyncio.to_thread(self._find, self._reader, query)))

    def _placed(self, query: Query) -> Query:
        """Return a question with its collection in its filter."""
        name = query.collection or self._parts.collection
        return replace(query, where=both(query.where, inside(name)), collection=name)

    def _limited(self, query: Query) -> Query:
        """Return a question with its access in its filter, for the index; `Join` checks it again in any case.

        Where no document has an access list, the index need not be asked for those without one.
        """
        return within(query) if self._parts.catalog.restricts else query

    def _check(self, document_id: str, access: Access) -> None:
        if not self._seen([document_id], access):
            raise missing(document_id)

    def _seen(self, document_ids: Iterable[str], access: Access) -> set[str]:
        return self._parts.catalog.seen([*document_ids], reach(access))

    def _changed(self, points: int) -> None:
        self._upkeep.note(points)

    def _narrow(self, query: Query) -> Query | None:
        """Resolve a filter that the index cannot express to document ids; None when there are none."""
        allowed = within(query).where
        assert allowed is not None
        ids = self._parts.catalog.document_ids(allowed, MOST_IDS + 1)
        if len(ids) > MOST_IDS:
            raise Unsupported(
                f"this filter matches more than {MOST_IDS} documents and the index cannot express it; "
                "add a condition with =, IN, < or > to narrow it"
            )
        return self._limited(replace(query, where=filters.In("id", tuple(ids)))) if ids else None


def _bounded(limit: int, most: int) -> int:
    if not 1 <= limit <= most:
        raise BadInput(f"limit {limit!r} is out of range; use 1 to {most}")
    return limit
