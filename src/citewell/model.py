"""The words of Citewell: frozen data. Every room speaks in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from citewell.access import ANYBODY, Access
from citewell.hostile import Hidden, Suspicion
from citewell.prompted import AS_WRITTEN, PromptUsed, Style

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
    hidden: tuple[Hidden, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A span of one version of a document. Always `document.text[start:end] == text`.

    `heading` is the path of headings above it, "Guide > Install > Linux". `line` is the 1-based line
    of `start` in the document; `page` is 1-based where the format has pages. `context` is what is
    embedded and indexed in front of the text besides title and heading (a table's header row). `written` is
    what a chat model wrote there at ingest (`embed.context`): it helps to find, is shown to no model, never cited.
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
    suspicion: Suspicion | None = None
    written: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as the catalog lists it: everything but its text. Times are ISO 8601, UTC.

    `quarantined` counts its passages that are kept from models.
    """

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
    quarantined: int = 0


@dataclass(frozen=True, slots=True)
class FieldUse:
    """A metadata field as documents use it: the kind of its values (text, number, boolean), the most common first."""

    name: str
    kind: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """What one step of retrieval said of a passage: its 1-based rank there and its score."""

    name: str
    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found, its document's entry, a score (higher is better), and why.

    `withheld` are spans of the passage's text that a model is not shown, in order.
    """

    passage: Passage
    document: Entry
    score: float
    stages: tuple[Stage, ...] = ()
    withheld: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """A question. `limit` is the number of hits wanted (1 to 1000); `where` narrows by metadata.

    `techniques` are those that an answer is found with, in order; None means the configured ones. `hypothesis` is a
    passage that might answer it: search by meaning looks for what is near to both. `conversation` is
    "" for an answer that is not kept, "new", or the id of a kept conversation that it goes on with. `access` is
    who asks: nobody in particular, unless it is said. `collection` is the one that is asked: "" for the library's
    usual one (all of them, unless it is set), "*" for all.
    """

    text: str
    limit: int = 10
    mode: Mode = "hybrid"
    where: Filter | None = None
    history: tuple[Message, ...] = ()
    style: Style = AS_WRITTEN
    techniques: tuple[str, ...] | None = None
    hypothesis: str = ""
    conversation: str = ""
    access: Access = ANYBODY
    collection: str = ""
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
    """Tokens read and written by a chat model; zero for `extract`, and for what an answer cache knew.

    `cached_tokens` are those of the prompt that the service had read before, and charges less for.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
        )


@dataclass(frozen=True, slots=True)
class Step:
    """What a technique did on the way to an answer, in words for people, and what it took.

    `calls` counts questions to a chat model, `seconds` is wall-clock time, the steps inside it included.
    """

    technique: str
    did: str
    calls: int = 0
    usage: Usage = Usage()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Found:
    """What is found for a question: hits, best first; the question as it was searched; how it came about.

    `notes` is what a model is told beside the passages: answers to parts of the question. Never cited. `answer` is
    one that a technique has had written and checked on the way; where there is none, it is written now.
    """

    query: Query
    hits: tuple[Hit, ...]
    steps: tuple[Step, ...] = ()
    notes: str = ""
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Text with footnote marks like [1], and the citations behind them.

    `unsupported` holds the sentences for which no supporting quote was found ("strict" leaves
    them out of `text`, "off" looks for none). `verdict` is "answered"
    when every sentence is cited, "partial" when some are, "refused" when nothing could be said;
    `confidence`, 0 to 1, is how likely the hits answer, times the share of sentences that are cited; a refusal has it
    too. `seconds` maps each step to its time. `prompt` is None for `extract`, which takes none;
    `reasoning` is what a model thought first, where that was asked for: never checked, never cited. `steps` are
    what techniques did on the way; `usage` counts their calls too. `where` is the filter that was in force, as SQL.
    `conversation` is the id of the one it is kept in. `cost` is US dollars for all that the question took, None where a
    price is not known. `cached`: the model was not asked, because it had been asked the same before.
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
    prompt: PromptUsed | None = None
    reasoning: str = ""
    steps: tuple[Step, ...] = ()
    where: str = ""
    conversation: str = ""
    cost: Decimal | None = None
    cached: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a chat model is given: the question, the hits shown (numbered from 1), and both as messages.

    `quotes` are the sentences that answer, with their marks, where they were looked for: all that `extract` says.
    `notes` is what the messages hold beside the passages: it may come from documents that no hit names. `access` is
    who asks, as `Access` is written: what was written for one is not kept for another.
    """

    question: str
    hits: tuple[Hit, ...]
    messages: tuple[Message, ...]
    quotes: tuple[str, ...] | None = None
    notes: str = ""
    access: str = ""


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a model's output. `usage`, when known, comes with the last one.

    `model` names the one of several models that wrote it; `cached`, that it was written to the same prompt before.
    """

    text: str
    usage: Usage | None = None
    model: str = ""
    cached: bool = False


# Events of `Library.stream`, in this order: Steps, one HitsFound, Deltas, Citations, one Done.
@dataclass(frozen=True, slots=True)
class HitsFound:
    """The passages that the model is shown, numbered from 1 in this order."""

    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """The end of a stream, with the checked answer."""

    answer: Answer


Event: TypeAlias = Step | HitsFound | Delta | Citation | Done


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


JSON: TypeAlias = dict[str, Any]
