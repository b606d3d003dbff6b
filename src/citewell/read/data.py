"""Readers of data: CSV, JSON, JSON lines. Rows are blocks; records with a text are documents of their own."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Any, Final

from citewell.errors import Unreadable
from citewell.incoming import Blob
from citewell.model import Block, Value
from citewell.read.blocks import blocks
from citewell.read.decode import bounded, clean, decode
from citewell.read.formats import ending_of
from citewell.read.front import flat
from citewell.read.limits import Draft, Limits

IDS: Final = ("_id", "id")
TEXTS: Final = ("text", "contents", "content", "body")
WIDEST_CELL: Final = 10_000_000


def read_csv(blob: Blob, limits: Limits) -> list[Draft]:
    """Read comma-, semicolon- or tab-separated rows: the text as it is, each row a block with the header."""
    text = decode(blob, limits)
    ends = _row_ends(blob.name, text)
    lines = text.split("\n")
    offsets = [0, *accumulate(len(line) + 1 for line in lines)]
    found: list[Block] = []
    first, header = 0, ""
    for end in [*ends, len(lines)]:
        row = "\n".join(lines[first:end])
        if row.strip():
            start = offsets[first] + len(row) - len(row.lstrip())
            found.append(Block(start, offsets[first] + len(row.rstrip()), "row", title=header))
            header = header or " ".join(row.split())
        first = max(first, end)
    return [Draft(text, tuple(found))]


def read_json(blob: Blob, limits: Limits) -> list[Draft]:
    """Read JSON: a list of records with an id and a text is many documents, all else is one of code."""
    text = decode(blob, limits)
    value = _loaded(blob.name, text, "")
    if isinstance(value, list) and value and all(_is_record(one) for one in value):
        return _records(blob.name, value, limits)
    if "\n" not in text.strip():
        text = json.dumps(value, indent=1, ensure_ascii=False)
        text = bounded(blob.name, clean(text), limits)
    return [Draft(text, blocks(text, "code"))]


def read_jsonl(blob: Blob, limits: Limits) -> list[Draft]:
    """Read JSON lines: records with an id and a text are documents, else each line is a row of one."""
    text = decode(blob, limits)
    numbered = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    values = [_loaded(blob.name, line, f"line {number}: ") for number, line in numbered]
    if all(_is_record(one) for one in values):
        return _records(blob.name, values, limits)
    rows, at = [], 0
    for line in text.split("\n"):
        if line.strip():
            rows.append(Block(at + len(line) - len(line.lstrip()), at + len(line.rstrip()), "row"))
        at += len(line) + 1
    return [Draft(text, tuple(rows))]


def _row_ends(name: str, text: str) -> list[int]:
    """Return the line after each row; a quoted cell may hold newlines."""
    if '"' not in text:
        return list(range(1, text.count("\n") + 1))
    delimiter = "\t" if ending_of(name) in (".tsv", ".tab") else _delimiter(text)
    csv.field_size_limit(WIDEST_CELL)
    rows = csv.reader(io.StringIO(text), delimiter=delimiter)
    ends: list[int] = []
    try:
        for _ in rows:
            ends.append(rows.line_num)
    except csv.Error as error:
        raise Unreadable(name, f"line {rows.line_num}: {error}") from error
    return ends


def _delimiter(text: str) -> str:
    head = text.partition("\n")[0]
    return max(",;\t|", key=head.count)


def _loaded(name: str, text: str, where: str) -> Any:
    try:
        return json.loads(text, parse_int=_integer)
    except json.JSONDecodeError as error:
        at = where or f"line {error.lineno}, column {error.colno}: "
        raise Unreadable(name, f"is not valid JSON: {at}{error.msg}") from error
    except RecursionError as error:
        raise Unreadable(name, f"is JSON that is nested too deep {where}".strip()) from error


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) < 4000 else digits  # Python refuses to convert longer ones


def _is_record(value: Any) -> bool:
    return (
        isinstance(value, dict) and _first(value, IDS) is not None and isinstance(_first(value, TEXTS), str)
    )


def _first(value: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((value[name] for name in names if isinstance(value.get(name), str | int)), None)


def _records(name: str, values: list[dict[str, Any]], limits: Limits) -> list[Draft]:
    drafts: dict[str, Draft] = {}
    for number, value in enumerate(values, 1):
        part = clean(str(_first(value, IDS))).replace("#", "%23")
        if part in drafts:
            raise Unreadable(name, f"record {number}: the id {part!r} is there twice; ids must differ")
        text = clean(str(_first(value, TEXTS)))
        title = clean(str(value.get("title") or ""))
        if text.strip() or title.strip():
            drafts[part] = _record(part, title, text or title, value)
    if not drafts:
        raise Unreadable(name, "has no text in it")
    return list(drafts.values())


def _record(part: str, title: str, text: str, value: Mapping[str, Any]) -> Draft:
    dropped = (*IDS, *TEXTS, "metadata")
    more = value.get("metadata")
    fields: dict[str, Value] = flat({key: one for key, one in value.items() if key not in dropped})
    fields |= flat(more) if isinstance(more, dict) else {}
    fields = {clean(key): clean(one) if isinstance(one, str) else one for key, one in fields.items()}
    return Draft(text, blocks(text, "plain"), title or part, front=fields, part=part)
