"""Retrieval measures, by ir_measures over trec_eval (extra `eval`); none of our own formulas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import Final

from citewell.errors import MissingExtra

NAMES: Final[Mapping[str, str]] = {
    "nDCG@10": "nDCG@10",
    "recall@5": "R@5",
    "recall@10": "R@10",
    "recall@20": "R@20",
    "P@5": "P@5",
    "P@10": "P@10",
    "MAP": "AP@100",
    "MRR": "RR@10",
    "hit@1": "Success@1",
    "hit@3": "Success@3",
    "hit@5": "Success@5",
    "hit@10": "Success@10",
}
"""Our name of each measure, and what ir_measures calls it. MAP is cut at 100, MRR at 10."""

Values = dict[str, dict[str, float]]


def measure(qrels: Mapping[str, Mapping[str, int]], ranked: Mapping[str, Sequence[str]]) -> Values:
    """Return {measure: {query: value}}, each from 0 to 1, for every query of `ranked` with gold in `qrels`.

    `ranked` holds document ids, best first, none twice. An empty ranking scores 0. MissingExtra without
    the packages of the extra `eval`.
    """
    judged = [query for query in ranked if any(grade > 0 for grade in qrels.get(query, {}).values())]
    found: Values = {name: dict.fromkeys(judged, 0.0) for name in NAMES}
    if not judged:
        return found
    library = _ir_measures()
    parsed = {library.parse_measure(theirs): ours for ours, theirs in NAMES.items()}
    gold = {query: dict(qrels[query]) for query in judged}
    # trec_eval sorts by score and breaks ties by id, so the score handed over is the rank itself.
    results = {query: _ranks(ranked[query]) for query in judged}
    for metric in library.iter_calc(list(parsed), gold, results):
        if metric.query_id in gold:
            found[parsed[metric.measure]][metric.query_id] = float(metric.value)
    return found


def _ranks(documents: Iterable[str]) -> dict[str, float]:
    return {document: -float(rank) for rank, document in enumerate(documents)}


def _ir_measures() -> ModuleType:
    try:
        import ir_measures
        import pytrec_eval  # noqa: F401  (what computes; ir_measures would fail much later without it)
    except ModuleNotFoundError as error:
        if error.name not in ("ir_measures", "pytrec_eval", "scipy"):
            raise
        raise MissingExtra(f"evaluation needs {error.name}: pip install 'citewell[eval]'") from error
    return ir_measures
