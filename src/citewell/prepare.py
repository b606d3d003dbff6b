"""A document on its way in: split, and everything hashed that is to be embedded."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias

from citewell.access import OWNER, READERS, Access, reach, readers_of
from citewell.catalog import Catalog, Proposal, digest, rounded
from citewell.catalog.ids import place_of
from citewell.collection import COLLECTION, MAIN, collection_of
from citewell.errors import BadInput, NotFound
from citewell.filters import matches
from citewell.hostile import Suspicion
from citewell.incoming import Blob, Failure
from citewell.language import with_language
from citewell.model import Document, Passage
from citewell.protocols import Embedder
from citewell.read import Limits, read
from citewell.represent import Represent
from citewell.split import Span, embedded_text, split
from citewell.suspicion import VERSION as SUSPICION
from citewell.suspicion import suspicion_of
from citewell.writing import Expected, Lead, Writing, Written

if TYPE_CHECKING:
    from citewell.model import Vector


@dataclass(frozen=True, slots=True)
class Job:
    """A document on its way in. Without a proposal it is unchanged and there is nothing to do.

    `texts` are what is embedded and indexed of its passages, `hashes` theirs; `also` is what else is embedded, by hash.
    `vectors` are those that were needed on the way, by hash. `access` is who brings it in.
    """

    document: Document
    proposal: Proposal | None
    hashes: tuple[bytes, ...] = ()
    texts: tuple[str, ...] = ()
    also: Mapping[bytes, str] = field(default_factory=dict)
    number: int = 0
    passages: int = 0
    vectors: Mapping[bytes, Vector] = field(default_factory=dict)
    access: Access = OWNER


Spread: TypeAlias = "Callable[[Prepare, Iterable[Blob]], Iterator[Job | Failure]]"
"""What reads, splits and embeds many elsewhere. Its outcomes are those of `Prepare.all`, in the same order."""


@dataclass(frozen=True)
class Prepare:
    """Document -> Job: splits it and hashes what is to be embedded, unless the catalog has it as it is.

    `access` is who brings documents in: they change none that they may not see. `collection` is where a document goes
    that is new and says nothing of it.
    """

    catalog: Catalog
    embedder: Embedder
    tokens: int
    limits: Limits
    represent: tuple[Represent, ...] = ()
    writing: Writing | None = None
    suspects: bool = True  # whether passages are searched for what reads as an instruction to a model
    access: Access = OWNER
    collection: str = ""
    spread: Spread | None = None  # None: many are read and split here

    @property
    def settings(self) -> str:
        """Name all but the document that decides passages and vectors.

        Which model writes, with which prompt file, is left out: another one writes what is new, not everything anew.
        """
        names = [one.__name__ for one in self.represent] + list(self.writing.kinds if self.writing else ())
        names += [f"suspicion={SUSPICION}"] if self.suspects else []
        return f"{self.embedder.name} split={self.tokens} 1{''.join(f' {name}' for name in names)}"

    def __call__(self, document: Document) -> Job:
        _refuse_not_numbers(document)
        return self._settled(identified(document), self._whole)

    def whole(self, document: Document) -> Job:
        """Return the job of a document as if it were new: the catalog is not asked."""
        _refuse_not_numbers(document)
        document = identified(document)
        return self._whole(document, digest(document, self.settings))

    def settled(self, name: str, outcomes: Sequence[Job | Failure]) -> list[Job | Failure]:
        """Return what `whole` made elsewhere of the blob of that name as it is to be written here."""
        return _told(name, lambda: [self._taken(one) if isinstance(one, Job) else one for one in outcomes])

    def _taken(self, job: Job) -> Job:
        assert job.proposal is not None
        proposal = job.proposal

        def made(document: Document, hashed: bytes) -> Job:
            return replace(
                job, document=document, proposal=replace(proposal, document=document, digest=hashed)
            )

        return self._settled(job.document, made)

    def _settled(self, document: Document, make: Callable[[Document, bytes], Job]) -> Job:
        """Return the job that `make` makes of a document and its digest, unless the catalog has it as it is."""
        known = self.catalog.before([document.id]).get(document.id)
        document = _placed(document, known.collection if known else self.collection)
        hashed, given = digest(document, self.settings), readers_of(document.fields.get(READERS))
        allowed = reach(self.access)
        if known and allowed and not matches({READERS: known.held}, allowed):
            raise NotFound(
                f"{document.id!r} cannot be added: a document that you may not see has this id; choose another"
            )
        if known and known.digest == hashed and given in (None, known.given):
            return Job(document, None, number=known.number, passages=known.passages)
        return make(document, hashed)

    def _whole(self, document: Document, hashed: bytes) -> Job:
        spans = split(document, count=self.embedder.count, tokens=self.tokens)
        return self._job(document, hashed, Written(tuple(spans)))

    async def written(self, job: Job) -> Job:
        """Return the job with what a chat model writes of it. ProviderError when a call fails."""
        if self.writing is None or job.proposal is None:
            return job
        vectors: dict[bytes, Vector] = {}

        async def of(spans: Sequence[Span]) -> list[Vector]:
            texts = self._texts(job.document, spans)
            hashes = list(map(self._hash, texts))
            vectors.update(await asyncio.to_thread(self._embedded, dict(zip(hashes, texts, strict=True))))
            return [vectors[one] for one in hashes]

        made = await self.writing(job.document, job.proposal.spans, of)
        return replace(self._job(job.document, job.proposal.digest, made), vectors=vectors)

    def expected(self, job: Job) -> Expected:
        """Return what `written` will take."""
        if self.writing is None or job.proposal is None:
            return Expected()
        return self.writing.expected(job.document, job.proposal.spans)

    def _job(self, document: Document, hashed: bytes, made: Written) -> Job:
        texts = self._texts(document, made.spans)
        hashes = tuple(map(self._hash, texts))
        further = self._further(document, made.spans, made.leads)
        places = {place: self._hash(text) for place, text in further.items()}
        also = {places[place]: text for place, text in further.items()}
        suspicions = self._suspicions(document, made.spans)
        given = readers_of(document.fields.get(READERS))
        proposal = Proposal(document, made.spans, hashes, hashed, places, suspicions, made.used, given)
        return Job(document, proposal, hashes, texts, also, access=self.access)

    def _suspicions(self, document: Document, spans: Sequence[Span]) -> dict[int, Suspicion]:
        """Return what is suspicious in a document's passages, by position."""
        if not self.suspects:
            return {}
        text, hidden = document.text, document.hidden
        found = {at: suspicion_of(text, span.start, span.end, hidden) for at, span in enumerate(spans)}
        return {position: one for position, one in found.items() if one is not None}

    def _texts(self, document: Document, spans: Sequence[Span]) -> tuple[str, ...]:
        return tuple(
            embedded_text(
                document.title,
                span.heading,
                span.context,
                document.text[span.start : span.end],
                span.written,
            )
            for span in spans
        )

    def _further(self, document: Document, spans: Sequence[Span], leads: Sequence[Lead]) -> dict[int, str]:
        """Return what else leads to the passages, by place; each text once for a passage."""
        pairs = [
            (at, text)
            for at, span in enumerate(spans)
            for text in self.further(document.text[span.start : span.end])
        ]
        pairs += [(at, lead.text) for lead in leads for at in lead.to]
        numbers: Counter[int] = Counter()
        places = {}
        for at, text in dict.fromkeys(pairs):
            numbers[at] += 1
            places[place_of(at, numbers[at])] = text
        return places

    def further(self, text: str) -> list[str]:
        """Return what is embedded of a passage besides what it is indexed with; each text once."""
        return list(dict.fromkeys(one for represent in self.represent for one in represent(text)))

    def _embedded(self, texts: Mapping[bytes, str]) -> dict[bytes, Vector]:
        """Return the vectors of texts by their hashes; only those that are not stored are embedded."""
        known = self.catalog.embedded.vectors(texts)
        missing = [one for one in texts if one not in known]
        rows = self.embedder.embed([texts[one] for one in missing], kind="passage") if missing else ()
        return known | {one: rounded(row) for one, row in zip(missing, rows, strict=True)}

    def _hash(self, text: str) -> bytes:
        return sha256(f"{self.embedder.name}\0{text}".encode()).digest()[:20]

    def text(self, title: str, passage: Passage) -> str:
        """Return what is embedded and indexed of a stored passage."""
        return embedded_text(title, passage.heading, passage.context, passage.text, passage.written)

    def all(self, blobs: Iterable[Blob]) -> Iterator[Job | Failure]:
        """Read and prepare many, here or where `spread` says; in order."""
        if self.spread is not None:
            return self.spread(self, blobs)
        return (outcome for blob in blobs for outcome in self.read(blob))

    def read(self, blob: Blob, make: Callable[[Document], Job] | None = None) -> list[Job | Failure]:
        """Read and prepare a blob; what cannot be read is a Failure. `make` prepares instead of this."""
        return _told(blob.name, lambda: [(make or self)(document) for document in read(blob, self.limits)])


def _told(name: str, made: Callable[[], list[Job | Failure]]) -> list[Job | Failure]:
    """Return what is made of a blob; what cannot be read, or taken in, is a Failure."""
    try:
        return made()
    except BadInput as error:
        return [Failure(name, str(error).removeprefix(f"{name}: "))]
    except NotFound as error:
        return [Failure(name, str(error), taken=True)]


def identified(document: Document) -> Document:
    """Return a document whose fields say its id, its access list (if it brings one, as it is kept), and its language
    where that is plainly another than English. BadInput for a list that is none."""
    fields = {**with_language(document.fields, document.text), "id": document.id}
    readers = readers_of(fields.pop(READERS, None))
    return replace(document, fields=fields if readers is None else {**fields, READERS: readers})


def _placed(document: Document, usual: str) -> Document:
    """Return a document with its collection: the one that it is brought into, else `usual`. BadInput for no name."""
    fields = dict(document.fields)
    name = collection_of(fields.pop(COLLECTION, None) or usual or MAIN)
    return replace(document, fields=fields if name == MAIN else {**fields, COLLECTION: name})


def _refuse_not_numbers(document: Document) -> None:
    """NaN and infinity compare with nothing, so no filter could mean anything by them."""
    for name, value in document.fields.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise BadInput(
                f"{document.id}: the field {name!r} is {value!r}; give a finite number, or leave it out"
            )
