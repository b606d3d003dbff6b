"""Names in the configuration -> code, loaded only when chosen. Imports no adapter.

A package can add its own through the entry point groups `citewell.embedders`, `citewell.chats`, `citewell.indexes`
and `citewell.techniques`.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final

from citewell.errors import BadInput, MissingExtra
from citewell.protocols import Health, Place
from citewell.settings import ChatConfig

TABLES: Final = {
    "embedders": {
        "minilm": "citewell.providers.minilm:MiniLM",
        "hash": "citewell.testing:HashEmbedder",
        "onnx": "citewell.providers.onnx_embedder:make",
        "openai": "citewell.providers.openai_embeddings:OpenAIEmbedder",
        "cohere": "citewell.providers.cohere_v2:CohereEmbedder",
    },
    "chats": {
        "extract": "citewell.answer.extract:Extract",
        "local": "citewell.providers.local_gguf:LocalGguf",
        "openai": "citewell.providers.openai_compatible:OpenAICompatible",
        "openai-responses": "citewell.providers.openai_responses:OpenAIResponses",
        "anthropic": "citewell.providers.anthropic_messages:Anthropic",
        "cohere": "citewell.providers.cohere_v2:CohereChat",
    },
    "techniques": {
        "multi-query": "citewell.techniques.multi_query:MultiQuery",
        "rag-fusion": "citewell.techniques.multi_query:rag_fusion",
        "step-back": "citewell.techniques.step_back:StepBack",
        "hyde": "citewell.techniques.hyde:Hyde",
        "decomposition": "citewell.techniques.decomposition:Decomposition",
        "decomposition-recursive": "citewell.techniques.decomposition:recursive",
        "logical-routing": "citewell.techniques.routing:LogicalRouting",
        "semantic-routing": "citewell.techniques.routing:SemanticRouting",
        "query-structuring": "citewell.techniques.query_structuring:QueryStructuring",
        "crag": "citewell.techniques.crag:Crag",
        "self-rag": "citewell.techniques.self_rag:SelfRag",
        "adaptive": "citewell.techniques.adaptive:Adaptive",
        "best-last": "citewell.techniques.order:best_last",
        "best-at-ends": "citewell.techniques.order:best_at_ends",
    },
    "sources": {
        "folder": "citewell.sources.folder:Folder",
        "git": "citewell.sources.git:Git",
        "web": "citewell.sources.web:Web",
        "s3": "citewell.sources.s3:S3",
        "sql": "citewell.sources.sql:Sql",
    },
    "indexes": {
        "edge": "citewell.index.qdrant_edge:open_edge",
        "qdrant": "citewell.index.qdrant:Qdrant",
        "pgvector": "citewell.index.pgvector:PgVector",
        "chroma": "citewell.index.chroma:Chroma",
        "pinecone": "citewell.index.pinecone:PineconeIndex",
        "weaviate": "citewell.index.weaviate:WeaviateIndex",
    },
    "rerankers": {"cohere": "citewell.providers.cohere_v2:CohereReranker"},
}
EXTRAS: Final = {
    "xllamacpp": "local",
    "anthropic": "anthropic",
    "httpx2": "anthropic",
    "cohere": "cohere",
    "watchfiles": "watch",
    "protego": "web",
    "selectolax": "web",
    "boto3": "s3",
    "botocore": "s3",
    "qdrant_client": "qdrant",
    "psycopg": "pgvector",
    "pgvector": "pgvector",
    "chromadb": "chroma",
    "pinecone": "pinecone",
    "weaviate": "weaviate",
    "grpc": "weaviate",
    "ir_measures": "eval",
    "scipy": "eval",
}
ONE: Final = {"indexes": "index"}
SHARED: Final = ("qdrant", "pgvector")
"""Indexes that several processes may use at once."""
KEYS: Final = {
    "openai": "OPENAI_API_KEY",
    "openai-responses": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "cohere": "CO_API_KEY",
}
"""Where each hosted service's key is, unless `key_env` says otherwise."""


def load(table: str, name: str) -> Any:
    """Return what a configured name stands for.

    BadInput for an unknown name; MissingExtra when its package is not installed.
    """
    names = TABLES[table] | {point.name: point.value for point in entry_points(group=f"citewell.{table}")}
    one = ONE.get(table, table[:-1])
    if name not in names:
        raise BadInput(f"there is no {one} {name!r}; choose one of {', '.join(sorted(names))}")
    module, attribute = names[name].split(":")
    try:
        return getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        missing = (error.name or "").split(".")[0]
        if missing == "citewell":
            raise
        extra = EXTRAS.get(missing)
        remedy = f"pip install 'citewell[{extra}]'" if extra else f"pip install {missing}"
        raise MissingExtra(f"{one} {name!r} needs the package {missing!r}: {remedy}") from error


def reach(store: str, place: Place) -> Health | None:
    """Ask an index's store what it is, changing nothing: its module's `reach(place)`, None where there is no such."""
    made = load("indexes", store)
    asks = getattr(import_module(made.__module__), "reach", None)
    found: Health | None = asks(place) if asks is not None else None
    return found


def chain(chat: ChatConfig) -> tuple[ChatConfig, ...]:
    """Return the configured chat model and its fallbacks, each as a configuration of its own.

    A fallback of the same service keeps its address and key. BadInput for one that is not written as it should be.
    """
    written = [one.strip() for one in chat.fallback.split(",") if one.strip()]
    return (chat, *(_fallback(chat, one) for one in written))


def _fallback(chat: ChatConfig, written: str) -> ChatConfig:
    model, _, rest = written.partition(":")
    name, _, url = rest.partition("@http")
    if model not in TABLES["chats"] or (model != "extract" and not name):
        known = ", ".join(TABLES["chats"])
        raise BadInput(
            f"chat.fallback has {written!r}; write MODEL:NAME or MODEL:NAME@URL with a model of {known} "
            "(extract stands alone)"
        )
    same = chat if model == chat.model else ChatConfig()
    return replace(
        chat,
        model=model,  # type: ignore[arg-type]
        name=name,
        path=Path(name).expanduser() if model == "local" else None,
        url=f"http{url}" if url else same.url,
        key_env=same.key_env,
        fallback="",
    )
