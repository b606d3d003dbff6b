"""What techniques work with: a chat model that is asked with a prompt file, and the embedder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from citewell.answer.render import Body
from citewell.errors import Unsupported
from citewell.model import Message, Prompt, Usage
from citewell.protocols import Chat, Find

if TYPE_CHECKING:
    from citewell.model import Matrix


@dataclass(frozen=True, slots=True)
class Said:
    """What a chat model said to a technique, and the tokens that it took."""

    text: str
    usage: Usage

    def lines(self, most: int) -> list[str]:
        """Return its lines without list marks and repeats, `most` at most."""
        bare = (line.strip().lstrip("-*•0123456789.) \t").strip() for line in self.text.splitlines())
        return list(dict.fromkeys(line for line in bare if line))[:most]


@dataclass(frozen=True)
class Ask:
    """Asks a chat model with a technique's prompt file. `chat` is None where none writes answers (`extract`)."""

    chat: Chat | None
    body: Callable[[str], Body]

    async def __call__(self, prompt: str, question: str, **values: str) -> Said:
        """Return what the model says. `values` are what the prompt file takes beside the question.

        Unsupported where there is no model to ask; ProviderError when it fails.
        """
        if self.chat is None:
            raise Unsupported(
                f"the technique of the prompt {prompt!r} asks a chat model, and extract is none; set chat.model"
            )
        system, user = self.body(prompt).said(question, values)
        asked = Prompt(question, (), (Message("system", system), Message("user", user)))
        pieces: list[str] = []
        usage = Usage()
        stream: Any = self.chat.stream(asked)
        async with aclosing(stream) as deltas:
            async for delta in deltas:
                pieces.append(delta.text)
                usage = delta.usage or usage
        return Said("".join(pieces).strip(), usage)


@dataclass(frozen=True)
class Means:
    """What a technique may use. `embed` gives unit vectors of questions, float32 (texts, dimensions)."""

    ask: Ask
    embed: Callable[[Sequence[str]], Matrix]


Technique: TypeAlias = Callable[[Find, Means], Find]
"""Wraps what finds. A class whose values are (inner, means), and which is called with a Query."""
