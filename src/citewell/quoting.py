"""What would taking in documents cost? They are read and split as they would be, and nothing is written or embedded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from citewell.catalog import Catalog
from citewell.cost.quote import Payer
from citewell.ingest import Job, Prepare, blobs_of, listed_of
from citewell.model import Blob
from citewell.money import Quote
from citewell.protocols import Source


def quote_of(work: Iterable[Blob] | Source, prepare: Prepare, payer: Payer) -> Quote:
    """Quote what taking in blobs, or what a source has new or changed, would embed. What cannot be read is left out."""
    if payer.embedder is None:
        return Quote()
    if isinstance(work, Iterable):
        blobs: Iterable[Blob] = work
    else:
        catalog = prepare.catalog
        _, changed = listed_of(work, catalog.items(work.name), catalog.ids())
        blobs = blobs_of(catalog, work, changed, lambda failure: None)
    jobs = (one for blob in blobs for one in prepare.read(blob) if isinstance(one, Job))
    return payer.embedding(_unknown(jobs, prepare.catalog))


def _unknown(jobs: Iterable[Job], catalog: Catalog) -> Iterator[str]:
    """Yield each text of jobs that has no stored vector, once."""
    seen: set[bytes] = set()
    for job in jobs:
        texts = dict(zip(job.hashes, job.texts, strict=True)) | dict(job.also)
        fresh = [one for one in texts if one not in seen]
        known = catalog.known(fresh)
        seen.update(fresh)
        yield from (texts[one] for one in fresh if one not in known)
