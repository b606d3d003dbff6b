"""What may be hostile in a document: text that is hidden, or reads as an instruction to a model. Frozen data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hidden:
    """A span of a document's text, `text[start:end]`, that its readers do not see; `how` says why in plain words."""

    start: int
    end: int
    how: str


@dataclass(frozen=True, slots=True)
class Suspect:
    """A span of a document, `text[start:end]`, that reads as an instruction to a model, or is hidden.

    `score` is 0 to 1: how much it reads as an instruction. `why` says so in plain words.
    """

    start: int
    end: int
    score: float
    why: tuple[str, ...] = ()
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What is suspicious in a passage: its parts, in order; `score` is the highest of theirs.

    `quarantined`: kept from models where the policy says so; `released`: a person has looked and let it go.
    """

    score: float
    parts: tuple[Suspect, ...] = ()
    quarantined: bool = False
    released: bool = False
