"""A count for tests: words, as white space separates them."""

from collections.abc import Sequence

from citewell.model import Block, BlockKind, Document


def count(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def document(*parts: tuple[BlockKind, str] | tuple[BlockKind, str, int], title: str = "") -> Document:
    """Return a document of (kind, text[, heading's level]) with a blank line (rows, items: a line end) after each.

    The first row of a table is the header of the others.
    """
    text, blocks, header = "", [], ""
    for kind, written, *level in parts:
        start = len(text)
        header = "" if kind != "row" else header
        name = written.strip("# ") if kind == "heading" else header
        blocks.append(Block(start, start + len(written), kind, level[0] if level else 0, name))
        header = header or (written if kind == "row" else "")
        text += written + ("\n" if kind in ("row", "item") else "\n\n")
    return Document("one", text, title, blocks=tuple(blocks))


def texts(found: Document, spans: Sequence[object]) -> list[str]:
    return [found.text[span.start : span.end] for span in spans]  # type: ignore[attr-defined]
