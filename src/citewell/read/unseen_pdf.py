"""Which text of a PDF page does nobody see? Without ink, transparent, tiny, off the page, or white on nothing."""

from __future__ import annotations

import ctypes
import re
from typing import TYPE_CHECKING, Any, Final

from citewell.hostile import Hidden
from citewell.read.hidden import COLOUR, HOW, INKLESS, OFF_PAGE, TINY, TRANSPARENT

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage  # type: ignore[import-untyped,unused-ignore]

MOST_OBJECTS: Final = 20_000
"""Objects of a page that are looked at."""
SMALLEST: Final = 2.0
"""Points below which text is too small to read."""
LIGHTEST: Final = 250
FAINTEST: Final = 8
_INVISIBLE: Final = (3, 7)
"""Text render modes that draw nothing (ISO 32000-1, table 106)."""


def unseen(page: PdfPage, words: PdfTextPage, text: str) -> list[Hidden]:
    """Return the spans of a page's `text` that are not seen.

    White or inkless text over a picture or a filled shape is seen, or is the text layer of a scan: it is no cause.
    """
    from pypdfium2 import raw

    width, height = page.get_size()
    found: list[tuple[int, str]] = []
    behind: list[tuple[float, ...]] | None = None
    for number, one in enumerate(page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=3)):
        if number >= MOST_OBJECTS:
            break
        how = _how(raw, one, width, height)
        if how is None:
            continue
        if how in (COLOUR, INKLESS):
            behind = _behind(raw, page) if behind is None else behind
            if _covered(one.get_bounds(), behind):
                continue
        found.append((how, _said(raw, one, words)))
    return _placed(text, found)


def _how(raw: Any, one: Any, width: float, height: float) -> int | None:
    if raw.FPDFTextObj_GetTextRenderMode(one) in _INVISIBLE:
        return INKLESS
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    if raw.FPDFPageObj_GetFillColor(one, red, green, blue, alpha):
        if alpha.value <= FAINTEST:
            return TRANSPARENT
        if min(red.value, green.value, blue.value) >= LIGHTEST:
            return COLOUR
    size = ctypes.c_float()
    left, bottom, right, top = one.get_bounds()
    if raw.FPDFTextObj_GetFontSize(one, size) and 0 < size.value * _scale(one) < SMALLEST:
        return TINY
    return OFF_PAGE if right < 0 or top < 0 or left > width or bottom > height else None


def _scale(one: Any) -> float:
    matrix = one.get_matrix()
    return float(abs(matrix.a * matrix.d - matrix.b * matrix.c) ** 0.5)


def _behind(raw: Any, page: PdfPage) -> list[tuple[float, ...]]:
    """Return the bounds of what may be behind text: pictures and filled shapes that are not white."""
    bounds = []
    kinds = [raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_SHADING]
    for number, one in enumerate(page.get_objects(filter=kinds, max_depth=3)):
        if number >= MOST_OBJECTS:
            break
        red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
        shape = one.type == raw.FPDF_PAGEOBJ_PATH
        filled = shape and raw.FPDFPageObj_GetFillColor(one, red, green, blue, alpha)
        if filled and min(red.value, green.value, blue.value) >= LIGHTEST:
            continue
        bounds.append(tuple(one.get_bounds()))
    return bounds


def _covered(inner: tuple[float, ...], behind: list[tuple[float, ...]]) -> bool:
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return any(left <= x <= right and bottom <= y <= top for left, bottom, right, top in behind)


def _said(raw: Any, one: Any, words: PdfTextPage) -> str:
    length = raw.FPDFTextObj_GetText(one, words, None, 0)
    buffer = ctypes.create_string_buffer(length)
    raw.FPDFTextObj_GetText(one, words, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), length)
    return buffer.raw[: max(0, length - 2)].decode("utf-16-le", "replace")


def _placed(text: str, found: list[tuple[int, str]]) -> list[Hidden]:
    """Find what objects say in the page's text, in order; neighbours become one span."""
    spans: list[Hidden] = []
    at = 0
    for how, said in found:
        letters = said.split()
        if not letters:
            continue
        pattern = re.compile(r"\s+".join(map(re.escape, letters)))
        match = pattern.search(text, at) or pattern.search(text)
        if match is None:
            continue
        at = match.end()
        last = spans[-1] if spans else None
        if last and last.how == HOW[how] and not text[last.end : match.start()].strip():
            spans[-1] = Hidden(last.start, match.end(), HOW[how])
        else:
            spans.append(Hidden(match.start(), match.end(), HOW[how]))
    return sorted(spans, key=lambda one: one.start)
