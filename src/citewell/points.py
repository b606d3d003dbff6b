"""What an index is to hold of a document: from what was just prepared, or from the catalog."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from citewell.catalog import Catalog, Proposal, Version
from citewell.model import Passage, Point
from citewell.prepare import Job

if TYPE_CHECKING:
    from citewell.model import Vector


def points_of(catalog: Catalog, text: Callable[[str, Passage], str], version: Version) -> list[Point]:
    """Return the points of a stored version; `text` is what is indexed of a passage under a title."""
    points = [
        Point(passage.id, entry.id, vector, text(entry.title, passage), entry.fields)
        for entry, passage, vector in catalog.points(version)
    ]
    # A version that another process has replaced meanwhile has none.
    further = catalog.representations(version) if points else []
    return points + [replace(points[0], id=one, vector=vector, text="") for one, vector in further]


def points_of_job(job: Job, version: Version, vectors: Mapping[bytes, Vector]) -> list[Point]:
    """Return the points of a version that was made of a job; vectors by hash."""
    further = proposed(job).places.values()
    hashes, texts = (*job.hashes, *further), (*job.texts, *("" for _ in further))
    return [
        Point(one, job.document.id, vectors[h], text, job.document.fields)
        for one, h, text in zip(version.ids(), hashes, texts, strict=True)
    ]


def proposed(job: Job) -> Proposal:
    """Return the proposal of a job that has one: its document is new or changed."""
    assert job.proposal is not None
    return job.proposal
