"""CSV and TSV: every record a row block that knows its header."""

from __future__ import annotations

import csv
import io

from citewell.errors import Unreadable
from citewell.model import Block


def blocks(text: str, name: str) -> tuple[Block, ...]:
    """Return a block for each record (a quoted field may hold newlines); the first record is the header."""
    try:
        dialect: type[csv.Dialect] | csv.Dialect = csv.Sniffer().sniff(text[:10_000], ",;\t|")
    except csv.Error:
        dialect = csv.excel
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    reader = csv.reader(io.StringIO(text), dialect)
    found: list[Block] = []
    header, before = "", 0
    try:
        for record in reader:
            start, end = starts[before], starts[min(reader.line_num, len(starts) - 1)]
            before = reader.line_num
            if not any(field.strip() for field in record):
                continue
            found.append(Block(start, end, "row", title=header))
            header = header or text[start:end].strip()
    except csv.Error as error:
        raise Unreadable(name, f"is not a valid table: {error} (line {reader.line_num})") from None
    return tuple(found)
