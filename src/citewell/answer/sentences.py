"""Sentences of a passage as exact spans. Knows Markdown and reStructuredText: an item, a row, a heading and a
code block are units of their own, and code is never split.

Sentence ends inside a paragraph are found by sentencex (Wikimedia, MIT; rules for abbreviations, 80 MB/s).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from citewell.model import BlockKind

_FENCE: Final = re.compile(r"[ \t]*(```+|~~~+)")
_ITEM: Final = re.compile(r"[ \t]*(?:[-*+•‣]|\(?\d{1,3}[.)]|#\.|\(?[a-z][.)])[ \t]+(?=\S)")
_HEADING: Final = re.compile(r"#{1,6}[ \t]+\S")
_UNDERLINE: Final = re.compile(r"[ \t]*([=\-~^\"'*+#`:.<>_])\1{2,}[ \t]*$")
_ROW: Final = re.compile(r"[ \t]*(?:\|.*\||\+[-=+]{3,}\+)[ \t]*$")
_RULE: Final = re.compile(r"[ \t]*(?:={2,}|-{2,})(?:[ \t]+(?:={2,}|-{2,}))*[ \t]*$")
_DIRECTIVE: Final = re.compile(r"[ \t]*(?:\.\. |:[\w -]+:(?:[ \t]|$)|:::|\{%)|[ \t]*\.\.[ \t]*$")
_CODE_DIRECTIVE: Final = re.compile(
    r"[ \t]*\.\. (?:code|code-block|sourcecode|console|parsed-literal|testcode|testoutput|doctest|prompt|"
    r"ipython|math|graphviz|productionlist|highlight|raw)::"
)
_QUOTED_CODE: Final = re.compile(r"(?<!`)(`{1,2})(?!`)[^`\n]*(?:\n[^`\n]+)?\1(?!`)|<[^<>\s]{3,}>")
_STOP: Final = re.compile(r"""(?<=[.!?])(?:\s?['"”’)\]]+)?\s+(?=\W{0,4}[A-Z])""")
_BREAK: Final = re.compile(r"\s*\n\s*")
LONGEST: Final = 500
"""Characters from which on a sentence is one that sentencex lost: an unclosed quotation, or a menu without stops."""
_PROMPT: Final = re.compile(r"[ \t]*(?:>>>|\.\.\. |\$ |\.\.\.\\>|[A-Z]:\\>)")


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, or a structural piece that is quoted whole: `text[start:end]`."""

    start: int
    end: int
    kind: BlockKind


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    text: str

    @property
    def blank(self) -> bool:
        return not self.text.strip()

    @property
    def indent(self) -> int:
        return len(self.text) - len(self.text.lstrip(" \t"))


def sentences(text: str) -> list[tuple[int, int]]:
    """Return (start, end) of each sentence or structural unit, in order, never overlapping, never blank."""
    return [(unit.start, unit.end) for unit in units(text)]


def units(text: str) -> list[Unit]:
    """Return the units of a text with their kinds, in order. Markers of list items are left out."""
    lines = _lines(text)
    found: list[Unit] = []
    at, literal = 0, False
    while at < len(lines):
        if lines[at].blank:
            at += 1
            continue
        end, kind = _block(lines, at, literal)
        found += _units_of(text, lines[at:end], kind)
        literal = _announces_code(lines[end - 1], kind) or (
            literal and bool(_DIRECTIVE.match(lines[at].text))
        )
        at = end
    return found


def _lines(text: str) -> list[_Line]:
    lines: list[_Line] = []
    start = 0
    for piece in text.split("\n"):
        lines.append(_Line(start, start + len(piece), piece))
        start += len(piece) + 1
    return lines


def _block(lines: list[_Line], at: int, literal: bool) -> tuple[int, BlockKind]:
    """Return where the block that starts at line `at` ends (exclusive), and its kind."""
    line = lines[at]
    if fence := _FENCE.match(line.text):
        return _fenced(lines, at, fence.group(1)), "code"
    if _DIRECTIVE.match(line.text) and not _PROMPT.match(line.text):
        return at + 1, "other"
    if _PROMPT.match(line.text) or (line.indent and (literal or _indented_code(lines, at))):
        return _indented(lines, at), "code"
    if _HEADING.match(line.text):
        return at + 1, "heading"
    if _ROW.match(line.text):
        return at + 1, "row"
    if _RULE.match(line.text) or _UNDERLINE.match(line.text):
        return at + 1, "other"
    if _underlined(lines, at):
        return at + 2, "heading"
    return _flow(lines, at), "item" if _ITEM.match(line.text) else "paragraph"


def _fenced(lines: list[_Line], at: int, fence: str) -> int:
    for end in range(at + 1, len(lines)):
        if lines[end].text.strip().startswith(fence) and not lines[end].text.strip(" \t`~"):
            return end + 1
    return len(lines)


def _indented(lines: list[_Line], at: int) -> int:
    """The end of a block that is indented at least as line `at`, blank lines inside included."""
    end = at + 1
    for here in range(at + 1, len(lines)):
        if lines[here].blank:
            if _PROMPT.match(lines[at].text) and not lines[at].indent:
                break
            continue
        if lines[here].indent < lines[at].indent:
            break
        end = here + 1
    return end


def _indented_code(lines: list[_Line], at: int) -> bool:
    """Markdown's indented code: four spaces after a blank line, and it reads like code."""
    if lines[at].indent < 4 or (at and not lines[at - 1].blank):
        return False
    near = lines[at : at + 20]
    body = [line.text for line in near[: _indented(near, 0)] if line.text.strip()]
    return sum(
        bool(re.search(r"[=({;$<>]|:$|^\s*(import|from|def|class) ", text)) for text in body
    ) * 2 > len(body)


def _underlined(lines: list[_Line], at: int) -> bool:
    if at + 1 >= len(lines) or lines[at].indent:
        return False
    under = lines[at + 1].text
    return bool(_UNDERLINE.match(under)) and len(under.strip()) * 2 >= len(lines[at].text.strip())


def _flow(lines: list[_Line], at: int) -> int:
    """The end of a paragraph or list item that starts at line `at`."""
    for end in range(at + 1, len(lines)):
        text = lines[end].text
        if lines[end].blank or any(p.match(text) for p in (_ITEM, _FENCE, _HEADING, _ROW, _DIRECTIVE, _RULE)):
            return end
        if _underlined(lines, end):
            return end
    return len(lines)


def _announces_code(line: _Line, kind: BlockKind) -> bool:
    if kind == "other":
        return bool(_CODE_DIRECTIVE.match(line.text))
    return kind in ("paragraph", "item") and line.text.rstrip().endswith("::")


def _units_of(text: str, lines: list[_Line], kind: BlockKind) -> list[Unit]:
    start, end = lines[0].start, lines[-1].end
    if kind in ("paragraph", "item"):
        marker = _ITEM.match(lines[0].text) if kind == "item" else None
        return [Unit(a, b, kind) for a, b in _split(text, start + (marker.end() if marker else 0), end)]
    if kind != "code":
        start, end = _trim(text, start, end)
    return [Unit(start, end, kind)]


def _split(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Split one paragraph into sentences; a line break inside a paragraph is a space."""
    from sentencex import get_sentence_boundaries

    flat = _QUOTED_CODE.sub(lambda match: "x" * len(match.group()), text[start:end])
    flat = flat.replace("\n", " ").replace("\r", " ")
    flat = flat.encode("utf-8", "replace").decode()  # lone surrogates, which Rust refuses
    ends = [start + found["end_index"] for found in get_sentence_boundaries("en", flat)]
    cuts = [start, *(cut for cut in ends[:-1] if _parted(text, cut)), end]
    trimmed = [_trim(text, a, b) for a, b in pairwise(cuts)]
    return [part for a, b in trimmed if a < b for part in _shorter(text, a, b, (_STOP, _BREAK))]


def _shorter(text: str, start: int, end: int, ends: tuple[re.Pattern[str], ...]) -> list[tuple[int, int]]:
    """Part what is longer than any sentence: sentencex waits for the end of a quotation that has none, and takes
    a page's menu for one sentence. A full stop before a capital will do, then a line break.
    """
    if end - start <= LONGEST or not ends:
        return [(start, end)]
    found = [match.span() for match in ends[0].finditer(text, start, end)]
    edges = [start, *(edge for span in found for edge in span), end]
    parts = [_trim(text, a, b) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return [one for a, b in parts if a < b for one in _shorter(text, a, b, ends[1:])]


def _parted(text: str, at: int) -> bool:
    """A sentence ends at a space, or in a script that has none: not inside `data.Dataset`."""
    return text[at - 1].isspace() or text[at].isspace() or ord(text[at - 1]) > 0x2FFF


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())
