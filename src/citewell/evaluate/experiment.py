"""Run a search over a dataset's queries, and say how good and how fast it was."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypeAlias

from citewell.errors import BadInput
from citewell.evaluate.beir import Dataset
from citewell.evaluate.bootstrap import Difference, Estimate, difference, estimate
from citewell.evaluate.measures import Values, measure
from citewell.model import JSON, Hit

Ranked: TypeAlias = Sequence[tuple[str, float]]
Search: TypeAlias = Callable[[str], Ranked]
"""A question -> (document id, score), best first; ids may repeat, the first counts."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a search found: per judged query, documents best first, none twice; and its time in ms."""

    name: str
    results: Mapping[str, Ranked]
    latencies: Mapping[str, float]

    def to_json(self) -> JSON:
        """Return plain data, as `from_json` reads it."""
        results = {query: [list(pair) for pair in ranked] for query, ranked in self.results.items()}
        return {"name": self.name, "results": results, "latencies": dict(self.latencies)}

    @classmethod
    def from_json(cls, data: JSON) -> Run:
        """Read what `to_json` wrote. Documents that repeat are dropped."""
        results = {
            query: unique((d, float(s)) for d, s in ranked) for query, ranked in data["results"].items()
        }
        return cls(data["name"], results, data["latencies"])


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds a query, one at a time, the first answered once before; zeros without queries."""

    p50: float
    p95: float
    p99: float
    mean: float


@dataclass(frozen=True, slots=True)
class Report:
    """A run's quality over `queries` judged queries.

    `without_gold` queries had no relevant document and count nowhere; `empty` ones found nothing and
    score 0. `values` holds each measure's value per query.
    """

    dataset: str
    name: str
    queries: int
    without_gold: int
    empty: int
    measures: Mapping[str, Estimate]
    latency: Latency
    values: Mapping[str, Mapping[str, float]]

    def to_json(self) -> JSON:
        """Return plain data, finite numbers only."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Run `b` against run `a` on the same queries: each measure's means and their difference, b - a."""

    dataset: str
    a: Report
    b: Report
    differences: Mapping[str, Difference]

    def to_json(self) -> JSON:
        """Return plain data, finite numbers only."""
        return asdict(self)


def run(search: Search, dataset: Dataset, name: str = "") -> Run:
    """Answer each judged query of a dataset, one at a time; the first is answered once before, to warm up."""
    judged = dataset.judged()
    if judged:
        search(dataset.queries[judged[0]])
    results: dict[str, Ranked] = {}
    latencies: dict[str, float] = {}
    for query in judged:
        started = time.perf_counter()
        found = search(dataset.queries[query])
        latencies[query] = (time.perf_counter() - started) * 1000
        results[query] = unique(found)
    return Run(name, results, latencies)


def unique(found: Iterable[tuple[str, float]]) -> Ranked:
    """Keep the first, best entry of each document: a long document is scored by its best passage."""
    best: dict[str, float] = {}
    for document, score in found:
        best.setdefault(document, score)
    return list(best.items())


def pages(hits: Iterable[Hit]) -> Ranked:
    """Return documents with their best passage's score, best first."""
    return unique((hit.passage.document_id, hit.score) for hit in hits)


def report(run: Run, dataset: Dataset, seed: int = 0) -> Report:
    """Score a run. Equal runs and seeds give equal reports; a judged query missing in the run scores 0."""
    values = _values(run, dataset)
    judged = dataset.judged()
    return Report(
        dataset=dataset.name,
        name=run.name,
        queries=len(judged),
        without_gold=len(dataset.queries) - len(judged),
        empty=sum(not run.results.get(query) for query in judged),
        measures={name: estimate(list(of.values()), seed) for name, of in values.items()},
        latency=latency(list(run.latencies.values())),
        values=values,
    )


def compare(a: Run, b: Run, dataset: Dataset, seed: int = 0) -> Comparison:
    """Compare two runs over the same dataset with a paired test. BadInput when it has no judged query."""
    if not dataset.judged():
        raise BadInput(
            f"dataset {dataset.name!r} has no query with a relevant document; there is nothing to compare"
        )
    one, other = report(a, dataset, seed), report(b, dataset, seed)
    differences = {
        name: difference(list(one.values[name].values()), list(other.values[name].values()), seed)
        for name in one.measures
    }
    return Comparison(dataset.name, one, other, differences)


def latency(milliseconds: Sequence[float]) -> Latency:
    """Return percentiles and mean of times in ms."""
    import numpy as np

    if not milliseconds:
        return Latency(0.0, 0.0, 0.0, 0.0)
    p50, p95, p99 = (float(value) for value in np.percentile(milliseconds, [50, 95, 99]))
    return Latency(p50, p95, p99, float(np.mean(milliseconds)))


def _values(run: Run, dataset: Dataset) -> Values:
    """Measure all judged queries in the order of the dataset, so that two runs pair up."""
    return measure(
        dataset.qrels, {q: [d for d, _ in unique(run.results.get(q, ()))] for q in dataset.judged()}
    )
