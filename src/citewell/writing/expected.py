"""What writing will take: calls and tokens, told before the first call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from citewell.writing.constants import USUAL
from citewell.writing.request import Request
from citewell.writing.tree import sizes
from citewell.writing.write import Write

LISTED: Sequence[str] = ("document", "passages")


@dataclass(frozen=True, slots=True)
class Expected:
    """Calls to a chat model, and the tokens that they are expected to read and write."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: Expected) -> Expected:
        return Expected(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )


@dataclass
class Expecting:
    """Counts what requests will take. A text that many requests show (the document) is measured once."""

    write: Write
    count: Callable[[Sequence[str]], list[int]]

    def __post_init__(self) -> None:
        self._frames: dict[str, tuple[int, int]] = {}

    def of(self, requests: Sequence[Request]) -> Expected:
        """Return what those of the requests will take whose texts are not kept."""
        missing = self.write.missing(requests)
        shown = list(dict.fromkeys(text for one in missing for text in one.values.values()))
        tokens = dict(zip(shown, self.count(shown), strict=True)) if shown else {}
        calls = (self._call(one.prompt, [tokens[text] for text in one.values.values()]) for one in missing)
        return sum(calls, Expected())

    def tree(self, passages: Sequence[str]) -> Expected:
        """Return what a tree over these passages takes when nothing of it is kept: its groups are not known yet."""
        taken, shown = Expected(), sum(self.count(passages)) if len(passages) > 1 else 0
        for size in sizes(len(passages)):
            calls = [self._call("tree", []) for _ in range(size)]
            taken += sum(calls, Expected(0, shown, 0))
            shown = sum(one.completion_tokens for one in calls)
        return taken

    def _call(self, prompt: str, shown: Iterable[int]) -> Expected:
        frame, completion = self._frame(prompt)
        return Expected(1, frame + sum(shown), completion)

    def _frame(self, prompt: str) -> tuple[int, int]:
        """Return the tokens of a prompt file around what it is given, and those that it usually brings."""
        if prompt not in self._frames:
            body = self.write.ask.body(prompt)
            frame = sum(self.count(body.said("", dict.fromkeys(LISTED, ""))))
            usual = self.write.texts.usual(self.write.model, prompt)
            self._frames[prompt] = frame, round(usual or USUAL[prompt])
        return self._frames[prompt]
