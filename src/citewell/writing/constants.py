"""The figures that writing works with. docs/decisions/0014 says what came of them."""

from __future__ import annotations

from typing import Final

WINDOW: Final = 6_000
"""Characters of a document that a model is shown to write a passage's context: about 1,500 tokens, which a small
model on two cores reads in a minute."""
OPENING: Final = 1_000
"""Characters of its beginning that come first where the document is longer than WINDOW."""
SHORTEST: Final = 200
"""Characters below which a passage is its own summary."""
QUESTIONS: Final = 4
"""Questions taken for a passage."""
NODE: Final = 8
"""Most passages, or summaries, that one summary of the tree sums up; the fewest are half as many."""
LEVELS: Final = 4
"""Most levels of the tree: 4 reach 1,300 to 4,000 passages."""
LEAVES: Final = 16
"""Most passages that one summary leads to: those nearest to it. A summary of a whole document leads to no more."""
USUAL: Final = {"context": 45, "summary": 60, "passage-questions": 70, "tree": 120}
"""Tokens that each prompt is expected to bring, until a model's own mean is known."""
