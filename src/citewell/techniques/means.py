"""What techniques work with: a chat model that is asked with a prompt file, the embedder, and what the library says."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from citewell.answer import Fence, parted
from citewell.answer.render import Body
from citewell.errors import Unsupported
from citewell.model import Answer, FieldUse, Found, Message, Prompt, Query, Usage
from citewell.protocols import Chat, Find
from citewell.techniques.constants import SHOWN
from citewell.techniques.routes import Route

if TYPE_CHECKING:
    from citewell.model import Matrix

T = TypeVar("T")
Write: TypeAlias = Callable[[Found], Awaitable[Answer]]
"""Has an answer written from what was found, and checks it; nobody is shown it."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a chat model said to a technique, and the tokens that it took."""

    text: str
    usage: Usage

    def lines(self, most: int) -> list[str]:
        """Return its lines without list marks and repeats, `most` at most."""
        bare = (re.sub(r"^\s*(?:[-*•]+|\d+[.)])\s*", "", line).strip() for line in self.text.splitlines())
        return list(dict.fromkeys(line for line in bare if line))[:most]

    def choice(self, names: Sequence[str]) -> str | None:
        """Return the one of `names` that it says, whatever the case; None when it says none of them, or several."""
        said = [name for name in names if _word(name).search(self.text)]
        return said[0] if len(said) == 1 else None

    @property
    def shown(self) -> str:
        """Return its beginning, in quotation marks."""
        return repr(self.text if len(self.text) <= SHOWN else f"{self.text[: SHOWN - 1]}…")


def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])", re.IGNORECASE)


@dataclass(frozen=True)
class Ask:
    """Asks a chat model with a technique's prompt file. `chat` is None where none writes answers (`extract`)."""

    chat: Chat | None
    body: Callable[[str], Body]

    async def __call__(self, prompt: str, query: Query, **values: str) -> Said:
        """Return what the model says, its reasoning left out. `values` are what the file takes beside the question.

        Unsupported where there is no model to ask; ProviderError when it fails.
        """
        if self.chat is None:
            raise Unsupported(
                f"the technique of the prompt {prompt!r} asks a chat model, and extract is none; set chat.model"
            )
        system, user = self.body(prompt).said(query.text, values)
        said = (Message("system", system), Message("user", user))
        asked = Prompt(query.text, (), said, access=str(query.access))
        pieces: list[str] = []
        usage = Usage()
        stream: Any = self.chat.stream(asked)
        async with aclosing(stream) as deltas:
            async for delta in parted(deltas, Fence()):
                pieces.append(delta.text)
                usage = delta.usage or usage
        return Said("".join(pieces).strip(), usage)


@dataclass(frozen=True)
class Means:
    """What a technique may use. `embed` gives unit vectors of questions, float32 (texts, dimensions).

    `fields` gives the metadata fields of the documents that a question is put to; `routes` are what
    `chat.routes` has.
    """

    ask: Ask
    embed: Callable[[Sequence[str]], Matrix]
    write: Write
    fields: Callable[[Query], Sequence[FieldUse]]
    routes: Sequence[Route] = ()


Technique: TypeAlias = Callable[[Find, Means], Find]
"""Wraps what finds. A class whose values are (inner, means), and which is called with a Query."""


async def together(works: Iterable[Awaitable[T]]) -> list[T]:
    """Run them side by side and return what each gives, in order. When one fails, the others are ended at once."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
