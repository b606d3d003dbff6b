"""A small Library in memory: the same methods and errors, with knobs for slowness and failure."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace

from citewell.access import ANYBODY, Access
from citewell.errors import BadInput, NotFound
from citewell.incoming import Added, Blob, Failure
from citewell.model import (
    Answer,
    Citation,
    Delta,
    Document,
    Done,
    Entry,
    Event,
    Hit,
    HitsFound,
    Passage,
    Policy,
    Query,
    Stage,
    Step,
    Verdict,
)
from citewell.why import Explained, Followed, Why

Entries = list[Entry]
Hits = list[Hit]
Lines = list[str]


class MemoryLibrary:
    """Paragraphs are passages; the score is the number of shared words."""

    def __init__(self, pause: float = 0.0) -> None:
        self.pause = pause
        self.documents: dict[str, tuple[Entry, Document]] = {}
        self.failure: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.ended: list[str] = []
        self.running = False
        self.unsupported: tuple[str, ...] = ()
        self.policy: Policy = "mark"

    def ingest(
        self,
        blobs: Iterable[Blob],
        report: Callable[[Added | Failure], None],
        total: int = 0,
        access: Access = ANYBODY,
    ) -> None:
        for blob in blobs:
            self.gate.wait(20)
            if self.failure:
                raise self.failure
            try:
                text = blob.data.decode("utf-8")
            except UnicodeDecodeError:
                report(Failure(blob.name, "it is not text that can be read"))
                continue
            if text:
                report(self.put(blob, text))

    def put(self, blob: Blob, text: str) -> Added:
        before = self.documents.get(blob.name)
        if before and before[1].text == text:
            return Added(blob.name, before[0].version, 1, 0, "unchanged")
        version = before[0].version + 1 if before else 1
        title = text.partition("\n")[0].lstrip("# ")
        kind = blob.media_type or "text/plain"
        count = len(list(passages(blob.name, version, text)))
        now = "2026-11-01T00:00:00Z"
        entry = Entry(blob.name, version, title, blob.source, kind, blob.fields, count, len(text), now, now)
        self.documents[blob.name] = (entry, Document(blob.name, text, title, blob.fields, blob.source, kind))
        return Added(blob.name, version, count, count, "updated" if before else "added")

    def remove(self, document_id: str, access: Access = ANYBODY) -> None:
        self.get(document_id)
        del self.documents[document_id]

    def get(self, document_id: str, access: Access = ANYBODY) -> tuple[Entry, Document]:
        if self.failure:
            raise self.failure
        if document_id not in self.documents:
            raise NotFound(f"no document {document_id!r}; list shows what there is")
        return self.documents[document_id]

    def list(
        self,
        where: str | None = None,
        limit: int = 100,
        after: str = "",
        access: Access = ANYBODY,
        collection: str = "",
    ) -> Entries:
        return [entry for id, (entry, _) in sorted(self.documents.items()) if id > after][:limit]

    def search(self, query: Query) -> Hits:
        if self.failure:
            raise self.failure
        wanted = words(query.text)
        hits = [
            Hit(passage, entry, float(score), (Stage("keyword", 1, float(score)),))
            for entry, document in self.documents.values()
            for passage in passages(entry.id, entry.version, document.text)
            if (score := len(wanted & words(passage.text)))
        ]
        return sorted(hits, key=lambda hit: -hit.score)[: query.limit]

    def why(self, query: Query, document_id: str | None = None, *, local: bool = True) -> Why:
        assert not local, "a server must not read any file that a document names"
        hits = tuple(Explained(hit, "by words") for hit in self.search(query))
        followed = Followed(document_id, "It was never added.", "not_ingested") if document_id else None
        return Why(query.text, query.mode, query.limit, 8, hits, followed)

    async def stream(self, query: Query) -> AsyncIterator[Event]:
        try:
            hits = tuple(self.search(query))
            if self.pause:
                await asyncio.sleep(self.pause)
            steps: tuple[Step, ...] = ()
            if len(query.history) > 1:
                steps = (Step("rewrite", f"asked as: {query.text} ({query.history[-2].content})"),)
                yield steps[0]
            yield HitsFound(hits)
            quoted = [(number, hit) for number, hit in enumerate(hits[:3], 1) if hit.score > 1]
            text = "\n\n".join(f"{hit.passage.text} [{number}]" for number, hit in quoted)
            for piece in re.findall(r"\S+\s*", text):
                await asyncio.sleep(self.pause)
                yield Delta(piece)
            citations = tuple(citation(number, hit) for number, hit in quoted)
            for one in citations:
                yield one
            if self.policy != "strict":
                text += "".join(f"\n\n{one}" for one in self.unsupported)
            verdict: Verdict = "refused" if not quoted else "partial" if self.unsupported else "answered"
            refusal = f"Nothing in the {len(self.documents)} documents searched answers this."
            found = Answer(
                text or refusal,
                citations,
                self.unsupported,
                hits,
                verdict=verdict,
                steps=steps,
                policy=self.policy,
            )
            yield Done(replace(found, model="extract"))
            self.ended.append("done")
        finally:
            self.ended.append("closed")

    def ask(self, query: Query) -> Answer:
        async def last() -> Answer:
            async for event in self.stream(query):
                if isinstance(event, Done):
                    return event.answer
            raise BadInput("no answer")

        return asyncio.run(last())

    def status(self, access: Access = ANYBODY) -> dict[str, object]:
        if isinstance(self.failure, NotFound):
            raise self.failure
        total = sum(entry.passages for entry, _ in self.documents.values())
        ingest = {"running": self.running, "done": len(self.documents), "failed": 0}
        return {"documents": len(self.documents), "passages": total, "chat": "extract", "ingest": ingest}

    def check(self) -> Lines:
        time.sleep(self.pause)
        return []


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def passages(document_id: str, version: int, text: str) -> Iterable[Passage]:
    heading = ""
    for match in re.finditer(r"\S.*?(?=\n\n|\n*\Z)", text, re.S):
        found = match[0]
        if found.startswith("#"):
            heading = found.lstrip("# ")
            continue
        line = text.count("\n", 0, match.start()) + 1
        start, end = match.start(), match.start() + len(found)
        yield Passage(f"{document_id}-{start}", document_id, version, found, start, end, heading, line)


def citation(number: int, hit: Hit) -> Citation:
    p = hit.passage
    return Citation(
        number, p.document_id, p.version, p.start, p.end, p.text, hit.document.title, p.heading,
        hit.document.source, p.line, p.page,
    )  # fmt: skip
