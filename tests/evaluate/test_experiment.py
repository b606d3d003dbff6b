"""Experiments: run, report, compare, and a library's part in them."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from citewell.errors import BadInput
from citewell.evaluate import (
    Dataset,
    Run,
    compare,
    comparison_table,
    evaluate,
    ingest,
    load,
    report,
    report_table,
    run,
)
from citewell.incoming import Added, Blob, Failure
from citewell.model import Entry, Hit, Passage, Query

DATA = Path(os.environ.get("CITEWELL_DATA") or Path(__file__).resolve().parents[2] / "../shared/data")
DATASET = Dataset(
    "small",
    Path(),
    {"q1": "first", "q2": "second", "q3": "nobody knows"},
    {"q1": {"a": 1}, "q2": {"b": 1}},
)


def test_only_judged_queries_are_run_and_the_others_are_counted() -> None:
    asked: list[str] = []

    def search(question: str) -> list[tuple[str, float]]:
        asked.append(question)
        return [("a", 1.0)]

    found = run(search, DATASET, "x")
    assert asked == ["first", "first", "second"]  # one more to warm up
    assert report(found, DATASET).without_gold == 1
    assert report(found, DATASET).measures["hit@1"].mean == 0.5
    assert report(found, DATASET).latency.p99 >= report(found, DATASET).latency.p50 > 0


def test_a_long_document_is_scored_by_its_best_passage() -> None:
    found = run(lambda _: [("x", 3.0), ("x", 2.0), ("a", 1.5), ("x", 1.0)], DATASET)
    assert found.results["q1"] == [("x", 3.0), ("a", 1.5)]
    assert report(found, DATASET).values["MRR"]["q1"] == 0.5


def test_nothing_found_scores_zero_and_no_report_holds_nan() -> None:
    nothing = report(run(lambda _: [], DATASET), DATASET)
    no_gold = report(
        run(lambda _: [], Dataset("none", Path(), {"q": "?"}, {})), Dataset("none", Path(), {"q": "?"}, {})
    )
    assert nothing.empty == 2
    assert (no_gold.queries, no_gold.without_gold) == (0, 1)
    for one in (nothing, no_gold):
        assert all(estimate.mean == estimate.low == estimate.high == 0 for estimate in one.measures.values())
        json.dumps(one.to_json(), allow_nan=False)


def test_a_judged_query_that_a_run_left_out_scores_zero() -> None:
    assert report(Run("half", {"q1": [("a", 1.0)]}, {}), DATASET).measures["hit@1"].mean == 0.5


def test_a_run_survives_json() -> None:
    found = run(lambda _: [("a", 1.0), ("b", 0.5)], DATASET, "x")
    assert Run.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_two_runs_are_compared_query_by_query() -> None:
    worse, better = (
        run(lambda _: [("c", 1.0)], DATASET, "worse"),
        run(lambda _: [("a", 1.0), ("b", 0.5)], DATASET, "better"),
    )
    compared = compare(worse, better, DATASET)
    assert compared.differences["hit@3"].delta == 1
    assert compared.differences["hit@3"].p == pytest.approx(0.5)  # two queries can say no more
    assert compared == compare(worse, better, DATASET)
    assert all(math.isfinite(one.p) for one in compared.differences.values())
    json.dumps(compared.to_json(), allow_nan=False)


def test_without_a_judged_query_there_is_nothing_to_compare() -> None:
    with pytest.raises(BadInput, match="'none' has no query"):
        compare(Run("a", {}, {}), Run("b", {}, {}), Dataset("none", Path(), {"q": "?"}, {}))


def test_the_tables_show_every_measure_and_what_was_not_scored() -> None:
    console = Console(record=True, width=120)
    found = run(lambda _: [("a", 1.0)], DATASET, "keyword")
    console.print(report_table(report(found, DATASET)))
    console.print(comparison_table(compare(found, found, DATASET)))
    text = console.export_text()
    assert all(text.count(word) >= 2 for word in ("nDCG@10", "recall@20", "MAP", "hit@5", "keyword"))
    assert "1 more without a relevant document" in text


class WordLibrary:
    """Finds documents by the words they share with the question: enough library to evaluate."""

    def __init__(self) -> None:
        self.blobs: list[Blob] = []

    def ingest(self, blobs: Iterable[Blob], report: Callable[[Added | Failure], None]) -> None:
        for blob in blobs:
            if not blob.data.strip():
                report(Failure(blob.name, "there is no text in it"))
                continue
            self.blobs.append(blob)
            report(Added(blob.name, 1, 1, 1, "added"))

    def search(self, query: Query) -> list[Hit]:
        words = set(query.text.lower().split())
        scored = [(len(words & set(blob.data.decode().lower().split())), blob) for blob in self.blobs]
        best = sorted(scored, key=lambda one: -one[0])[: query.limit]
        return [hit(blob, float(score)) for score, blob in best]


def hit(blob: Blob, score: float) -> Hit:
    text = blob.data.decode()
    entry = Entry(blob.name, 1, "", "", "text/plain", {}, 1, len(text), "", "")
    return Hit(Passage(f"{blob.name}-0", blob.name, 1, text, 0, len(text)), entry, score)


def test_a_corpus_is_taken_in_and_evaluated(tmp_path: Path) -> None:
    (tmp_path / "qrels").mkdir()
    rows: list[dict[str, Any]] = [
        {"_id": "a", "title": "Fruit", "text": "apples and pears", "metadata": {"year": 2020, "tags": ["x"]}},
        {"_id": "b", "text": "boats on a lake"},
        {"_id": "c", "text": " "},
    ]
    (tmp_path / "corpus.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "queries.jsonl").write_text('{"_id": "q", "text": "which apples"}\n')
    (tmp_path / "qrels" / "test.tsv").write_text("q\ta\t1\n")
    library = WordLibrary()
    taken = ingest(library, load(tmp_path))
    assert (taken.documents, taken.passages, [one.name for one in taken.failures]) == (2, 2, ["c"])
    assert library.blobs[0].fields == {"title": "Fruit", "year": 2020}
    assert evaluate(library, tmp_path, mode="keyword").measures["nDCG@10"].mean == 1.0


@pytest.mark.skipif(
    not (DATA / "xquad_en").is_dir(), reason="no evaluation data; set CITEWELL_DATA to its folder"
)
def test_a_real_collection_is_scored_within_its_bounds() -> None:
    library = WordLibrary()
    dataset = load(DATA / "xquad_en")
    assert ingest(library, dataset).documents == 240
    scored = evaluate(library, DATA / "xquad_en", mode="keyword")
    assert scored.queries + scored.without_gold == len(dataset.queries)
    assert 0.4 < scored.measures["nDCG@10"].low < scored.measures["nDCG@10"].high < 1
    assert scored.measures["hit@1"].mean <= scored.measures["hit@5"].mean <= scored.measures["hit@10"].mean
