"""LangChain with Chroma: 1,000-character recursive splits, overlap 200; hybrid = ensemble with its BM25."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_chroma import Chroma
from langchain_classic.retrievers import EnsembleRetriever
from langchain_community.retrievers import BM25Retriever
from langchain_core.documents import Document
from langchain_huggingface import HuggingFaceEmbeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter
from sentence_transformers import SentenceTransformer

from bench.peers.protocol import DEPTH, Page, Search

NAME = "LangChain + Chroma"
PACKAGES = (
    "langchain-core",
    "langchain-classic",
    "langchain-community",
    "langchain-chroma",
    "chromadb",
    "sentence-transformers",
    "torch",
)


class LangChain:
    """A Chroma collection in memory, and a BM25 retriever over the same documents."""

    def __init__(self, model: str) -> None:
        self._embedder = HuggingFaceEmbeddings(model_name=model)
        self.limit = int(SentenceTransformer(model).max_seq_length or 256)

    def embedding(self) -> tuple[Any, str]:
        return SentenceTransformer, "encode"

    def ingest(self, pages: list[Page]) -> int:
        splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
        documents = [Document(page_content=page.whole(), metadata={"page": page.id}) for page in pages]
        return self._keep(splitter.split_documents(documents))

    def index(self, texts: list[str]) -> None:
        self._keep([Document(page_content=text, metadata={"page": str(i)}) for i, text in enumerate(texts)])

    def embed(self, texts: list[str]) -> None:
        self._embedder.embed_documents(texts)

    def searches(self) -> Mapping[str, Search]:
        nearest = self._store.as_retriever(search_kwargs={"k": DEPTH})
        both = EnsembleRetriever(retrievers=[self._words, nearest], weights=[0.5, 0.5])
        return {"hybrid": _search(both), "vector (default)": _search(nearest)}

    def _keep(self, documents: list[Document]) -> int:
        self._store = Chroma.from_documents(documents, self._embedder)
        self._words = BM25Retriever.from_documents(documents, k=DEPTH)
        return len(documents)


def _search(retriever: Any) -> Search:
    """A retriever gives no scores: the rank stands for it."""
    return lambda question: [
        (hit.metadata["page"], 1 / rank) for rank, hit in enumerate(retriever.invoke(question), start=1)
    ]


def start(model: str) -> LangChain:
    """Load the model."""
    return LangChain(model)
