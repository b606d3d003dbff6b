"""What writing will take: calls and tokens, told before the first call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from citewell.cost.tokens import CALL_MOST, MESSAGE_MOST, most
from citewell.writing.constants import USUAL
from citewell.writing.request import Request
from citewell.writing.tree import sizes
from citewell.writing.write import Write

LISTED: Sequence[str] = ("document", "passages")


@dataclass(frozen=True, slots=True)
class Expected:
    """Calls to a chat model, and the tokens that they are expected to read and write, and that they do at most."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_most: int = 0
    completion_most: int = 0

    def __add__(self, other: Expected) -> Expected:
        return Expected(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.prompt_most + other.prompt_most,
            self.completion_most + other.completion_most,
        )


@dataclass
class Expecting:
    """Counts what requests will take. A text that many requests show (the document) is measured once."""

    write: Write
    count: Callable[[Sequence[str]], list[int]]

    def __post_init__(self) -> None:
        self._frames: dict[str, Expected] = {}

    def of(self, requests: Sequence[Request]) -> Expected:
        """Return what those of the requests will take whose texts are not kept."""
        missing = self.write.missing(requests)
        shown = list(dict.fromkeys(text for one in missing for text in one.values.values()))
        tokens = dict(zip(shown, self._sizes(shown), strict=True)) if shown else {}
        calls = (self._call(one.prompt, [tokens[text] for text in one.values.values()]) for one in missing)
        return sum(calls, Expected())

    def tree(self, passages: Sequence[str]) -> Expected:
        """Return what a tree over these passages takes when nothing of it is kept: its groups are not known yet."""
        taken, shown = Expected(), self._sizes(passages) if len(passages) > 1 else []
        for size in sizes(len(passages)):
            calls = [self._call("tree", shown if at == 0 else []) for at in range(size)]
            taken = sum(calls, taken)
            shown = [(one.completion_tokens, one.completion_most) for one in calls]
        return taken

    def _sizes(self, texts: Sequence[str]) -> list[tuple[int, int]]:
        """Return the tokens of each text: as many as the embedder counts, and at most."""
        return list(zip(self.count(texts), map(most, texts), strict=True))

    def _call(self, prompt: str, shown: Sequence[tuple[int, int]]) -> Expected:
        frame = self._frame(prompt)
        read, bound = sum(likely for likely, _ in shown), sum(bound for _, bound in shown)
        return frame + Expected(0, read, 0, bound, 0)

    def _frame(self, prompt: str) -> Expected:
        """Return what a call with a prompt file takes that is given nothing."""
        if prompt not in self._frames:
            body = self.write.ask.body(prompt)
            said = body.said("", dict.fromkeys(LISTED, ""))
            bound = sum(map(most, said)) + len(said) * MESSAGE_MOST + CALL_MOST
            usual = self.write.texts.usual(self.write.model, prompt)
            written = min(round(usual or USUAL[prompt]), self.write.longest)
            self._frames[prompt] = Expected(1, sum(self.count(said)), written, bound, self.write.longest)
        return self._frames[prompt]
