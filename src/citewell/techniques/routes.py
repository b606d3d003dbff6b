"""Collections that questions are routed to: filters with a name and a description, in a TOML file of the user's."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from citewell import filters
from citewell.errors import BadInput, NotFound
from citewell.filters import Filter

KEYS: Final = ("about", "where")
EVERYTHING: Final = "everything"
"""What a model says when no collection fits; no route may have this name."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class Route:
    """A collection: the documents that satisfy `where`. `about` says what they are, for a model or the embedder."""

    name: str
    about: str
    where: Filter


def read_routes(path: Path) -> tuple[Route, ...]:
    """Read a file of routes: `[NAME]`, then `about` and `where`, for each. NotFound, or BadInput with what is wrong."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFound(f"there is no file of routes {str(path)!r}; write it, or unset chat.routes") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"{path} cannot be read as TOML: {error}; correct it there") from error
    if not data:
        raise BadInput(f"{path} has no routes; write [NAME] with about and where for each")
    return tuple(_route(f"{path}, [{name}]", name, values) for name, values in data.items())


def _route(place: str, name: str, values: Any) -> Route:
    if not isinstance(values, dict):
        raise BadInput(f"{place} is {values!r}; write [{name}] and under it about and where")
    if not _NAME.fullmatch(name) or name == EVERYTHING:
        raise BadInput(
            f"{place}: a route's name has small letters, digits, - and _, and is not {EVERYTHING!r}"
        )
    for key in values.keys() - set(KEYS):
        raise BadInput(f"{place}: unknown key {key!r}; there are {' and '.join(KEYS)}")
    for key in KEYS:
        if not isinstance(values.get(key), str) or not values[key].strip():
            raise BadInput(f"{place}: {key} is {values.get(key)!r}; it must be text")
    try:
        return Route(name, " ".join(values["about"].split()), filters.parse(values["where"]))
    except BadInput as error:
        raise BadInput(f"{place}: {error}") from None
