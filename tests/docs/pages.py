"""The project's pages, and the fenced blocks in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt

ROOT: Final = Path(__file__).resolve().parents[2]
NOT_RUN: Final = "<!-- not run:"


@dataclass(frozen=True)
class Snippet:
    """A fenced block: its language, its text, its 1-based line, and why it is not run ("" when it is)."""

    language: str
    text: str
    line: int
    not_run: str = ""


def pages() -> list[Path]:
    """Return every page for readers: those in the root and those in docs/."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def snippets(text: str) -> list[Snippet]:
    """Return the fenced blocks of a page; a comment `<!-- not run: reason -->` before one holds it back."""
    found: list[Snippet] = []
    before = ""
    for token in MarkdownIt().parse(text):
        if token.type == "fence":
            words = token.info.split()
            line = token.map[0] + 1 if token.map else 0
            found.append(Snippet(words[0] if words else "", token.content, line, before))
        comment = token.content.strip() if token.type == "html_block" else ""
        before = (
            comment.removeprefix(NOT_RUN).removesuffix("-->").strip() if comment.startswith(NOT_RUN) else ""
        )
    return found


def links(text: str) -> list[str]:
    """Return the targets of a page's links and images."""
    inline = [token for token in MarkdownIt().parse(text) if token.type == "inline"]
    children = [child for token in inline for child in token.children or []]
    return [str(child.attrs[key]) for child in children for key in ("href", "src") if key in child.attrs]
