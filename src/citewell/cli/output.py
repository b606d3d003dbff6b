"""What commands print: answers with footnotes, hits, tables, or one JSON document."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from citewell.money import shown

if TYPE_CHECKING:
    from citewell.model import Answer, Citation, Entry, Hit, Passage
    from citewell.why import Followed, Why

QUOTE = 160
"""Characters of a quote in a footnote."""


_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)
"""What a terminal obeys instead of showing it, turns text around, or is not seen at all."""


def plain(text: str) -> str:
    """Return text that a terminal can only show: escape sequences and their like stand there as \\x1b."""
    return _UNPRINTABLE.sub(lambda one: one.group().encode("unicode_escape").decode(), text)


def say(text: object = "", file: TextIO | None = None) -> None:
    """Print text of documents and models, made plain."""
    print(plain(str(text)), file=file)


def print_json(value: Any) -> None:
    """Print one JSON document on stdout."""
    import json

    from citewell.wire import dump

    text = json.dumps(dump(value), ensure_ascii=False, indent=2, default=str)
    # What JSON leaves as it is and a terminal would obey; the value stays the same.
    print(_UNPRINTABLE.sub(lambda one: json.dumps(one.group())[1:-1], text))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table: ruled on a terminal, tab-separated without a header elsewhere."""
    if not sys.stdout.isatty():
        for row in rows:
            say("\t".join(" ".join(str(cell).split()) for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(plain(str(cell))) for cell in row))
    Console().print(table)


def print_entry(entry: Entry) -> None:
    """Print what the catalog says of a document."""
    shown = {"id": entry.id, "title": entry.title, "source": entry.source, "type": entry.media_type}
    shown |= {"version": str(entry.version), "passages": str(entry.passages)}
    shown |= {"quarantined": str(entry.quarantined)} if entry.quarantined else {}
    shown |= {"added": entry.added_at, "updated": entry.updated_at}
    shown |= {f"fields.{name}": str(value) for name, value in entry.fields.items() if name != "id"}
    for name, value in shown.items():
        say(f"{name}: {value}")


def print_hits(hits: Sequence[Hit], why: bool = False) -> None:
    """Print passages, best first: number, score, place, and the passage's text."""
    if not hits:
        say("nothing found")
    for number, hit in enumerate(hits, 1):
        passage = hit.passage
        say(f"{number}. {place(passage.document_id, passage.heading, passage.line, passage.page)}")
        say(f"   score {hit.score:.4f}{stages(hit) if why else ''}{suspicious(hit)}")
        say(f"   {shortened(passage.text, 400)}\n")


def suspicious(hit: Hit) -> str:
    """Say what is suspicious in a hit; "" where nothing is."""
    found = hit.passage.suspicion
    if found is None or found.released:
        return ""
    why = "; ".join(dict.fromkeys(one for part in found.parts for one in part.why))
    return f"; {'quarantined' if found.quarantined else 'suspicious'} ({found.score:.2f}): {why}"


def stages(hit: Hit) -> str:
    """Say what each step of retrieval thought of a hit."""
    return "".join(f"; {stage.name} #{stage.rank} ({stage.score:.4f})" for stage in hit.stages)


def print_why(why: Why) -> None:
    """Print how each hit came up; of a document, what became of it and what brings it back."""
    for word, other in why.meant.items():
        say(f"no passage has {word!r}: by words, {other!r} was looked for")
    if why.document is not None:
        _print_followed(why.document)
        return
    if not why.hits:
        say("nothing found")
    for number, one in enumerate(why.hits, 1):
        passage = one.hit.passage
        say(f"{number}. {place(passage.document_id, passage.heading, passage.line, passage.page)}")
        say(f"   {one.text}\n")


def _print_followed(one: Followed) -> None:
    say(f"{one.document_id}: {one.text}")
    if one.stage is not None:
        say(f"lost at: {one.stage.replace('_', ' ')}")
    for spot in one.places:
        say(f"  {spot.text}")
    if one.near:
        say(f"did you mean {' or '.join(one.near)}?")
    if one.stage is not None:
        say("tried, and it brings it back:" if one.changes else "nothing that was tried brings it back")
    for change in one.changes:
        say(f"  - {change.text} (it is then number {change.rank})")


def number_of(passage_id: str) -> int:
    """Return a passage's number in its document, from 0."""
    return int(passage_id.replace("-", "")[16:], 16)


def print_suspicious(passages: Sequence[Passage]) -> None:
    """Print what is suspicious in a document: each passage's number and state, and each part with why."""
    for passage in passages:
        found = passage.suspicion
        if found is None:
            continue
        state = "quarantined" if found.quarantined else "released" if found.released else "noted"
        where = place(f"suspicious passage {number_of(passage.id)}", "", passage.line, passage.page)
        say(f"{where}: {state}, score {found.score:.2f}")
        for part in found.parts:
            text = passage.text[part.start - passage.start : part.end - passage.start]
            say(f"  {part.score:.2f} {'; '.join(part.why)}\n       “{shortened(text, QUOTE)}”")


def print_answer(answer: Answer, *, text: bool = True) -> None:
    """Print an answer (its text may be on the screen already) and its footnotes."""
    for step in answer.steps:
        say(f"({step.technique}: {shortened(step.did, 300)})", file=sys.stderr)
    if text:
        say(answer.text)
    if answer.usage.prompt_tokens and answer.cost != 0:
        tokens = f"{answer.usage.prompt_tokens} tokens read, {answer.usage.completion_tokens} written"
        say(f"({tokens}, {shown(answer.cost)})", file=sys.stderr)
    if answer.cached:
        say("(from the answer cache, at no cost)", file=sys.stderr)
    if answer.citations:
        say()
    for citation in answer.citations:
        say(footnote(citation))
    if answer.unsupported and answer.verdict != "refused":
        say("\nLeft out, for want of a quote:" if answer.policy == "strict" else "\nNo quote was found for:")
        for sentence in answer.unsupported:
            say(f"  - {shortened(sentence, 300)}")


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
