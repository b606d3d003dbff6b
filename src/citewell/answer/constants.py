"""Every number that shapes extraction, checking and refusal, and the command that chose it.

`python bench/answering.py` prints the leave-one-set-out table behind these; see there for what is measured.
"""

from __future__ import annotations

from typing import Final

# -- checking a claim against a quote (bench/answering.py --grounding)
SUPPORT: Final = 0.65
"""Least share of a claim's content words that its quote, title and heading hold."""
SUPPORT_QUOTE: Final = 0.45
"""Least share that the quote alone holds."""
SHORT_CLAIM: Final = 3
"""Claims of up to this many content words must be covered whole."""
WINDOW: Final = 3
"""Most sentences in one quote."""
SENTENCE_COST: Final = 0.04
"""What each further sentence in a quote must gain in coverage to be worth it."""
NEGATION_SCOPE: Final = 4
"""Content words after a negation that it may speak about."""
NUMBER_REACH: Final = 5
"""Content words on either side of a number that say what it counts."""
NUMBER_MARGIN: Final = 0.6
"""How much closer to another number its neighbours must stand for a number to count as moved."""

# -- which sentences answer (python bench/answering.py)
ANSWER_SENTENCES: Final = 3
"""Most sentences that `extract` quotes."""
EMBEDDED_SENTENCES: Final = 16
"""Sentences compared with the question by vector; the rest rank by words alone."""
RANK_WORDS: Final[dict[str, float]] = {
    "coverage": 6.1,
    "neighbours": 1.1,
    "phrases": 1.7,
    "rank": 3.8,
    "expected": 0.6,
    "long": -0.3,
    "defines": 0.3,
}
RANK_DENSE: Final[dict[str, float]] = {**RANK_WORDS, "cosine": 4.0}

# -- whether anything answers
GATE_WORDS: Final[dict[str, float]] = {"bias": -3.0, "best": 3.0, "chosen": 3.0}
GATE_DENSE: Final[dict[str, float]] = {"bias": -5.0, "best": 3.0, "dense": 6.0}
THRESHOLD: Final = 0.5
DROP: Final = 2.0
"""How far below the best sentence's score another may lie and still be quoted."""
SAME: Final = 0.8
"""Share of the shorter sentence's words from which two sentences say the same."""
