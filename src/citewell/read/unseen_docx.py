"""Which runs of a Word document does Word not show? Hidden ones, white ones, those of a point or less."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Final

from citewell.read import hidden
from citewell.read.hidden import marked

_PARTS: Final = re.compile(r"word/(?:document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml")
_RUN: Final = re.compile(r"<w:r\b(?:[^>]*[^/])?>.*?</w:r>", re.DOTALL)
_TEXT: Final = re.compile(r"(<w:t\b[^>/]*>)([^<]*)(</w:t>)")
_OFF: Final = r"w:val=\"(?:0|false|off|none)\""
_STYLES: Final = (
    (hidden.FORMATTED, re.compile(rf"<w:(?:vanish|webHidden)\b(?![^>]*{_OFF})")),
    (hidden.TINY, re.compile(r"<w:sz w:val=\"[0-3]\"")),
    (hidden.COLOUR, re.compile(r"<w:color\b[^>]*w:val=\"(?i:ffffff)\"")),
)
_SHADED: Final = re.compile(r"<w:(?:shd|highlight)\b")


def mark_unseen(data: bytes) -> bytes:
    """Return a DOCX with marks around the text of runs that are not shown; as it is where there is none."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if _PARTS.fullmatch(name)}
        changed = {name: new for name, old in parts.items() if (new := _marked(old)) != old}
        if not changed:
            return data
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as copy:
            for member in archive.infolist():
                copy.writestr(member.filename, changed.get(member.filename) or archive.read(member.filename))
    return out.getvalue()


def _marked(data: bytes) -> bytes:
    text = data.decode("utf-8", "replace")
    if (
        "w:vanish" not in text
        and "w:webHidden" not in text
        and not re.search(r"(?i)\"ffffff\"|<w:sz w:val=\"[0-3]\"", text)
    ):
        return data
    return _RUN.sub(_run, hidden.OURS.sub("", text)).encode("utf-8")


def _run(match: re.Match[str]) -> str:
    run = match.group()
    how = next((how for how, style in _STYLES if style.search(run)), None)
    if how is None or (how == hidden.COLOUR and _SHADED.search(run)):
        return run
    return _TEXT.sub(lambda text: f"{text[1]}{marked(text[2], how)}{text[3]}", run)
