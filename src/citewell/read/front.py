"""Front matter: what an author wrote above a Markdown text, as flat fields."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from citewell.model import Value

LONGEST: Final = 64 * 1024
MOST_FIELDS: Final = 200
DEEPEST: Final = 8
FENCED: Final = re.compile(r"\A(---|\+\+\+)[ \t]*\n(.*?)^\1[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
LINE: Final = re.compile(r"([A-Za-z_][\w .-]*?)\s*:\s+(.*)")


def front_matter(text: str) -> tuple[dict[str, Value], int]:
    """Return (fields, length): fields of a leading `---` YAML or `+++` TOML part, and where the text begins.

    Nested names are joined with a dot. ({}, 0) when there is none.
    """
    found = FENCED.match(text[:LONGEST])
    if found is None:
        return {}, 0
    values = _toml(found[2]) if found[1] == "+++" else _yaml(found[2])
    if values is None:
        return {}, 0
    return flat(values), found.end()


def flat(values: Mapping[Any, Any]) -> dict[str, Value]:
    """Return nested data as fields: dotted names, tuples of str for lists, dates as ISO in UTC."""
    fields: dict[str, Value] = {}
    for name, value in _pairs(values, "", 0):
        if len(fields) >= MOST_FIELDS:
            break
        fields[name] = value
    return fields


def iso(moment: date) -> str:
    """Return a date as YYYY-MM-DD, a time as ISO 8601 in UTC with seconds. A time without zone is UTC."""
    if not isinstance(moment, datetime):
        return moment.isoformat()
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        return aware.astimezone(UTC).isoformat(timespec="seconds")
    except OverflowError:
        return moment.replace(tzinfo=UTC).isoformat(timespec="seconds")


def _yaml(text: str) -> Mapping[Any, Any] | None:
    import yaml  # type: ignore[import-untyped,unused-ignore]

    if "*" in text and re.search(r"(^|[\s\[,:-])\*\w", text):
        return _lines(text)  # aliases multiply: a kilobyte can stand for a gigabyte
    try:
        values = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError):
        return _lines(text)
    if values is None and not text.strip():
        return {}
    return values if isinstance(values, dict) else None


def _toml(text: str) -> Mapping[str, Any] | None:
    import tomllib

    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


def _lines(text: str) -> dict[str, str] | None:
    """Read `key: value` lines where YAML is not strict YAML (a title with a colon in it)."""
    lines = [line for line in text.split("\n") if line.strip() and not line.startswith("#")]
    pairs = [LINE.fullmatch(line.rstrip()) for line in lines]
    named = [pair for pair in pairs if pair]
    if not lines or not named or pairs[0] is None:
        return None
    return {pair[1]: pair[2].strip("\"' ") for pair in named}


def _pairs(values: Mapping[Any, Any], before: str, depth: int) -> Iterator[tuple[str, Value]]:
    for key, value in values.items():
        name = f"{before}{key}"
        if isinstance(value, Mapping):
            if depth < DEEPEST:
                yield from _pairs(value, f"{name}.", depth + 1)
        elif isinstance(value, list | tuple | set):
            scalars = [_scalar(one) for one in value if not isinstance(one, Mapping | list | tuple | set)]
            yield name, tuple(str(one) for one in scalars if one is not None)
        elif (scalar := _scalar(value)) is not None:
            yield name, scalar


def _scalar(value: Any) -> str | int | float | bool | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, date):
        return iso(value)
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value)
