"""Reading test collections."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from citewell.errors import BadInput
from citewell.evaluate import Record, load


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(
        tmp_path, "corpus.jsonl", [{"_id": "d1", "title": "T", "text": "one"}, {"_id": "d2", "text": "two"}]
    )
    write(tmp_path, "queries.jsonl", [{"_id": "q1", "text": "eins?"}, {"_id": "q2", "text": "zwei?"}])
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t2\nq2\td1\t0\n")
    return tmp_path


def write(folder: Path, name: str, rows: list[dict[str, object]]) -> None:
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_a_folder_gives_documents_queries_and_judgments(folder: Path) -> None:
    dataset = load(folder)
    assert list(dataset.documents()) == [Record("d1", "T", "one"), Record("d2", "", "two")]
    assert list(dataset.documents()) == list(dataset.documents())
    assert dataset.queries == {"q1": "eins?", "q2": "zwei?"}
    assert dataset.qrels == {"q1": {"d1": 2}, "q2": {"d1": 0}}


def test_a_query_whose_grades_are_all_zero_has_no_gold(folder: Path) -> None:
    assert load(folder).judged() == ["q1"]


def test_other_judgments_bring_their_own_queries(folder: Path) -> None:
    write(folder, "queries_made.jsonl", [{"_id": "m1", "text": "made?"}])
    (folder / "qrels" / "made.tsv").write_text("m1\td2\t1\n")
    assert load(folder, "made").queries == {"m1": "made?"}
    assert load(folder, "made").judged() == ["m1"]


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(BadInput, match=f"no file .*{name}"):
        load(folder)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("corpus.jsonl", b'{"_id": "a", "text": "x"}\n{"_id": "b", ', "corpus.jsonl line 2: not JSON"),
        ("corpus.jsonl", b'{"_id": "a", "text": "x"}\n{"_id": 7, "text": "x"}', "line 2: '_id' is 7"),
        (
            "corpus.jsonl",
            b'{"_id": "a", "text": "x"}\n\n{"_id": "a", "text": "x"}',
            "line 3: document 'a' is there twice",
        ),
        ("corpus.jsonl", b"[1]\n", "line 1: .* is not a JSON object"),
        ("corpus.jsonl", b'{"_id": "a", "text": "\xff"}\n', "corpus.jsonl: not UTF-8"),
        (
            "queries.jsonl",
            b'{"_id": "q1", "text": " "}\n',
            "queries.jsonl line 1: query 'q1' has an empty text",
        ),
        ("qrels/test.tsv", b"query\tdoc\tscore\nq1\td1\n", "test.tsv line 2: 'q1.*td1' is not"),
        ("qrels/test.tsv", b"q9\td1\t1\n", "test.tsv line 1: query 'q9' is not in the file of queries"),
    ],
)
def test_a_wrong_line_is_named_with_what_to_do(folder: Path, name: str, content: bytes, message: str) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(BadInput, match=message):
        list(load(folder).documents())


def test_a_missing_folder_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no folder .*nowhere"):
        load(tmp_path / "nowhere")
