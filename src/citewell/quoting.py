"""What would taking in documents cost? They are read and split as they would be; nothing is asked or embedded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from citewell.access import reach
from citewell.catalog import Catalog
from citewell.cost.quote import Payer
from citewell.incoming import Blob
from citewell.ingest import blobs_of, changes
from citewell.money import Quote
from citewell.prepare import Job, Prepare
from citewell.protocols import Source
from citewell.writing import Expected


def quote_of(work: Iterable[Blob] | Source, prepare: Prepare, payer: Payer) -> Quote:
    """Quote what taking in blobs, or what a source has new or changed, would embed, and have a model write.

    What cannot be read is left out. Unsupported where no model can write.
    """
    if prepare.writing is not None:
        prepare.writing.ready()
    elif payer.embedder is None:
        return Quote()
    written = Expected()

    def texts() -> Iterator[str]:
        nonlocal written
        seen: set[bytes] = set()
        for blob in _blobs(work, prepare.catalog):
            for job in prepare.read(blob):
                if isinstance(job, Job):
                    written += prepare.expected(job)
                    yield from _unknown(job, prepare.catalog, seen)

    fresh = texts()
    embedding = payer.embedding(fresh)
    deque(fresh, maxlen=0)  # where no embedder is paid, nobody has read them
    return embedding + payer.writing(written)


def _blobs(work: Iterable[Blob] | Source, catalog: Catalog) -> Iterable[Blob]:
    if isinstance(work, Iterable):
        return work
    return blobs_of(catalog, work, changes(catalog, work)[1], lambda failure: None)


def _unknown(job: Job, catalog: Catalog, seen: set[bytes]) -> Iterator[str]:
    """Yield each text of a job that has no stored vector and was not seen."""
    texts = dict(zip(job.hashes, job.texts, strict=True)) | dict(job.also)
    fresh = [one for one in texts if one not in seen]
    known = catalog.embedded.within(fresh, reach(job.access))
    seen.update(fresh)
    yield from (texts[one] for one in fresh if one not in known)
