"""Jupyter notebooks: Markdown cells as they are, code cells and their printed output as fenced code."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from citewell.errors import Unreadable
from citewell.incoming import Blob
from citewell.read.decode import bounded, clean, decode
from citewell.read.limits import Draft, Limits
from citewell.read.text import markdown_draft

LONGEST_OUTPUT: Final = 4000
"""Characters kept of one output: enough to read it, too few for a log to drown the notebook."""


def read_notebook(blob: Blob, limits: Limits) -> list[Draft]:
    """Read a notebook (nbformat 3 and 4) as one Markdown text."""
    try:
        book = json.loads(decode(blob, limits))
    except json.JSONDecodeError as error:
        raise Unreadable(blob.name, f"is not a notebook: no valid JSON at line {error.lineno}") from error
    except (RecursionError, ValueError) as error:
        raise Unreadable(blob.name, "is not a notebook: its JSON is nested too deep") from error
    parts = [part for cell in _cells(blob.name, book) for part in _parts(cell, _language(book))]
    text = bounded(blob.name, clean("\n\n".join(part for part in parts if part.strip()) + "\n"), limits)
    return [_typed(markdown_draft(text))]


def _typed(draft: Draft) -> Draft:
    from dataclasses import replace

    return replace(draft, type="notebook")


def _cells(name: str, book: Any) -> list[Mapping[str, Any]]:
    sheets = book.get("worksheets") if isinstance(book, dict) else None
    holder = sheets[0] if isinstance(sheets, list) and sheets else book
    cells = holder.get("cells") if isinstance(holder, dict) else None
    if not isinstance(cells, list):
        raise Unreadable(name, "is not a notebook: it has no list of cells")
    return [cell for cell in cells if isinstance(cell, dict)]


def _language(book: Mapping[str, Any]) -> str:
    metadata = book.get("metadata")
    kernel = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    language = kernel.get("language") if isinstance(kernel, dict) else None
    return language if isinstance(language, str) and language.isidentifier() else "python"


def _parts(cell: Mapping[str, Any], language: str) -> Iterator[str]:
    kind, source = cell.get("cell_type"), _joined(cell.get("source", cell.get("input")))
    if kind == "heading":
        yield f"{'#' * (cell['level'] if cell.get('level') in range(1, 7) else 1)} {source}"
    elif kind != "code":
        yield source
    else:
        yield _fenced(source, language)
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else []:
            yield _fenced(_printed(output), "text")


def _printed(output: Any) -> str:
    if not isinstance(output, dict):
        return ""
    data = output.get("data")
    shown = data.get("text/plain") if isinstance(data, dict) else None
    return _joined(output.get("text", shown))[:LONGEST_OUTPUT].rstrip()


def _fenced(code: str, language: str) -> str:
    if not code.strip():
        return ""
    fence = "```"
    while fence in code:
        fence += "`"
    return f"{fence}{language}\n{code.rstrip()}\n{fence}"


def _joined(source: Any) -> str:
    if isinstance(source, list):
        return "".join(part for part in source if isinstance(part, str))
    return source if isinstance(source, str) else ""
