"""LlamaIndex: its default splitting (1,024 tokens) and vector index; hybrid = BM25 + vectors by RRF."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llama_index.core import Document, Settings, VectorStoreIndex
from llama_index.core.llms import MockLLM
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.retrievers.fusion_retriever import FUSION_MODES
from llama_index.core.schema import TextNode
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.retrievers.bm25 import BM25Retriever
from sentence_transformers import SentenceTransformer

from bench.peers.protocol import DEPTH, Page, Search

NAME = "LlamaIndex"
PACKAGES = (
    "llama-index-core",
    "llama-index-embeddings-huggingface",
    "llama-index-retrievers-bm25",
    "sentence-transformers",
    "torch",
)


class LlamaIndex:
    """A VectorStoreIndex in memory, and a BM25 retriever over the same nodes."""

    def __init__(self, model: str) -> None:
        self._embedder = HuggingFaceEmbedding(model_name=model)
        self.limit = int(self._embedder.max_length or 256)
        Settings.embed_model = self._embedder
        Settings.llm = MockLLM()

    def embedding(self) -> tuple[Any, str]:
        return SentenceTransformer, "encode"

    def ingest(self, pages: list[Page]) -> int:
        documents = [Document(text=page.whole(), doc_id=page.id) for page in pages]
        return self._keep(VectorStoreIndex.from_documents(documents))

    def index(self, texts: list[str]) -> None:
        self._keep(VectorStoreIndex([TextNode(text=text) for text in texts]))

    def embed(self, texts: list[str]) -> None:
        self._embedder.get_text_embedding_batch(texts)

    def searches(self) -> Mapping[str, Search]:
        fused = QueryFusionRetriever(
            [self._vectors, self._words],
            similarity_top_k=DEPTH,
            num_queries=1,
            mode=FUSION_MODES.RECIPROCAL_RANK,
            use_async=False,
        )
        return {"hybrid": _search(fused), "vector (default)": _search(self._vectors)}

    def _keep(self, index: VectorStoreIndex) -> int:
        nodes = list(index.docstore.docs.values())
        self._vectors = index.as_retriever(similarity_top_k=DEPTH)
        self._words = BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=min(DEPTH, len(nodes)))
        return len(nodes)


def _search(retriever: Any) -> Search:
    return lambda question: [(hit.node.ref_doc_id, hit.score) for hit in retriever.retrieve(question)]


def start(model: str) -> LlamaIndex:
    """Load the model."""
    return LlamaIndex(model)
