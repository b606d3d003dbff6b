"""What an adapter has to be: the few protocols, in the words of `model`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from citewell.incoming import Blob, Item
from citewell.model import Delta, Fields, Found, Hit, Point, Prompt, Query

if TYPE_CHECKING:
    from citewell.filters import Filter
    from citewell.model import Matrix, Vector

Retriever: TypeAlias = Callable[[Query], list[Hit]]
Find: TypeAlias = Callable[[Query], Awaitable[Found]]
"""What finds the passages that a chat model is shown. Techniques wrap one."""
Reranker: TypeAlias = Callable[[str, Sequence[str]], Sequence[float]]
Scored: TypeAlias = list[tuple[str, float]]
"""Point ids with scores, best first."""
Scheme: TypeAlias = Literal["bm25", "tfidf"]


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


@dataclass(frozen=True, slots=True)
class Place:
    """Where an index is kept: a folder of this machine, or a collection at a server's address.

    `key_env` names the environment variable of the key or password ("" is the store's own). `timeout` is how many
    seconds one answer may take. `library` identifies the catalog that the index is a projection of: a store that
    other libraries can reach too notes it, and refuses another one's collection.
    """

    folder: Path
    url: str = ""
    collection: str = "citewell"
    key_env: str = ""
    timeout: float = 10.0
    library: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """What a store that answers says of itself: what it is, with its version; what scores words; whence IDF comes."""

    store: str
    scorer: str
    idf: str


class Index(Protocol):
    """A disposable projection of the catalog. Ids are UUIDs; a put replaces; a drop ignores the unknown.

    What was put, dropped or set is seen by the next call. A filter that the store cannot express raises
    Unsupported, and is never dropped: the library then resolves it to ids of documents, in the field `id`.
    BadInput for a vector of another length than the index holds; Corrupt when the collection is gone;
    ProviderError when the store's server fails.

    `knows` says of each word in small letters whether a passage has it, or had it; `frequencies`, how many
    have it, counting up to `most`. A word that is never looked for, like "the", is known, and `most` have it.
    `languages` are those that passages are written in (ISO 639-1), English first.
    """

    def put(self, points: Sequence[Point]) -> None: ...
    def drop(self, ids: Sequence[str]) -> None: ...
    def set_fields(self, ids: Sequence[str], fields: Fields) -> None: ...
    def dense(self, vector: Vector, limit: int, where: Filter | None) -> Scored: ...
    def lexical(self, text: str, limit: int, where: Filter | None, scheme: Scheme) -> Scored: ...
    def knows(self, words: Sequence[str]) -> list[bool]: ...
    def frequencies(self, words: Sequence[str], most: int, where: Filter | None) -> list[int]: ...
    def languages(self) -> tuple[str, ...]: ...
    def ids(self) -> Iterator[str]: ...
    def count(self) -> int: ...
    def flush(self) -> None: ...
    def optimize(self) -> bool: ...
    def health(self) -> Health: ...
    def close(self) -> None: ...


class Source(Protocol):
    """A place that documents come from. The sync decides what to add and remove."""

    @property
    def name(self) -> str: ...
    def items(self) -> Iterator[Item]: ...
    def fetch(self, item: Item) -> Blob: ...
