"""Declared sources -> adapters, made when they run: a folder may be missing now, and a package may come later."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from citewell import plugins
from citewell.declared import (
    FolderPlace,
    GitPlace,
    S3Place,
    SourceConfig,
    WebPlace,
)
from citewell.errors import BadInput, MissingExtra
from citewell.protocols import Source
from citewell.schedule import Planned
from citewell.settings import ReadConfig


def planned(sources: Sequence[SourceConfig], read: ReadConfig, cache: Path) -> tuple[Planned, ...]:
    """Return the declared sources with how each is made; `cache` holds copies of git repositories."""
    return tuple(Planned(one, name_of(one), partial(made, one, read, cache)) for one in sources)


def name_of(config: SourceConfig) -> str:
    """Return the name that a source has in the catalog. A folder is the one that `citewell add` knows."""
    if isinstance(config.place, FolderPlace):
        return f"folder:{os.path.abspath(config.place.path)}"
    return f"{config.kind}:{config.name}"


def made(config: SourceConfig, read: ReadConfig, cache: Path, memory: dict[str, Any]) -> Source:
    """Return the adapter. MissingExtra without its package, BadInput or NotFound for what it cannot be."""
    make: Any = plugins.load("sources", config.kind)
    place, called = config.place, config.name
    if isinstance(place, FolderPlace):
        return _folder(make, place, read)
    given = {field.name: getattr(place, field.name) for field in fields(place)}
    # Keys of the configuration that an adapter has under another name, or as what they name.
    if "allow_private" in given:
        given["private"] = given.pop("allow_private")
    for key in [key for key in given if key.endswith("_env")]:
        given[key.removesuffix("_env")] = secret(given.pop(key), key)
    if isinstance(place, GitPlace):
        given |= {"cache": cache, "memory": memory}
    elif isinstance(place, WebPlace):
        given |= {"max_seconds": read.max_seconds, "memory": memory}
    elif isinstance(place, S3Place):
        given |= {"max_seconds": read.max_seconds}
    source: Source = make(**given, max_bytes=read.max_bytes, called=called)
    return source


def _folder(make: Any, place: FolderPlace, read: ReadConfig) -> Source:
    from citewell.sources.folder import EXCLUDED

    if place.watch and find_spec("watchfiles") is None:
        raise MissingExtra("watching a folder needs the package 'watchfiles': pip install 'citewell[watch]'")
    exclude = (*EXCLUDED, *place.exclude)
    source: Source = make(place.path, include=place.include, exclude=exclude, max_bytes=read.max_bytes)
    return source


def secret(variable: str, key: str) -> str:
    """Return what an environment variable holds, "" when none is named. BadInput when it is not set."""
    if not variable:
        return ""
    if not os.environ.get(variable):
        raise BadInput(f"{key} names the environment variable {variable!r}, which is not set; set it")
    return os.environ[variable]
