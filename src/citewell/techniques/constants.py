"""The figures that techniques work with. None is tuned: they are those of the published examples."""

from __future__ import annotations

from typing import Final

WAYS: Final = 3
"""Rewordings of a question that are asked for."""
FUSION_K: Final = 60
"""How little the first ranks count for more than the later ones (Cormack et al., SIGIR 2009)."""
PARTS: Final = 3
"""Parts of a question that are answered one by one."""
SHOWN: Final = 80
"""Most characters that a step shows of what could not be understood."""

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
