"""Haystack: 200-word splits (its default), in-memory store; hybrid = BM25 + vectors, joined by RRF."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from haystack import Document, Pipeline
from haystack.components.joiners import DocumentJoiner
from haystack.components.preprocessors import DocumentSplitter
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)
from sentence_transformers import SentenceTransformer

from bench.peers.protocol import DEPTH, Page, Search

NAME = "Haystack"
PACKAGES = ("haystack-ai", "sentence-transformers-haystack", "sentence-transformers", "torch")


class Haystack:
    """An InMemoryDocumentStore behind Haystack's documented hybrid retrieval pipeline."""

    def __init__(self, model: str) -> None:
        self._model = model
        self.limit = int(SentenceTransformer(model).max_seq_length or 256)
        self._embedder = SentenceTransformersDocumentEmbedder(model=model, progress_bar=False)
        self._embedder.warm_up()
        self._store = InMemoryDocumentStore()

    def embedding(self) -> tuple[Any, str]:
        return SentenceTransformer, "encode"

    def ingest(self, pages: list[Page]) -> int:
        documents = [Document(content=page.whole(), meta={"page": page.id}) for page in pages]
        splitter = DocumentSplitter()
        splitter.warm_up()
        return self._keep(splitter.run(documents=documents)["documents"])

    def index(self, texts: list[str]) -> None:
        self._keep([Document(content=text) for text in texts])

    def embed(self, texts: list[str]) -> None:
        self._embedder.run(documents=[Document(content=text) for text in texts])

    def searches(self) -> Mapping[str, Search]:
        return {"hybrid": self._hybrid(), "vector": self._vector()}

    def _keep(self, passages: list[Document]) -> int:
        self._store.write_documents(self._embedder.run(documents=passages)["documents"])
        return len(passages)

    def _hybrid(self) -> Search:
        pipeline = Pipeline()
        pipeline.add_component(
            "text", SentenceTransformersTextEmbedder(model=self._model, progress_bar=False)
        )
        pipeline.add_component("dense", InMemoryEmbeddingRetriever(self._store, top_k=DEPTH))
        pipeline.add_component("words", InMemoryBM25Retriever(self._store, top_k=DEPTH))
        pipeline.add_component("join", DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=DEPTH))
        pipeline.connect("text.embedding", "dense.query_embedding")
        pipeline.connect("dense.documents", "join.documents")
        pipeline.connect("words.documents", "join.documents")
        pipeline.warm_up()

        def search(question: str) -> list[tuple[str, float]]:
            return _found(pipeline.run({"text": {"text": question}, "words": {"query": question}})["join"])

        return search

    def _vector(self) -> Search:
        pipeline = Pipeline()
        pipeline.add_component(
            "text", SentenceTransformersTextEmbedder(model=self._model, progress_bar=False)
        )
        pipeline.add_component("dense", InMemoryEmbeddingRetriever(self._store, top_k=DEPTH))
        pipeline.connect("text.embedding", "dense.query_embedding")
        pipeline.warm_up()
        return lambda question: _found(pipeline.run({"text": {"text": question}})["dense"])


def _found(result: Any) -> list[tuple[str, float]]:
    return [(hit.meta["page"], hit.score or 0.0) for hit in result["documents"]]


def start(model: str) -> Haystack:
    """Load the model."""
    return Haystack(model)
