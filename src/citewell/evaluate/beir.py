"""Read a test collection in BEIR's format: corpus.jsonl, queries.jsonl, qrels/NAME.tsv.

Thakur et al., "BEIR: A Heterogeneous Benchmark for Zero-shot Evaluation of IR Models", 2021.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from citewell.errors import BadInput
from citewell.model import JSON


@dataclass(frozen=True, slots=True)
class Record:
    """A document of the collection. `metadata` is what the corpus says of it besides."""

    id: str
    title: str
    text: str
    metadata: JSON = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dataset:
    """Queries and judgments of a collection. `qrels[query][document]` is a grade, above 0 when relevant."""

    name: str
    folder: Path
    queries: Mapping[str, str]
    qrels: Mapping[str, Mapping[str, int]]

    def documents(self) -> Iterator[Record]:
        """Yield the corpus, line by line, anew at each call. BadInput names the file and line at fault."""
        path = self.folder / "corpus.jsonl"
        seen: set[str] = set()
        for number, row in _rows(path):
            record = Record(
                _text(row, "_id", path, number), row.get("title") or "", _text(row, "text", path, number)
            )
            if record.id in seen:
                raise BadInput(
                    f"{_at(path, number)}: document {record.id!r} is there twice; keep one of them"
                )
            seen.add(record.id)
            yield Record(record.id, record.title, record.text, row.get("metadata") or {})

    def judged(self) -> list[str]:
        """Return the ids of queries that have at least one relevant document, in order of the file."""
        return [
            query for query in self.queries if any(grade > 0 for grade in self.qrels.get(query, {}).values())
        ]


def load(folder: Path | str, qrels: str = "test") -> Dataset:
    """Read queries and judgments; the corpus is read when `documents()` is.

    The queries of qrels NAME are in queries_NAME.jsonl if there is such a file, else in queries.jsonl.
    BadInput when a file is missing or a line is wrong.
    """
    root = Path(folder)
    if not root.is_dir():
        raise BadInput(
            f"there is no folder {str(root)!r}; give one with corpus.jsonl, queries.jsonl and qrels/"
        )
    own = root / f"queries_{qrels}.jsonl"
    queries = _queries(own if own.exists() else root / "queries.jsonl")
    _present(root / "corpus.jsonl")
    return Dataset(root.resolve().name, root, queries, _qrels(root / "qrels" / f"{qrels}.tsv", queries))


def _queries(path: Path) -> dict[str, str]:
    queries: dict[str, str] = {}
    for number, row in _rows(path):
        query, text = _text(row, "_id", path, number), _text(row, "text", path, number)
        if query in queries:
            raise BadInput(f"{_at(path, number)}: query {query!r} is there twice; keep one of them")
        if not text.strip():
            raise BadInput(f"{_at(path, number)}: query {query!r} has an empty text; write one or remove it")
        queries[query] = text
    return queries


def _qrels(path: Path, queries: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """Rows of query, document, grade, parted by tabs; a first row of names is skipped."""
    qrels: dict[str, dict[str, int]] = {}
    _present(path)
    for number, line in enumerate(_lines(path), start=1):
        cells = line.rstrip("\r\n").split("\t")
        if not line.strip() or (number == 1 and not _is_grade(cells[-1])):
            continue
        if len(cells) != 3 or not _is_grade(cells[2]):
            raise BadInput(
                f"{_at(path, number)}: {line.rstrip()!r} is not `query<tab>document<tab>whole number`"
            )
        if cells[0] not in queries:
            raise BadInput(
                f"{_at(path, number)}: query {cells[0]!r} is not in the file of queries; add it there"
            )
        qrels.setdefault(cells[0], {})[cells[1]] = int(cells[2])
    return qrels


def _is_grade(cell: str) -> bool:
    return cell.strip().removeprefix("-").isdigit()


def _rows(path: Path) -> Iterator[tuple[int, JSON]]:
    _present(path)
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise BadInput(f"{_at(path, number)}: not JSON ({error.msg}, column {error.colno})") from error
        if not isinstance(row, dict):
            raise BadInput(
                f"{_at(path, number)}: {line.strip()[:60]!r} is not a JSON object; write one a line"
            )
        yield number, row


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as lines:
        try:
            yield from lines
        except UnicodeDecodeError as error:
            raise BadInput(f"{path.name}: not UTF-8 ({error.reason}); convert the file") from error


def _text(row: JSON, key: str, path: Path, number: int) -> str:
    value = row.get(key)
    if not isinstance(value, str):
        raise BadInput(f"{_at(path, number)}: {key!r} is {value!r}; it must be a text")
    return value


def _present(path: Path) -> None:
    if not path.is_file():
        raise BadInput(
            f"there is no file {str(path)!r}; a BEIR folder has corpus.jsonl, queries.jsonl, qrels/*.tsv"
        )


def _at(path: Path, number: int) -> str:
    return f"{path.name} line {number}"
