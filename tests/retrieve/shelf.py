"""Hits and libraries for the tests of retrieval."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import citewell
from citewell.catalog.ids import passage_id
from citewell.library import Library
from citewell.model import Document, Entry, Hit, Passage, Query
from tests.stores import config_of


def entry(name: str) -> Entry:
    return Entry(name, 1, name, "", "text/plain", {}, 1, 1, "", "")


def hit(text: str, key: int, score: float = 1.0, position: int = 0) -> Hit:
    name = f"d{key}"
    return Hit(Passage(passage_id(key, position), name, 1, text, 0, len(text)), entry(name), score)


class Ranked:
    """A retriever that always finds the same, best first; remembers how deep it was asked."""

    def __init__(self, hits: list[Hit]) -> None:
        self.hits = hits
        self.asked: list[int] = []

    def __call__(self, query: Query) -> list[Hit]:
        self.asked.append(query.limit)
        return self.hits[: query.limit]


def opened(folder: Path, texts: dict[str, str] | None = None, **settings: Any) -> Library:
    """Open a library with the hashing embedder. A setting is written section_key=value."""
    chosen = {name.replace("_", ".", 1): value for name, value in settings.items()}
    library = citewell.open(
        folder / "library", create=True, settings={**stored(folder / "library"), **chosen}
    )
    for name, text in (texts or {}).items():
        library.add(Document(name, text))
    return library


def stored(folder: Path) -> dict[str, str]:
    config = config_of(folder)
    return {"embed.model": "hash", "catalog.url": config.catalog.url, "catalog.schema": config.catalog.schema}


def found(library: Library, text: str, **options: Any) -> list[str]:
    return [one.passage.document_id for one in library.search(Query(text, **options))]
