"""Bytes -> text: what encoding, which newlines, and whether it is text at all."""

from __future__ import annotations

import codecs
import re
from typing import Final

from citewell.errors import Unreadable
from citewell.incoming import Blob
from citewell.read.limits import Limits

MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SAMPLE: Final = 64 * 1024
MOST_CONTROLS: Final = 0.02
"""Share of control characters beyond which bytes that are not UTF-8 are no text."""
CONTROLS: Final = bytes(set(range(32)) - set(b"\t\n\r\f\x1b"))
NOT_TEXT: Final = re.compile(r"[\x00\ud800-\udfff]")


def decode(blob: Blob, limits: Limits) -> str:
    """Return a text file's text with \\n for every newline. Unreadable if it is no text or too long."""
    text = clean(_decoded(blob))
    return bounded(blob.name, text, limits)


def bounded(name: str, text: str, limits: Limits) -> str:
    """Return `text`. Unreadable if it is empty or longer than the limit."""
    if len(text) > limits.max_characters:
        reason = f"has {len(text)} characters, more than {limits.max_characters} (read.max_characters)"
        raise Unreadable(name, reason)
    if not text or text.isspace():
        raise Unreadable(name, "has no text in it")
    return text


def clean(text: str) -> str:
    """Normalise newlines, and replace what no database stores: NUL and lone surrogates."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return NOT_TEXT.sub("\ufffd", text)


def _decoded(blob: Blob) -> str:
    data = blob.data
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return _strict(blob, encoding)
    if data.count(0) * 1000 > len(data):
        raise Unreadable(blob.name, "is binary data, not text (it holds NUL bytes)")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _guessed(blob)


def _strict(blob: Blob, encoding: str) -> str:
    try:
        return blob.data.decode(encoding)
    except UnicodeDecodeError as error:
        reason = f"begins with the mark of {error.encoding} but is not valid there (byte {error.start})"
        raise Unreadable(blob.name, reason) from error


def _guessed(blob: Blob) -> str:
    """Guess an 8-bit or East Asian encoding from a sample that holds what is not ASCII."""
    from charset_normalizer import from_bytes

    sample = _telling(blob.data)
    controls = len(sample) - len(sample.translate(None, CONTROLS))
    if controls > MOST_CONTROLS * len(sample):
        raise Unreadable(blob.name, "is binary data, not text (it holds control characters)")
    best = from_bytes(sample, cp_exclusion=["utf_7"]).best()
    # Most old Western text is cp1252; short samples are guessed as its many neighbours.
    western = best is None or (best.alphabets and set(best.alphabets) <= LATIN)
    encoding = "cp1252" if western or best is None else best.encoding
    return blob.data.decode(encoding, errors="replace")


LATIN: Final = frozenset({"Basic Latin", "Latin-1 Supplement", "Latin Extended-A", "Control character"})


def _telling(data: bytes) -> bytes:
    if len(data) <= SAMPLE:
        return data
    odd = re.search(rb"[\x80-\xff]", data)
    at = max(0, odd.start() - SAMPLE // 2) if odd else 0
    return data[at : at + SAMPLE]
