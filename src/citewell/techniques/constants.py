"""The figures that techniques work with. None is tuned; docs/techniques.md shows what each technique brings."""

from __future__ import annotations

from typing import Final

WAYS: Final = 3
"""Rewordings of a question that are asked for, as in the published examples."""

CARRIED: Final = 12
"""Words that are carried over to a follow-up: about as many as a question has."""
OWN_WORDS: Final = 2
"""Words naming something that a question needs to stand by itself: one alone is a subject or a predicate."""
RECALLED: Final = 6
"""Turns of a conversation that a model sees to rewrite a question: as many as one that answers."""
RECALLED_CHARACTERS: Final = 600
"""Characters of each: a paragraph names what it is about."""
LONGEST_REWRITE: Final = 500
"""Characters of a rewritten question; what is longer is no question."""
