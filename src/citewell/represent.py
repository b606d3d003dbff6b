"""What leads to a passage besides its own vector: further texts of it, each indexed by meaning.

A `Represent` is a value: passage text -> texts. `Prepare` takes any number of them; the catalog keeps their vectors,
the index a point for each, and `Dense` takes a passage's best. Which pay: docs/decisions/0010-indexing-techniques.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from citewell.answer.sentences import sentences as spans

Represent: TypeAlias = Callable[[str], list[str]]
SHORTEST: Final = 15
"""Characters below which a sentence says too little to find anything by."""


def sentences(text: str) -> list[str]:
    """Return a passage's sentences (items, rows and blocks of code are one each), each once, space made plain."""
    plain = (" ".join(text[start:end].split()) for start, end in spans(text))
    return list(dict.fromkeys(one for one in plain if len(one) >= SHORTEST))
