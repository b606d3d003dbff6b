"""txtai: paragraphs grouped to about 1,000 characters; hybrid=True (vectors and BM25), and vectors alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from txtai import Embeddings
from txtai.models import Pooling

from bench.peers.protocol import DEPTH, Page, Search

NAME = "txtai"
PACKAGES = ("txtai", "faiss-cpu", "transformers", "torch")
CHARACTERS = 1000


class Txtai:
    """A hybrid Embeddings database in memory."""

    def __init__(self, model: str) -> None:
        self._database = Embeddings(path=model, hybrid=True)
        self._database.model = self._database.loadvectors()
        self.limit = int(self._database.model.model.maxlength or 512)
        self._pages: list[str] = []

    def embedding(self) -> tuple[Any, str]:
        return Pooling, "encode"

    def ingest(self, pages: list[Page]) -> int:
        passages = [(page.id, text) for page in pages for text in _groups(page.whole())]
        self._pages = [page for page, _ in passages]
        self._database.index([(number, text, None) for number, (_, text) in enumerate(passages)])
        return len(passages)

    def index(self, texts: list[str]) -> None:
        self._database.index([(number, text, None) for number, text in enumerate(texts)])

    def embed(self, texts: list[str]) -> None:
        self._database.model.encode(texts)

    def searches(self) -> Mapping[str, Search]:
        return {"hybrid": self._search(None), "vector weight 1": self._search(1.0)}

    def _search(self, weights: float | None) -> Search:
        def search(question: str) -> list[tuple[str, float]]:
            found = self._database.search(question, DEPTH, weights=weights)
            return [(self._pages[number], score) for number, score in found]

        return search


def _groups(text: str) -> Iterator[str]:
    """Join paragraphs (parted by blank lines, as txtai's own segmentation does) while they fit."""
    group = ""
    for paragraph in re.split(r"\n{2,}", text):
        if group and len(group) + len(paragraph) > CHARACTERS:
            yield group
            group = ""
        group = f"{group}\n\n{paragraph}" if group else paragraph
    if group.strip():
        yield group


def start(model: str) -> Txtai:
    """Load the model."""
    return Txtai(model)
