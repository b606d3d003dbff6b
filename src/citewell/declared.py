"""The sources that a configuration declares: a [[sources]] table each, checked key by key. Frozen data.

Secrets are never in them: settings that end in `_env` hold the *name* of an environment variable.
"""

# ruff: noqa: RUF009  (_key is dataclasses.field with rules)
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, TypeAlias

from citewell.errors import BadInput

SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
LEAST_EVERY: Final = 1


def _key(default: Any, about: str, **rules: Any) -> Any:
    """A field with its rules: `least` and `most`, `choices`, `variable`, `path`; MISSING is a key that must be set."""
    return field(metadata={"about": about, **rules}, **({} if default is MISSING else {"default": default}))


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """A folder of files."""

    path: Path = _key(MISSING, "the folder", path=True)
    include: tuple[str, ...] = _key((), "patterns of names and paths to take; all, if none")
    exclude: tuple[str, ...] = _key((), "further patterns to leave out")
    watch: bool = _key(False, "take changes in as they happen")


@dataclass(frozen=True, slots=True)
class GitPlace:
    """The files of a git repository's branch, as committed."""

    url: str = _key(MISSING, "folder of a repository, or an http(s) address", local=True)
    branch: str = _key("", "branch, tag or commit; the repository's own, if none")
    include: tuple[str, ...] = _key((), "patterns of names and paths to take; all, if none")
    exclude: tuple[str, ...] = _key((), "further patterns to leave out")
    token_env: str = _key("", "environment variable of an access token", variable=True)
    allow_private: bool = _key(False, "the address may be on this machine or a private network")


@dataclass(frozen=True, slots=True)
class WebPlace:
    """The pages of a web site below an address."""

    url: str = _key(MISSING, "where to start; pages below its folder are in scope")
    include: tuple[str, ...] = _key((), "patterns of paths to take; all in scope, if none")
    exclude: tuple[str, ...] = _key((), "patterns of paths to leave out")
    sitemap: str = _key("", "address of the sitemap; the one that robots.txt names or /sitemap.xml, if none")
    follow: bool = _key(True, "follow links; else only what the sitemap lists")
    queries: bool = _key(False, "take addresses with a ? too")
    pages: int = _key(1000, "most pages", least=1, most=1_000_000)
    delay: float = _key(0.2, "seconds between requests; robots.txt may ask for more", least=0, most=60)
    allow_private: bool = _key(False, "addresses may be on this machine or a private network")


@dataclass(frozen=True, slots=True)
class S3Place:
    """The objects of an S3-compatible bucket."""

    bucket: str = _key(MISSING, "the bucket")
    prefix: str = _key("", "keys must begin with this")
    endpoint: str = _key("", "address of the service; Amazon's, if none")
    region: str = _key("", "region; the client's own, if none")
    include: tuple[str, ...] = _key((), "patterns of names and keys to take; all, if none")
    exclude: tuple[str, ...] = _key((), "further patterns to leave out")
    key_env: str = _key(
        "", "environment variable of the access key; the client's own, if none", variable=True
    )
    secret_env: str = _key("", "environment variable of the secret key", variable=True)
    allow_private: bool = _key(False, "the address may be on this machine or a private network")


@dataclass(frozen=True, slots=True)
class SqlPlace:
    """The rows of a query, each a document."""

    url: str = _key(
        MISSING, "address of the database, as SQLAlchemy writes it, without a password", local=True
    )
    query: str = _key(MISSING, "one SELECT; it runs in a read-only transaction")
    id: str = _key("id", "column that identifies a row")
    text: str = _key("text", "column of the text; the others become fields, and `title` the title")
    format: str = _key("plain", "what the text is written in", choices=("plain", "markdown", "html"))
    password_env: str = _key("", "environment variable of the password", variable=True)


Place: TypeAlias = FolderPlace | GitPlace | WebPlace | S3Place | SqlPlace
KINDS: Final[Mapping[str, type[Place]]] = {
    "folder": FolderPlace,
    "git": GitPlace,
    "web": WebPlace,
    "s3": S3Place,
    "sql": SqlPlace,
}


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """A declared source. `every` is the seconds between runs, 0 for on demand."""

    name: str
    kind: str
    place: Place
    every: float = 0.0
    most_removed: float = 0.5

    @property
    def watch(self) -> bool:
        return isinstance(self.place, FolderPlace) and self.place.watch


COMMON: Final = ("name", "kind", "every", "most_removed")


def declared(tables: Any, where: str, folder: Path) -> tuple[SourceConfig, ...]:
    """Return the sources of the [[sources]] tables of a file. BadInput, with the key, for what is not as it should be.

    Relative paths start at `folder`.
    """
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        raise BadInput(
            f"'sources' in {where} is a list of tables: write [[sources]] and the keys of one under it"
        )
    found = [
        _source(table, f"[[sources]] {number} in {where}", folder) for number, table in enumerate(tables, 1)
    ]
    names = [one.name for one in found]
    for name in names:
        if names.count(name) > 1:
            raise BadInput(f"two sources in {where} are named {name!r}; give each a name of its own")
    return tuple(found)


def _source(table: Mapping[str, Any], where: str, folder: Path) -> SourceConfig:
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise BadInput(f"kind is {kind!r} of {where}; it must be one of {', '.join(KINDS)}")
    keys = {one.name: one for one in fields(KINDS[kind])}
    for key in table:
        if key not in keys and key not in COMMON:
            raise BadInput(f"unknown key {key!r} of {where}; a source of kind {kind} has {_known(keys)}")
    name = table.get("name")
    if not isinstance(name, str) or not re.fullmatch(r"[\w][\w. -]{0,99}", name):
        raise BadInput(f"name is {name!r} of {where}; give it a short name of letters and digits")
    for key, one in keys.items():
        if one.default is MISSING and key not in table:
            raise BadInput(f"{key} is missing of {where}: {one.metadata['about']}")
    place: Any = KINDS[kind](
        **{key: _value(keys[key], value, where, folder) for key, value in table.items() if key in keys}
    )
    share = table.get("most_removed", 0.5)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise BadInput(f"most_removed is {share!r} of {where}; it must be a number from 0 to 1")
    return SourceConfig(name, kind, place, seconds_of(table.get("every", ""), where), float(share))


def seconds_of(text: Any, where: str) -> float:
    """Return "90s", "10m", "1h" or "1d" in seconds; 0 for "". BadInput for anything else."""
    if text == "":
        return 0.0
    found = re.fullmatch(r"(\d{1,6})([smhd])", text) if isinstance(text, str) else None
    if found is None or int(found[1]) < LEAST_EVERY:
        raise BadInput(f'every is {text!r} of {where}; write how often as "30s", "10m", "1h" or "1d"')
    return float(int(found[1]) * SECONDS[found[2]])


def _known(keys: Mapping[str, Any]) -> str:
    return ", ".join([*COMMON, *keys])


def _value(key: Field[Any], value: Any, where: str, folder: Path) -> Any:
    """Return a value in its key's type and bounds."""
    rules, kind = key.metadata, str(key.type)
    said = f"{key.name} is {value!r} of {where}; it must be"
    if rules.get("path"):
        if not isinstance(value, str) or not value:
            raise BadInput(f"{said} a path")
        return folder / Path(value).expanduser()
    if kind.startswith("tuple"):
        return _texts(value, said)
    if kind == "bool":
        if not isinstance(value, bool):
            raise BadInput(f"{said} true or false")
        return value
    if kind in ("int", "float"):
        return _number(key, value, said)
    if not isinstance(value, str) or (not value and key.default is MISSING):
        raise BadInput(f"{said} text")
    if value not in rules.get("choices", (value,)):
        raise BadInput(f"{said} one of {', '.join(rules['choices'])}")
    if rules.get("variable") and value and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
        # The value is not repeated: it may be the secret itself, pasted by mistake.
        raise BadInput(
            f"{key.name} of {where} is not the name of an environment variable; put the name there"
        )
    return _from(folder, value) if rules.get("local") else value


def _from(folder: Path, url: str) -> str:
    """Return an address; where it is a path, or SQLite's of a relative one, as a path that starts at `folder`."""
    if url.startswith("sqlite:///") and not url.startswith("sqlite:////"):
        return f"sqlite:///{folder / url.removeprefix('sqlite:///')}"
    return url if "://" in url or "::" in url or "@" in url else str(folder / Path(url).expanduser())


def _texts(value: Any, said: str) -> tuple[str, ...]:
    if (
        not isinstance(value, Sequence)
        or isinstance(value, str)
        or not all(isinstance(o, str) for o in value)
    ):
        raise BadInput(f'{said} a list of patterns, like ["*.md"]')
    return tuple(value)


def _number(key: Field[Any], value: Any, said: str) -> int | float:
    kind = int if str(key.type) == "int" else float
    least, most = key.metadata["least"], key.metadata["most"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise BadInput(f"{said} a number from {least} to {most}")
    if kind is int and value != int(value):
        raise BadInput(f"{said} a whole number")
    return kind(value)
