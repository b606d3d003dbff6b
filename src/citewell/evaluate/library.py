"""Evaluate a library: take in a dataset's corpus, ask its queries, score what comes back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from citewell.evaluate.beir import Dataset, Record, load
from citewell.evaluate.experiment import Report, Run, pages, report, run
from citewell.incoming import Added, Blob, Failure
from citewell.model import JSON, Hit, Mode, Query, Value


class Searches(Protocol):
    """What is asked of a library here: passages for a query, best first."""

    def search(self, query: Query) -> list[Hit]: ...


class Ingests(Protocol):
    """What is asked of a library here: to take in many documents."""

    def ingest(self, blobs: Iterable[Blob], report: Callable[[Added | Failure], None]) -> None: ...


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of a corpus: documents and passages now in the library, refused ones, seconds."""

    documents: int
    passages: int
    embedded: int
    failures: tuple[Failure, ...]
    seconds: float

    def to_json(self) -> JSON:
        """Return plain data."""
        return asdict(self)


def evaluate(
    library: Searches, folder: Path | str, *, mode: Mode = "hybrid", limit: int = 100, qrels: str = "test"
) -> Report:
    """Score a library that holds the corpus of a BEIR folder already. `limit` is in passages a query.

    BadInput for a folder that is not BEIR's format; MissingExtra without the extra `eval`.
    """
    dataset = load(folder, qrels)
    return report(run_library(library, dataset, mode=mode, limit=limit), dataset)


def run_library(library: Searches, dataset: Dataset, *, mode: Mode = "hybrid", limit: int = 100) -> Run:
    """Search a library for each judged query; documents are ranked by their best passage."""
    return run(lambda text: pages(library.search(Query(text, limit=limit, mode=mode))), dataset, mode)


def ingest(
    library: Ingests, dataset: Dataset, progress: Callable[[Added | Failure], None] | None = None
) -> Ingested:
    """Add a dataset's corpus to a library; `progress`, if given, hears of each document.

    A document that cannot be read (an empty one, say) is a Failure in the result, and the rest goes on.
    """
    added: list[Added] = []
    failures: list[Failure] = []

    def note(outcome: Added | Failure) -> None:
        if isinstance(outcome, Failure):
            failures.append(outcome)
        else:
            added.append(outcome)
        if progress is not None:
            progress(outcome)

    started = time.perf_counter()
    library.ingest(blobs(dataset), note)
    seconds = time.perf_counter() - started
    passages, embedded = sum(one.passages for one in added), sum(one.embedded for one in added)
    return Ingested(len(added), passages, embedded, tuple(failures), seconds)


def blobs(dataset: Dataset) -> Iterator[Blob]:
    """Yield the corpus as plain texts, named by document id, with title and plain metadata as fields."""
    return (_blob(record) for record in dataset.documents())


def _blob(record: Record) -> Blob:
    fields: dict[str, Value] = {
        k: v for k, v in record.metadata.items() if isinstance(v, str | int | float | bool)
    }
    if record.title:
        fields["title"] = record.title
    return Blob(record.id, record.text.encode(), "text/plain", fields=fields)
