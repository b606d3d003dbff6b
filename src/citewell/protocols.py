"""What an adapter has to be: the few protocols, in the words of `model`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, runtime_checkable

from citewell.incoming import Blob, Item
from citewell.model import Delta, Fields, Found, Hit, Point, Prompt, Query

if TYPE_CHECKING:
    from threading import Event

    from citewell.filters import Filter
    from citewell.model import Matrix, Vector

Retriever: TypeAlias = Callable[[Query], list[Hit]]
Find: TypeAlias = Callable[[Query], Awaitable[Found]]
"""What finds the passages that a chat model is shown. Techniques wrap one."""
Reranker: TypeAlias = Callable[[str, Sequence[str]], Sequence[float]]
Scored: TypeAlias = list[tuple[str, float]]
"""Point ids with scores, best first."""


class Embedder(Protocol):
    """Text to unit vectors. `name` identifies model and weights: equal names, equal vectors."""

    @property
    def name(self) -> str: ...
    @property
    def dimensions(self) -> int: ...
    @property
    def max_tokens(self) -> int: ...

    def embed(self, texts: Sequence[str], *, kind: Literal["query", "passage"]) -> Matrix:
        """Return float32 of shape (len(texts), dimensions), each row of length 1."""
        ...

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return the number of the model's own tokens in each text, special tokens left out."""
        ...


class Chat(Protocol):
    """A language model, or `extract`. Closing the iterator stops the work."""

    @property
    def name(self) -> str: ...

    def stream(self, prompt: Prompt) -> AsyncIterator[Delta]:
        """Yield pieces of the answer; sentences end with marks like [1] that number `prompt.hits`."""
        ...


class Index(Protocol):
    """A disposable projection of the catalog. Ids are UUIDs; a put replaces; a drop ignores the unknown.

    `knows` says of each word in small letters whether a passage has it, or had it; `frequencies`, how many
    have it, counting up to `most`. A word that is never looked for, like "the", is known, and `most` have it.
    `languages` are those that passages are written in (ISO 639-1), English first.
    """

    def put(self, points: Sequence[Point]) -> None: ...
    def drop(self, ids: Sequence[str]) -> None: ...
    def set_fields(self, ids: Sequence[str], fields: Fields) -> None: ...
    def dense(self, vector: Vector, limit: int, where: Filter | None) -> Scored: ...
    def lexical(
        self, text: str, limit: int, where: Filter | None, scheme: Literal["bm25", "tfidf"]
    ) -> Scored: ...
    def knows(self, words: Sequence[str]) -> list[bool]: ...
    def frequencies(self, words: Sequence[str], most: int, where: Filter | None) -> list[int]: ...
    def languages(self) -> tuple[str, ...]: ...
    def ids(self) -> Iterator[str]: ...
    def count(self) -> int: ...
    def flush(self) -> None: ...
    def optimize(self) -> bool: ...
    def close(self) -> None: ...


class Source(Protocol):
    """A place that documents come from. The sync compares, and decides what to add and remove.

    `items` lists all that is there now, or raises: a list that is cut short would read as deletions. `fetch` returns
    an item's bytes, named by the item's id; BadInput when this one cannot be had, and the rest goes on.
    """

    @property
    def name(self) -> str: ...
    def items(self) -> Iterator[Item]: ...
    def fetch(self, item: Item) -> Blob: ...


@runtime_checkable
class Skips(Protocol):
    """A source that passes over some of what is there. `skipped` counts it by reason, for the last list."""

    def skipped(self) -> Mapping[str, int]: ...


@runtime_checkable
class Remembers(Protocol):
    """A source that needs something of its last run: what is in `memory` (JSON) after one is there at the next."""

    @property
    def memory(self) -> dict[str, Any]: ...


@runtime_checkable
class Watchable(Protocol):
    """A source that tells of changes: one True for several at once, False now and then, until `stop` is set."""

    def changed(self, stop: Event) -> Iterator[bool]: ...
