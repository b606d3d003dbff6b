"""Citewell, by its public Python interface, on disk, with its defaults."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.peers.protocol import DEPTH, Page, Search
from citewell import plugins
from citewell.assemble import assemble
from citewell.evaluate import pages as pages_of_hits
from citewell.incoming import Added, Blob, Failure
from citewell.library import Library
from citewell.model import Mode, Query
from citewell.settings import Config

NAME = "Citewell"
PACKAGES = ("citewell", "onnxruntime", "tokenizers", "qdrant-edge-py")
MODES: tuple[Mode, ...] = ("hybrid", "dense", "keyword")


class Citewell:
    """A library in a folder of its own; passages that are given are documents of one passage each."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="citewell-bench-")
        self._config = _config(Path(self._folder.name) / "library")
        self._kind = plugins.load("embedders", self._config.embed.model)
        self._embedder = self._kind(threads=self._config.embed.threads)
        self._library: Library = assemble(self._config, create=True)
        self.limit = int(self._embedder.max_tokens)

    def embedding(self) -> tuple[Any, str]:
        return self._kind, "embed"

    def ingest(self, pages: list[Page]) -> int:
        return self._take(
            Blob(
                page.id, page.text.encode(), "text/plain", fields={"title": page.title} if page.title else {}
            )
            for page in pages
        )

    def index(self, texts: list[str]) -> None:
        count = self._take(Blob(f"p{i}.txt", text.encode(), "text/plain") for i, text in enumerate(texts))
        if count != len(texts):
            raise SystemExit(f"{len(texts)} passages became {count}: the comparison would not be fair")

    def embed(self, texts: list[str]) -> None:
        self._embedder.embed(texts, kind="passage")

    def searches(self) -> Mapping[str, Search]:
        return {mode: self._search(mode) for mode in MODES}

    def _search(self, mode: Mode) -> Search:
        return lambda text: list(pages_of_hits(self._library.search(Query(text, limit=DEPTH, mode=mode))))

    def _take(self, blobs: Iterable[Blob]) -> int:
        outcomes: list[Added | Failure] = []
        self._library.ingest(blobs, outcomes.append)
        for failure in (one for one in outcomes if isinstance(one, Failure)):
            print(f"refused: {failure.name}: {failure.reason}")
        return sum(one.passages for one in outcomes if isinstance(one, Added))


def _config(folder: Path) -> Config:
    config = Config()
    return replace(config, library=replace(config.library, path=folder))


def start(model: str) -> Citewell:
    """Load the model (Citewell finds the same weights itself)."""
    return Citewell()
