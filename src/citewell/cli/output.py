"""What commands print: answers with footnotes, hits, tables, or one JSON document."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from citewell.model import Answer, Citation, Entry, Hit
    from citewell.why import Followed, Why

QUOTE = 160
"""Characters of a quote in a footnote."""


def print_json(value: Any) -> None:
    """Print one JSON document on stdout."""
    import json

    from citewell.wire import dump

    json.dump(dump(value), sys.stdout, ensure_ascii=False, indent=2, default=str)
    sys.stdout.write("\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table: ruled on a terminal, tab-separated without a header elsewhere."""
    if not sys.stdout.isatty():
        for row in rows:
            print("\t".join(" ".join(str(cell).split()) for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    Console().print(table)


def print_entry(entry: Entry) -> None:
    """Print what the catalog says of a document."""
    shown = {"id": entry.id, "title": entry.title, "source": entry.source, "type": entry.media_type}
    shown |= {"version": str(entry.version), "passages": str(entry.passages)}
    shown |= {"added": entry.added_at, "updated": entry.updated_at}
    shown |= {f"fields.{name}": str(value) for name, value in entry.fields.items() if name != "id"}
    for name, value in shown.items():
        print(f"{name}: {value}")


def print_hits(hits: Sequence[Hit], why: bool = False) -> None:
    """Print passages, best first: number, score, place, and the passage's text."""
    if not hits:
        print("nothing found")
    for number, hit in enumerate(hits, 1):
        passage = hit.passage
        print(f"{number}. {place(passage.document_id, passage.heading, passage.line, passage.page)}")
        print(f"   score {hit.score:.4f}{stages(hit) if why else ''}")
        print(f"   {shortened(passage.text, 400)}\n")


def stages(hit: Hit) -> str:
    """Say what each step of retrieval thought of a hit."""
    return "".join(f"; {stage.name} #{stage.rank} ({stage.score:.4f})" for stage in hit.stages)


def print_why(why: Why) -> None:
    """Print how each hit came up; of a document, what became of it and what brings it back."""
    for word, other in why.meant.items():
        print(f"no passage has {word!r}: by words, {other!r} was looked for")
    if why.document is not None:
        _print_followed(why.document)
        return
    if not why.hits:
        print("nothing found")
    for number, one in enumerate(why.hits, 1):
        passage = one.hit.passage
        print(f"{number}. {place(passage.document_id, passage.heading, passage.line, passage.page)}")
        print(f"   {one.text}\n")


def _print_followed(one: Followed) -> None:
    from citewell.explain.words import place_text

    print(f"{one.document_id}: {one.text}")
    if one.stage is not None:
        print(f"lost at: {one.stage.replace('_', ' ')}")
    for spot in one.places:
        print(f"  {place_text(spot)}")
    if one.near:
        print(f"did you mean {' or '.join(one.near)}?")
    if one.stage is not None:
        print("tried, and it brings it back:" if one.changes else "nothing that was tried brings it back")
    for change in one.changes:
        print(f"  - {change.text} (it is then number {change.rank})")


def print_answer(answer: Answer, *, text: bool = True) -> None:
    """Print an answer (its text may be on the screen already) and its footnotes."""
    if text:
        print(answer.text)
    if answer.citations:
        print()
    for citation in answer.citations:
        print(footnote(citation))
    if answer.unsupported and answer.verdict != "refused":
        print(
            "\nLeft out, for want of a quote:" if answer.policy == "strict" else "\nNo quote was found for:"
        )
        for sentence in answer.unsupported:
            print(f"  - {shortened(sentence, 300)}")


def footnote(citation: Citation) -> str:
    """Return a citation as two lines: number and place, then the quote."""
    where = place(citation.document_id, citation.heading, citation.line, citation.page)
    return f"[{citation.number}] {where}\n    “{shortened(citation.quote, QUOTE)}”"


def place(document_id: str, heading: str, line: int, page: int | None) -> str:
    """Return "document, heading path, page or line"."""
    spot = f"page {page}" if page is not None else f"line {line}"
    return ", ".join(part for part in (document_id, heading, spot) if part)


def shortened(text: str, most: int) -> str:
    """Return text on one line, cut at `most` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
