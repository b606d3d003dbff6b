"""What routes answer with, as /openapi.json describes it, beside the model's own types."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from citewell.conversation import Turn
from citewell.model import Entry, Hit, Passage
from citewell.money import By, Spent


class Problem(BaseModel):
    """An error. `code` is its class; `detail` says what happened, which value, and what to do."""

    type: str
    title: str
    status: int
    detail: str
    code: str


class WrongFilter(Problem):
    """A `where` that cannot be read; `position` counts characters from 0."""

    parameter: Literal["where"]
    position: int | None = None


class DocumentText(BaseModel):
    """A document's entry and its text, as it is now."""

    id: str
    version: int
    title: str
    source: str
    media_type: str
    fields: dict[str, Any]
    passages: int
    characters: int
    added_at: str
    updated_at: str
    text: str


class Documents(BaseModel):
    """A page of the list, in order of id. `next`, if not null, is the `after` of the next page."""

    documents: list[Entry]
    next: str | None


class Suspicious(BaseModel):
    """A document's passages in which something is suspicious, in order."""

    passages: list[Passage]


class Released(BaseModel):
    """How many passages were let go that had not been before."""

    released: int


class Hits(BaseModel):
    """The passages that match best, best first."""

    hits: list[Hit]
    seconds: float


class Listed(BaseModel):
    """A kept conversation; `title` is its first question, `length` the number of its turns. A list has no turns."""

    id: str
    title: str
    started_at: str
    updated_at: str
    length: int
    access: str
    turns: list[Turn]


class FieldInUse(BaseModel):
    """A metadata field: its type (text, number, boolean) and its most common values."""

    name: str
    kind: str
    values: list[str]


class InCollection(BaseModel):
    """What is in a collection, as far as who asks may see it."""

    name: str
    documents: int
    passages: int
    fields: list[FieldInUse]


class Collections(BaseModel):
    """The collections, in order of name."""

    collections: list[InCollection]


class Conversations(BaseModel):
    """Kept conversations, the latest first. The `updated_at` of the last is the `before` of the next page."""

    conversations: list[Listed]


class Status(BaseModel):
    """Counts, models, and what is going on."""

    documents: int
    passages: int
    ingest: dict[str, Any]


class Costs(BaseModel):
    """What was spent, in groups, and in all."""

    by: By
    spent: list[Spent]
    total: Spent


class Drift(BaseModel):
    """What is wrong between catalog and index, a line each; empty when nothing is."""

    drift: list[str]


class State(BaseModel):
    """A word."""

    status: Literal["alive", "ready"]
