"""Models with a meter: every call is admitted by the books before, and noted after, however it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from citewell.cost import tokens
from citewell.cost.books import Books, Entry, Planned, Status
from citewell.cost.prices import Price
from citewell.errors import ProviderError
from citewell.model import Delta, Prompt, Usage
from citewell.protocols import Chat, Embedder

if TYPE_CHECKING:
    from citewell.model import Matrix

SEARCH_TEXTS: Final = 100
SEARCH_TOKENS: Final = 500
"""A search is a question with up to 100 texts; a text of more than 500 tokens counts as several."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model that is paid for: its name, its price (None is not known), whether it listens on this machine."""

    name: str
    price: Price | None
    local: bool = False

    def most(self, prompt: int, completion: int = 0, searches: int = 0) -> int | None:
        """Return the most pico-dollars that a call can cost."""
        return None if self.price is None else self.price.cost(Usage(prompt, completion), searches)


class Told(Protocol):
    """What a service has said that it charges for, in calls of this thread."""

    tokens: int
    searches: int


class HostedEmbedder(Embedder, Protocol):
    """An embedder that sends `at_once` texts in a request."""

    @property
    def at_once(self) -> int: ...
    @property
    def told(self) -> Told: ...


class MeteredChat:
    """A Chat with a meter. A call that fails before any work is free; who hangs up pays by estimate."""

    def __init__(self, inner: Chat, model: Model, books: Books, max_tokens: int) -> None:
        self.name = inner.name
        self._inner, self._model, self._books, self._max_tokens = inner, model, books, max_tokens

    async def stream(self, prompt: Prompt) -> AsyncIterator[Delta]:
        """Yield the answer. OverBudget before anything is sent."""
        expected, most = tokens.of_messages(prompt.messages, self._model.name)
        entry = self._books.enter(
            Planned(
                "chat",
                self._model.name,
                self._model.price,
                expected,
                self._model.most(most, self._max_tokens),
            )
        )
        pieces: list[str] = []
        usage: Usage | None = None
        status: Status = "left"
        guessed: int | None = None
        try:
            # What is about to be spent is on disk before it is spent; a hang-up does not stop the writing.
            await asyncio.shield(asyncio.wrap_future(entry.written))
            guessed = expected
            stream: Any = self._inner.stream(prompt)
            async with aclosing(stream) as deltas:
                async for delta in deltas:
                    pieces.append(delta.text)
                    usage = delta.usage or usage
                    yield delta
            status = "done"
        except ProviderError as error:
            status = "failed"
            guessed = 0 if error.unpaid and not pieces else guessed
            raise
        finally:
            written = round(tokens.expected("".join(pieces), self._model.name))
            self._books.leave(entry, usage, status, Usage(guessed or 0, written))


class MeteredEmbedder:
    """An Embedder with a meter: each request to the service is a call of its own, admitted by itself."""

    def __init__(self, inner: HostedEmbedder, model: Model, books: Books) -> None:
        self.name, self.dimensions, self.max_tokens = inner.name, inner.dimensions, inner.max_tokens
        self._inner, self._model, self._books = inner, model, books

    def embed(self, texts: Sequence[str], *, kind: Literal["query", "passage"]) -> Matrix:
        """Return float32 (len(texts), dimensions), rows of length 1. OverBudget before anything more is sent."""
        import numpy as np

        size = self._inner.at_once
        parts = [self._embed(texts[at : at + size], kind) for at in range(0, len(texts), size)]
        return np.concatenate(parts) if parts else self._inner.embed((), kind=kind)

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens in each text, as the embedder counts them."""
        return self._inner.count(texts)

    def _embed(self, texts: Sequence[str], kind: Literal["query", "passage"]) -> Matrix:
        expected = round(sum(tokens.expected(text, self._model.name) for text in texts))
        most = self._model.most(sum(map(embedded_most, texts)))
        entry = self._books.enter(Planned("embed", self._model.name, self._model.price, expected, most))
        told = self._inner.told

        def took() -> Usage:
            return Usage(told.tokens)

        matrix: Matrix = _noted(self._books, entry, lambda: self._inner.embed(texts, kind=kind), took, told)
        return matrix


class MeteredReranker:
    """A Reranker with a meter."""

    def __init__(self, inner: Any, model: Model, books: Books) -> None:
        self._inner, self._model, self._books = inner, model, books

    def __repr__(self) -> str:
        return repr(self._inner)

    def __call__(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        """Return a score for each text. OverBudget before anything is sent."""
        if not texts:
            return []
        expected = round(sum(tokens.expected(text) for text in (question, *texts)))
        at_most = sum(-(-(tokens.most(question) + tokens.most(text)) // SEARCH_TOKENS) for text in texts)
        searches = -(-at_most // SEARCH_TEXTS)
        most = self._model.most(tokens.most(question) + sum(map(tokens.most, texts)), 0, searches)
        planned = Planned("rerank", self._model.name, self._model.price, expected, most, searches)
        told = self._inner.told
        entry = self._books.enter(planned)

        def took() -> Usage:
            return Usage(told.tokens)

        scores: Sequence[float] = _noted(self._books, entry, lambda: self._inner(question, texts), took, told)
        return scores


def embedded_most(text: str) -> int:
    """Return the most tokens that embedding a text takes: its bytes, and the marks around it."""
    return tokens.most(text) + 8


def _noted(books: Books, entry: Entry, call: Callable[[], Any], took: Callable[[], Usage], told: Told) -> Any:
    """Make a call that a service answers in one go, and note what it took by what the service says more than before."""
    before, searched = took(), told.searches
    status: Status = "failed"
    guess = Usage(entry.planned.expected)
    searches = entry.planned.searches
    try:
        entry.written.result()
        found = call()
        status = "done"
        return found
    except ProviderError as error:
        if error.unpaid:
            guess, searches = Usage(), 0
        raise
    finally:
        read = took().prompt_tokens - before.prompt_tokens
        searches = told.searches - searched or searches
        said = Usage(read) if read or told.searches > searched else None
        books.leave(entry, said, status, guess, searches)
