"""Embeddings of any server that speaks OpenAI's protocol: OpenAI, Ollama, vLLM, llama.cpp, and many more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

import httpx

from citewell.providers.hosted_vectors import Told, batches, counted, dimensions_of, unit
from citewell.providers.openai_http import headers_of, refusal
from citewell.providers.remote import CONNECT_SECONDS, SILENT_SECONDS, Remote, tried_now

if TYPE_CHECKING:
    from citewell.model import Matrix

URL: Final = "https://api.openai.com/v1"
BATCH: Final = 128
DIMENSIONS: Final = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
}


class OpenAIEmbedder:
    """An Embedder behind `url` + /embeddings; `url` "" is OpenAI's. Safe to share between threads.

    `told` counts what the service says that it read, for each thread. What may pass is tried again, up to 3 times.
    """

    max_tokens: Final = 500
    at_once: Final = BATCH

    def __init__(self, url: str, name: str, *, key_env: str = "OPENAI_API_KEY", dimensions: int = 0) -> None:
        self._remote = Remote("embed.", name, url.rstrip("/") or URL, key_env)
        self.dimensions = dimensions_of(name, dimensions, DIMENSIONS)
        self.name = f"openai:{name}:{self.dimensions}"
        # Only the models that can be cut short know the parameter.
        shorter = name.startswith("text-embedding-3") and self.dimensions != DIMENSIONS.get(name)
        self._asked = {"dimensions": self.dimensions} if shorter else {}
        self.told = Told()

    def embed(self, texts: Sequence[str], *, kind: Literal["query", "passage"]) -> Matrix:
        """Return float32 (len(texts), dimensions), rows of length 1. 128 texts a request."""
        timeout = httpx.Timeout(SILENT_SECONDS, connect=CONNECT_SECONDS)
        outside, headers = self._remote.outside, headers_of(self._remote)
        rows: list[list[float]] = []
        with httpx.Client(timeout=timeout, headers=headers, trust_env=outside) as client:
            for some in batches(texts, BATCH):
                rows += tried_now(lambda some=some: self._rows(client, some))  # type: ignore[misc]
        return unit(rows, len(texts), self.dimensions, self._remote.name)

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return an estimate of the tokens in each text."""
        return counted(texts)

    def _rows(self, client: httpx.Client, texts: list[str]) -> list[list[float]]:
        body = {"model": self._remote.name, "input": texts, "encoding_format": "float", **self._asked}
        try:
            response = client.post(f"{self._remote.url}/embeddings", json=body)
        except httpx.ConnectError:
            raise self._remote.unreachable() from None
        except httpx.TransportError as error:
            raise self._remote.failed(type(error).__name__) from None
        if not response.is_success:
            raise refusal(self._remote, response)
        try:
            found: dict[str, Any] = response.json()
            rows = [one["embedding"] for one in sorted(found["data"], key=lambda one: one["index"])]
        except (ValueError, KeyError, TypeError):
            raise self._remote.failed("its answer holds no embeddings") from None
        self.told.tokens += int((found.get("usage") or {}).get("prompt_tokens") or 0)
        return rows
