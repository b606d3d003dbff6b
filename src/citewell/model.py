"""The words of Citewell: frozen data and the few protocols that adapters implement.

Standard library only. Every room speaks in these types, so read this file first.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

    from citewell.filters import Filter

    Matrix: TypeAlias = NDArray[float32]
    Vector: TypeAlias = NDArray[float32]

Value: TypeAlias = str | int | float | bool | None | tuple[str, ...]
"""A metadata value. Dates are ISO 8601 strings in UTC, so they sort as text."""

Fields: TypeAlias = Mapping[str, Value]
Mode: TypeAlias = Literal["hybrid", "dense", "keyword", "tfidf"]
BlockKind: TypeAlias = Literal["heading", "paragraph", "item", "row", "code", "other"]
Verdict: TypeAlias = Literal["answered", "partial", "refused"]
Policy: TypeAlias = Literal["strict", "mark", "off"]
"""What becomes of sentences without support: left out, listed and marked, or shown like the others."""


@dataclass(frozen=True, slots=True)
class Block:
    """A structural span of a document's text: `text[start:end]`, in order, never overlapping.

    `level` is the depth of a heading (1 is the top), 0 for everything else. For a heading, `title` is
    its text without markup. For a table row, `title` is the table's header line, so that it can be
    embedded with the row. `page` is 1-based where the format has pages.
    """

    start: int
    end: int
    kind: BlockKind
    level: int = 0
    title: str = ""
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A text with its structure and metadata. `blocks` cover every non-space character of `text`.

    `id` is unique in a library (for files: the path relative to the source). `source` is where it came
    from, for people. `fields` is what `where` filters speak about.
    """

    id: str
    text: str
    title: str = ""
    fields: Fields = field(default_factory=dict)
    source: str = ""
    media_type: str = "text/plain"
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A span of one version of a document. Always `document.text[start:end] == text`.

    `heading` is the path of headings above it, "Guide > Install > Linux". `line` is the 1-based line
    of `start` in the document; `page` is 1-based where the format has pages. `context` is what is
    embedded and indexed in front of the text besides title and heading (a table's header row).
    """

    id: str
    document_id: str
    version: int
    text: str
    start: int
    end: int
    heading: str = ""
    line: int = 1
    page: int | None = None
    context: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as the catalog lists it: everything but its text. Times are ISO 8601, UTC."""

    id: str
    version: int
    title: str
    source: str
    media_type: str
    fields: Fields
    passages: int
    characters: int
    added_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class Stage:
    """What one step of retrieval said of a passage: its 1-based rank there and its score."""

    name: str
    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found, its document's entry, a score (higher is better), and why."""

    passage: Passage
    document: Entry
    score: float
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """A question. `limit` is the number of hits wanted (1 to 1000); `where` narrows by metadata."""

    text: str
    limit: int = 10
    mode: Mode = "hybrid"
    where: Filter | None = None
    history: tuple[Message, ...] = ()
    policy: Policy | None = None  # None: what the library is set to do


@dataclass(frozen=True, slots=True)
class Citation:
    """A checked footnote: exists only if `quote` is verbatim in a passage that was shown.

    `document.text[start:end] == quote` for the version named. `number` is the footnote's number in the
    answer's text; `line` and `page` are 1-based.
    """

    number: int
    document_id: str
    version: int
    start: int
    end: int
    quote: str
    title: str
    heading: str
    source: str
    line: int
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens read and written by a chat model; zero for `extract`."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """Text with footnote marks like [1], and the citations behind them.

    `unsupported` holds the sentences for which no supporting quote was found ("strict" leaves them out of
    `text`, "off" looks for none). `verdict` is "answered" when every sentence is cited, "partial" when some
    are, "refused" when nothing could be said. `confidence` is 0 to 1. `seconds`: step to time.
    """

    text: str
    citations: tuple[Citation, ...] = ()
    unsupported: tuple[str, ...] = ()
    hits: tuple[Hit, ...] = ()
    usage: Usage = Usage()
    verdict: Verdict = "refused"
    policy: Policy = "mark"
    confidence: float = 0.0
    model: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a chat model is given: the question, the hits shown (numbered from 1), and both as messages."""

    question: str
    hits: tuple[Hit, ...]
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a model's output. `usage`, when known, comes with the last one."""

    text: str
    usage: Usage | None = None


# Events of `Library.stream`, in this order: one HitsFound, Deltas, Citations, one Done.
@dataclass(frozen=True, slots=True)
class HitsFound:
    """The passages that the model is shown, numbered from 1 in this order."""

    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """The end of a stream, with the checked answer."""

    answer: Answer


Event: TypeAlias = HitsFound | Delta | Citation | Done


@dataclass(frozen=True, slots=True)
class Added:
    """What an acknowledged add did. `unchanged` adds wrote nothing."""

    document_id: str
    version: int
    passages: int
    embedded: int
    status: Literal["added", "updated", "unchanged"]


@dataclass(frozen=True, slots=True)
class Failure:
    """One input that could not be taken in: which, and one line of why. Data, so a batch goes on."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Item:
    """What a source lists: `id` unique in the source, `stamp` changes whenever the content may have."""

    id: str
    stamp: str
    size: int = 0


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes to be read. `name` is the document id to be; its ending helps to find the format."""

    name: str
    data: bytes
    media_type: str | None = None
    source: str = ""
    fields: Fields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Point:
    """One passage in an index, or a further vector that leads to it: then `text` is "", and it has no words.

    `id` is a UUID; `text` is what lexical search sees.
    """

    id: str
    document_id: str
    vector: Vector
    text: str
    fields: Fields


Retriever: TypeAlias = Callable[[Query], list[Hit]]
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
    """A place that documents come from. The sync decides what to add and remove."""

    @property
    def name(self) -> str: ...
    def items(self) -> Iterator[Item]: ...
    def fetch(self, item: Item) -> Blob: ...


JSON: TypeAlias = dict[str, Any]
