"""What a request may say of its prompt, and which prompt wrote an answer. Frozen data."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, TypeAlias

from citewell.errors import BadInput

Length: TypeAlias = Literal["", "short", "normal", "long"]
Format: TypeAlias = Literal["", "prose", "bullets", "steps"]
LENGTHS: Final = ("short", "normal", "long")
FORMATS: Final = ("prose", "bullets", "steps")
_LANGUAGE: Final = re.compile(r"[^\W\d_][\w ()-]{0,39}")
"""Words alone: what comes with a request is no place for further instructions."""
ASKERS: Final = "question"
"""The `language` of a style that means: the one that the question is in."""


@dataclass(frozen=True, slots=True)
class Style:
    """How an answer is to be written; "" and None leave it to the prompt.

    `language` is "question" (the question's own) or a language's name; `reasoning` lets the model think first,
    apart from the answer. BadInput for anything else.
    """

    length: Length = ""
    format: Format = ""
    language: str = ""
    reasoning: bool | None = None

    def __post_init__(self) -> None:
        for name, value, allowed in (("length", self.length, LENGTHS), ("format", self.format, FORMATS)):
            if value not in ("", *allowed):
                raise BadInput(f"{name} is {value!r}; use one of {', '.join(allowed)}")
        if self.language and not _LANGUAGE.fullmatch(self.language):
            raise BadInput(f"language is {self.language!r}; use 'question' or a language's name, like German")

    def over(self, other: Style) -> Style:
        """Return this style with `other` where it says nothing."""
        chosen: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(self)}
        return Style(
            **{k: getattr(other, k) if value in ("", None) else value for k, value in chosen.items()}
        )


@dataclass(frozen=True, slots=True)
class PromptUsed:
    """Which prompt file a model was given. `hash` is the first 12 hex digits of the file's SHA-256."""

    name: str
    version: int
    hash: str

    def __str__(self) -> str:
        return f"{self.name}@{self.version} ({self.hash})"


AS_WRITTEN: Final = Style()
"""The style that leaves everything to the prompt."""
