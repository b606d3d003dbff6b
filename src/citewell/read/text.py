"""Bytes -> text, and the front matter on top of it."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from citewell.errors import Unreadable
from citewell.model import Value

MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
FRONT: Final = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
MOST_FIELDS: Final = 100


def decode(name: str, data: bytes) -> str:
    """Decode by byte order mark, as UTF-8, else by charset_normalizer's best guess; newlines become \\n."""
    for mark, encoding in MARKS:
        if data.startswith(mark):
            try:
                return _newlines(data.decode(encoding))
            except UnicodeDecodeError as error:
                raise Unreadable(name, f"says it is {encoding} but is not ({error.reason})") from None
    if b"\0" in data:
        raise Unreadable(name, "is binary, not text (it holds NUL bytes)")
    try:
        return _newlines(data.decode("utf-8"))
    except UnicodeDecodeError:
        return _newlines(_guessed(name, data))


def front_matter(text: str) -> tuple[dict[str, Value], int]:
    """Return the YAML front matter as fields, and where it ends; ({}, 0) when there is none that is valid."""
    found = FRONT.match(text)
    if not found:
        return {}, 0
    import yaml

    try:
        loaded = yaml.safe_load(found.group(1))
    except (yaml.YAMLError, RecursionError, ValueError):
        return {}, 0
    if not isinstance(loaded, Mapping):
        return {}, 0
    return flat(loaded), found.end()


def flat(values: Mapping[Any, Any], prefix: str = "") -> dict[str, Value]:
    """Flatten metadata to fields: nested names joined with dots, lists of scalars as tuples of text."""
    fields: dict[str, Value] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and prefix.count(".") < 4:
            fields |= flat(value, f"{name}.")
        elif len(fields) < MOST_FIELDS and len(name) <= 200 and not re.search(r'[\x00-\x1f"\\]', name):
            fields[name] = _value(value)
    return fields


def _value(value: Any) -> Value:
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).replace(tzinfo=None).isoformat() + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple | set):
        return tuple(str(_value(one)) for one in value if not isinstance(one, Mapping))
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, int) and abs(value) > 2**53:
        return str(value)
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def _guessed(name: str, data: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(
        data[:200_000], cp_isolation=["cp1252", "latin_1", "cp1250", "cp1251", "shift_jis", "gb18030"]
    )
    found = best.best()
    encoding = found.encoding if found else "cp1252"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(
            name, f"is in no encoding that we know ({error.reason} at byte {error.start})"
        ) from None


def _newlines(text: str) -> str:
    # Lone surrogates cannot be stored; NULs end strings in some libraries.
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", " ")
