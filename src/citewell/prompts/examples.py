"""Few-shot examples from a JSONL file: those whose questions are most like the one asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from citewell.answer.template import Example, Template, example_of
from citewell.errors import BadInput

if TYPE_CHECKING:
    from citewell.model import Matrix


class Nearest:
    """A question -> the `most` examples whose questions have the nearest vectors, the nearest last.

    Last is next to the question, where a model heeds an example most (Liu et al. 2022, "What makes good in-context
    examples for GPT-3?"). The examples are embedded at the first question. Safe to share between threads.
    """

    def __init__(
        self, examples: Sequence[Example], embed: Callable[[Sequence[str]], Matrix], most: int
    ) -> None:
        self._examples, self._embed, self._most = examples, embed, most
        self._vectors: Matrix | None = None
        self._first = threading.Lock()

    def __call__(self, question: str) -> list[Example]:
        with self._first:
            if self._vectors is None:
                self._vectors = self._embed([one.question for one in self._examples])
        scores = self._vectors @ self._embed([question])[0]
        best = sorted(range(len(self._examples)), key=lambda at: -scores[at])[: self._most]
        return [self._examples[at] for at in reversed(best)]


def examples_of(template: Template) -> list[Example]:
    """Read the examples that a prompt file names: one JSON object a line. BadInput names file and line."""
    path = Path(template.origin).parent / template.examples_file
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        at = next(n for n, one in enumerate(template.text.splitlines(), 1) if "examples_file" in one)
        raise BadInput(
            f"{template.origin}:{at}: cannot read examples_file {str(path)!r} ({error}); name a JSONL file, "
            "from this file's folder"
        ) from None
    found = [_example(text, f"{path}:{n}") for n, text in enumerate(lines, 1) if text.strip()]
    if not found:
        raise BadInput(f"{path}:1: there is no example in it; write one JSON object a line")
    return found


def _example(text: str, place: str) -> Example:
    try:
        return example_of(json.loads(text), place)
    except ValueError as error:
        raise BadInput(f"{place}: this is not JSON ({error}); write one object a line") from None
