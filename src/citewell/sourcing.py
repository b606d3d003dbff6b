"""Declared sources -> adapters, made when they run: a folder may be missing now, and a package may come later."""

from __future__ import annotations

import os
from collections.abc import Sequence
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
    SqlPlace,
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
    place = config.place
    bounds = {"max_bytes": read.max_bytes}
    match place:
        case FolderPlace():
            if place.watch and find_spec("watchfiles") is None:
                raise MissingExtra(
                    "watching a folder needs the package 'watchfiles': pip install 'citewell[watch]'"
                )
            from citewell.sources.folder import EXCLUDED

            source: Source = make(place.path, place.include, (*EXCLUDED, *place.exclude), **bounds)
        case GitPlace():
            source = make(
                place.url,
                place.branch,
                place.include,
                place.exclude,
                secret(place.token_env, "token_env"),
                place.allow_private,
                cache,
                called=config.name,
                memory=memory,
                **bounds,
            )
        case WebPlace():
            source = make(
                place.url,
                include=place.include,
                exclude=place.exclude,
                sitemap=place.sitemap,
                follow=place.follow,
                queries=place.queries,
                pages=place.pages,
                delay=place.delay,
                private=place.allow_private,
                max_seconds=read.max_seconds,
                called=config.name,
                memory=memory,
                **bounds,
            )
        case S3Place():
            source = make(
                place.bucket,
                place.prefix,
                endpoint=place.endpoint,
                region=place.region,
                include=place.include,
                exclude=place.exclude,
                key=secret(place.key_env, "key_env"),
                secret=secret(place.secret_env, "secret_env"),
                private=place.allow_private,
                called=config.name,
                max_seconds=read.max_seconds,
                **bounds,
            )
        case SqlPlace():
            source = make(
                place.url,
                place.query,
                id=place.id,
                text=place.text,
                format=place.format,
                password=secret(place.password_env, "password_env"),
                called=config.name,
                **bounds,
            )
    return source


def secret(variable: str, key: str) -> str:
    """Return what an environment variable holds, "" when none is named. BadInput when it is not set."""
    if not variable:
        return ""
    if not os.environ.get(variable):
        raise BadInput(f"{key} names the environment variable {variable!r}, which is not set; set it")
    return os.environ[variable]
