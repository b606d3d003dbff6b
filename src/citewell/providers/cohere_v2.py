"""Cohere's chat, embed and rerank (version 2 of its API), through its official SDK (extra `cohere`)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import cohere
import httpx
from cohere.core.api_error import ApiError

from citewell.errors import ProviderError
from citewell.model import Delta, Prompt, Usage
from citewell.providers.hosted_vectors import Told, batches, counted, dimensions_of, unit
from citewell.providers.remote import CONNECT_SECONDS, SILENT_SECONDS, Remote, tried, tried_now

if TYPE_CHECKING:
    from citewell.model import Matrix

T = TypeVar("T")
URL: Final = "https://api.cohere.com"
KEY: Final = "CO_API_KEY"
TIMEOUT: Final = httpx.Timeout(SILENT_SECONDS, connect=CONNECT_SECONDS)
BATCH: Final = 96
"""Most texts that embed takes at once."""
KINDS: Final = {"query": "search_query", "passage": "search_document"}
DIMENSIONS: Final = {
    "embed-v4.0": 1536,
    "embed-english-v3.0": 1024,
    "embed-multilingual-v3.0": 1024,
    "embed-english-light-v3.0": 384,
    "embed-multilingual-light-v3.0": 384,
}


class CohereChat:
    """A chat model of Cohere's; `url` "" is the hosted service.

    Failures that may pass are tried again, up to 3 times, honouring Retry-After, but only before the first token.
    ProviderError says what to do. Closing the iterator closes the connection.
    """

    def __init__(self, url: str, name: str, *, key_env: str = KEY, max_tokens: int = 512) -> None:
        self._remote = _remote("chat.", url, name, key_env)
        self.name = name
        self._max_tokens = max_tokens

    async def stream(self, prompt: Prompt) -> AsyncIterator[Delta]:
        """Yield the answer as it is written; the last delta carries the usage."""
        remote = self._remote
        async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=remote.outside) as http:
            client = cohere.AsyncClientV2(httpx_client=http, **_options(remote))
            events = await tried(lambda: self._open(client, prompt))
            async with aclosing(events):
                async for delta in self._deltas(events):
                    yield delta

    async def _open(self, client: cohere.AsyncClientV2, prompt: Prompt) -> Any:
        """Return the stream after its first event: what fails until then may be tried again."""
        messages: Any = [{"role": one.role, "content": one.content} for one in prompt.messages]
        events = client.chat_stream(
            model=self.name, messages=messages, max_tokens=self._max_tokens, temperature=0
        )
        try:
            first = await anext(events, None)
        except (ApiError, httpx.TransportError) as error:
            raise _error(self._remote, error) from None
        if first is None:
            raise ProviderError(f"{self._remote.url!r} sent no answer; is it Cohere's API? set chat.url")
        return events

    async def _deltas(self, events: Any) -> AsyncIterator[Delta]:
        end: Any = None
        try:
            async for event in events:
                content = event.delta.message.content if event.type == "content-delta" else None
                if content is not None and content.text:
                    yield Delta(content.text)
                end = event.delta if event.type == "message-end" else end
        except (ApiError, httpx.TransportError) as error:
            raise _error(self._remote, error) from None
        if end is None:
            raise self._remote.failed("its answer has no end")
        if end.finish_reason == "TIMEOUT":
            raise self._remote.failed("it ran out of time")
        if str(end.finish_reason).startswith("ERROR"):
            raise self._remote.declined(end.error or end.finish_reason)
        tokens = (end.usage.billed_units or end.usage.tokens) if end.usage else None
        yield Delta(
            "", (tokens and Usage(int(tokens.input_tokens or 0), int(tokens.output_tokens or 0))) or None
        )


class CohereEmbedder:
    """An Embedder: questions and passages are told apart, as the models want it. Safe to share between threads.

    `max_tokens` is what every model of Cohere's reads; `count` estimates.
    """

    max_tokens: Final = 500
    at_once: Final = BATCH

    def __init__(self, url: str, name: str, *, key_env: str = KEY, dimensions: int = 0) -> None:
        self._remote = _remote("embed.", url, name, key_env)
        self.dimensions = dimensions_of(name, dimensions, DIMENSIONS)
        self.name = f"cohere:{name}:{self.dimensions}"
        self._asked = {"output_dimension": dimensions} if dimensions else {}
        self.told = Told()

    def embed(self, texts: Sequence[str], *, kind: Literal["query", "passage"]) -> Matrix:
        """Return float32 (len(texts), dimensions), rows of length 1. 96 texts a request."""
        rows: list[list[float]] = []
        for some in batches(texts, BATCH):
            found = _asked(self._remote, partial(self._embed, some, kind))
            rows += found.embeddings.float_ or []
            self.told.tokens += _billed(found, "input_tokens")
        return unit(rows, len(texts), self.dimensions, self._remote.name)

    def _embed(self, texts: list[str], kind: str, client: cohere.ClientV2) -> Any:
        return client.embed(
            model=self._remote.name,
            input_type=KINDS[kind],
            texts=texts,
            embedding_types=["float"],
            **self._asked,  # type: ignore[arg-type]
        )

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return an estimate of the tokens in each text."""
        return counted(texts)


class CohereReranker:
    """A Reranker: question and texts -> how well each answers, 0 to 1. Safe to share between threads."""

    def __init__(self, url: str, name: str, *, key_env: str = KEY) -> None:
        self._remote = _remote("search.rerank_", url, name, key_env)
        self.told = Told()

    def __repr__(self) -> str:
        return f"CohereReranker({self._remote.name!r})"

    def __call__(self, question: str, texts: Sequence[str]) -> list[float]:
        """Return a score from 0 to 1 for each text, in one request."""
        if not texts:
            return []
        name = self._remote.name
        found = _asked(
            self._remote, lambda client: client.rerank(model=name, query=question, documents=list(texts))
        )
        self.told.searches += _billed(found, "search_units")
        scores = {one.index: float(one.relevance_score) for one in found.results}
        if set(scores) != set(range(len(texts))):
            raise self._remote.failed(f"it scored {len(scores)} of {len(texts)} texts")
        return [scores[at] for at in range(len(texts))]


def _remote(section: str, url: str, name: str, key_env: str) -> Remote:
    # The SDK adds the /v2 itself.
    return Remote(section, name, url.rstrip("/").removesuffix("/v2") or URL, key_env)


def _billed(found: Any, name: str) -> int:
    """Return what a response says that is charged."""
    return int(getattr(getattr(found.meta, "billed_units", None), name, None) or 0)


def _options(remote: Remote) -> dict[str, Any]:
    # Never no key at all: the SDK would look for one in places of its own.
    return {"api_key": remote.key() or "none", "base_url": remote.url, "max_retries": 0}


def _asked(remote: Remote, call: Callable[[Any], T]) -> T:
    """Return what the service answers, trying again what may pass."""

    def once() -> T:
        with httpx.Client(timeout=TIMEOUT, trust_env=remote.outside) as http:
            try:
                return call(cohere.ClientV2(httpx_client=http, **_options(remote)))
            except (ApiError, httpx.TransportError) as error:
                raise _error(remote, error) from None

    return tried_now(once)


def _error(remote: Remote, error: ApiError | httpx.TransportError) -> ProviderError:
    """Return the one clear error for what the SDK raised."""
    if isinstance(error, httpx.ConnectError):
        return remote.unreachable()
    if isinstance(error, httpx.TransportError):
        return remote.failed(type(error).__name__)
    body = error.body if isinstance(error.body, dict) else {"message": error.body}
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    # 498 is Cohere's own: the key was blocked.
    status = 401 if error.status_code == 498 else error.status_code or 500
    return remote.refused(status, body.get("message", body), headers.get("retry-after"))
