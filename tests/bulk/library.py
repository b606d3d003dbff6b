"""Libraries with the stub embedder, and documents for them, for tests of bulk ingest."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import citewell
from citewell.assemble import assemble
from citewell.incoming import Added, Blob, Failure
from citewell.library import Library
from citewell.prepare import Spread
from citewell.settings import Config, EmbedConfig

EMBED = EmbedConfig(model="hash")


def open_library(folder: Path, spread: Spread | None = None) -> Library:
    """Open a library with the hashing embedder, which needs no model."""
    config = Config()
    mine = replace(config, library=replace(config.library, path=folder), embed=EMBED)
    return assemble(mine, create=True, spread=spread)


def text(number: int, paragraphs: int = 6) -> str:
    """Return a document of several passages, no two alike: equal scores would be in any order."""
    choose = random.Random(number)
    words = [
        f"{one}{choose.randrange(500)}" for one in ("kettle", "lamp", "glows", "blue") for _ in range(40)
    ]
    parts = (" ".join(choose.choices(words, k=choose.randint(60, 150))) for _ in range(paragraphs))
    body = "\n\n".join(f"## Part {at}\n\nkettle{number} {part}" for at, part in enumerate(parts))
    return f"# Device {number}\n\n{body}"


def blobs(count: int) -> list[Blob]:
    """Return documents of which two are broken, one comes twice, and one is many."""
    found = [Blob(f"d{number}.md", text(number).encode()) for number in range(count)]
    records = "\n".join(
        f'{{"id": "r{n}", "title": "Record {n}", "text": "toaster{n} has slots {text(n, 1).split()[-1]}"}}'
        for n in range(5)
    )
    found[2:2] = [Blob("empty.md", b""), Blob("records.jsonl", records.encode())]
    return [*found, Blob("broken.pdf", b"%PDF-1.7 no more"), Blob("d1.md", text(1001).encode())]


def taken(library: Library, what: list[Blob]) -> list[Added | Failure]:
    """Take blobs in; return what was reported."""
    outcomes: list[Added | Failure] = []
    library.ingest(what, outcomes.append)
    return outcomes


def contents(library: Library) -> dict[str, Any]:
    """Return all that a library says of its documents, but when they came."""
    found = {}
    for entry in library.list(limit=10_000):
        _, document = library.get(entry.id)
        plain = (entry.version, entry.title, entry.passages, dict(entry.fields), entry.media_type)
        found[entry.id] = (plain, document.text)
    return found


def vectors(library: Library) -> dict[bytes, bytes]:
    """Return all stored vectors by hash."""
    catalog = library._parts.catalog
    return {key: vector.tobytes() for key, vector in catalog.embedded.vectors(catalog.embedded.all()).items()}


def found_by(library: Library, question: str) -> list[tuple[str, int, int, float]]:
    """Return the hits by words, without what differs between two libraries: passage ids, and the order of ties."""
    hits = library.search(citewell.Query(question, mode="keyword"))
    return sorted((h.passage.document_id, h.passage.start, h.passage.end, round(h.score, 5)) for h in hits)
