"""What `why` says: how each hit came up, what became of one document, and what would bring it back.

Standard library only, like `model`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from citewell.model import Hit, Mode

LostAt: TypeAlias = Literal[
    "not_ingested",
    "parse",
    "filter",
    "split",
    "truncated",
    "keyword",
    "dense",
    "fused",
    "duplicate",
    "reranked",
    "budget",
]
"""The stages that can lose a document. "keyword" and "dense" are misses of that search; "duplicate" is a
document whose very text was shown from another; "budget" was found, but is not among the passages that the
chat model is shown."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document's best passage came in one step: 1-based, or None when it is beyond what was looked at.

    `text` says it in plain words.
    """

    name: str
    rank: int | None
    score: float | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One change that was tried and brings the document back, at `rank`.

    `values` is what to set, by name: `add` (a path), `where` (SQL; None drops it), `limit`, `mode`, `text`
    (the question), `chat.passages`, `split.tokens` (then the document is added again). `text` says it.
    """

    text: str
    values: Mapping[str, str | int | None]
    rank: int


@dataclass(frozen=True, slots=True)
class Followed:
    """What became of one document: where it came up, or the first stage that lost it.

    `rank` is that of its best hit within the limit, `stage` None when nothing lost it. `changes` were each
    confirmed by running the question again, the fittest first; empty when none was. `near` holds ids like
    one that is not there.
    """

    document_id: str
    text: str
    stage: LostAt | None = None
    rank: int | None = None
    places: tuple[Place, ...] = ()
    changes: tuple[Change, ...] = ()
    near: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explained:
    """A hit, and in plain words how it came up."""

    hit: Hit
    text: str


@dataclass(frozen=True, slots=True)
class Why:
    """Why a question finds what it finds; `shown` is the number of passages that the chat model is shown.

    `meant` has the words of the question that no passage has, each with the word that was looked for instead.
    """

    question: str
    mode: Mode
    limit: int
    shown: int
    hits: tuple[Explained, ...] = ()
    document: Followed | None = field(default=None)
    meant: Mapping[str, str] = field(default_factory=dict)
