"""Every number that shapes extraction, checking and refusal, and the command that chose it.

`python bench/answering.py` and `python -m bench.refusal` print the leave-one-set-out tables behind these; see there
for what is measured.
"""

from __future__ import annotations

from typing import Final, TypeAlias

Weights: TypeAlias = dict[str, float]

# -- checking a claim against a quote (python -m bench.fault_constants; tables in docs/decisions/0011)
SUPPORT: Final = 0.6
"""Least share of a claim's content words that its quote, title and heading hold."""
SUPPORT_QUOTE: Final = 0.45
"""Least share that the quote alone holds."""
SHORT_CLAIM: Final = 3
"""Claims of up to this many content words must be covered whole."""
WINDOW: Final = 3
"""Most sentences in one quote."""
SENTENCE_COST: Final = 0.04
"""What each further sentence in a quote must gain in coverage to be worth it."""
SUPPORT_SPREAD: Final = 0.8
"""Least share of a claim's content words that sentences apart from each other must hold together."""
SPREAD_GAIN: Final = 2
"""Least content words that each of them must add."""
OPENING: Final = 2
"""Sentences that open a passage: whom it is about stands there."""
BEFORE: Final = 3
"""Sentences before a quote in which what its pronouns stand for is named."""
CONFLICT_COVERAGE: Final = 0.75
"""Coverage from which a quote that says otherwise ends the search for another one in its passage."""
DOUBT: Final = 0.25
"""Share of a claim's content words that a quote must hold for a reader to be asked whether it supports it."""
DOUBT_WINDOWS: Final = 6
"""Runs of sentences that are tried, the nearest first, for one that does not contradict such a claim."""
NEGATION_SCOPE: Final = 4
"""Content words after a negation that it may speak about."""
DENIED_SHARE: Final = 0.5
"""Share of what a negation speaks about, nearness counted, that a text must hold to affirm it."""
POLAR_REACH: Final = 3
"""Content words on either side of a word with an opposite that say what it is about."""
POLAR_SCOPE: Final = 0.5
"""Least affinity of neighbours for two words to speak about one thing."""
NAME_REACH: Final = 3
"""Content words on either side of a name that say which place it takes."""
NAME_SLOT: Final = 1.0
"""Least affinity of neighbours for two names to take one place."""
NAME_MARGIN: Final = 1.0
"""How much closer to another name its neighbours must stand for a name that the quote has to count as moved."""
SAME_QUANTITY: Final = 0.02
"""Relative difference up to which two amounts are one: "5 km" and "3.1 miles"."""
SUBJECT: Final = 0.5
"""Least share of the content words of a claim's subject that the passage must hold."""
NUMBER_REACH: Final = 5
"""Content words on either side of a number that say what it counts."""
NUMBER_MARGIN: Final = 0.6
"""How much closer to another number its neighbours must stand for a number to count as moved."""

# -- how well a passage supports a whole claim (python -m bench.grounding)
GROUNDED_THRESHOLD: Final = 0.5
"""From here on a claim counts as supported: the weights are fitted on balanced classes."""
GROUNDED: Final[Weights] = {
    "window": 3.14,
    "clause": 1.24,
    "pairs": 0.69,
    "facts": 2.41,
    "conflict": -0.37,
    "first": -2.2,
    "bias": -4.56,
}

# -- which sentences answer (python bench/answering.py)
ANSWER_SENTENCES: Final = 3
"""Most sentences that `extract` quotes."""
LISTED: Final = 8
"""Most items of a list that are quoted with the sentence that announces it."""
EMBEDDED_SENTENCES: Final = 12
"""Sentences compared with the question by vector; the rest rank by words alone."""
RANK_WORDS: Final[Weights] = {
    "coverage": 6.35,
    "neighbours": 1.32,
    "phrases": 1.62,
    "rank": 2.88,
    "expected": 0.5,
}
RANK_DENSE: Final[Weights] = {
    "coverage": 5.24,
    "neighbours": 1.61,
    "phrases": 1.14,
    "rank": 1.65,
    "expected": 0.54,
    "cosine": 4.1,
    "passage": 2.36,
}

# -- whether anything answers (make bench-refusal-fit; docs/decisions/0015-refusal.md)
GATE_WORDS: Final[Weights] = {
    "words": 1.97,
    "passage": 3.12,
    "names": -1.7,
    "numbers": -1.27,
    "opposite": -1.33,
    "denial": -3.64,
    "bias": -2.58,
}
GATE_DENSE: Final[Weights] = {
    "words": 1.71,
    "dense": 3.52,
    "gap": 2.7,
    "cosine": 4.93,
    "names": -1.5,
    "numbers": -2.06,
    "opposite": -1.51,
    "denial": -4.75,
    "bias": -5.15,
}
"""Fitted to own questions against foreign ones and near misses, over four sets; the bias for words is lowered by 0.44,
so that one THRESHOLD serves both."""
THRESHOLD: Final = 0.3
"""How likely it must be that the hits answer for `extract` to quote."""
DROP: Final = 1.5
"""How far below the best sentence's score another may lie and still be quoted."""
SAME: Final = 0.8
"""Share of the shorter sentence's words from which two sentences say the same."""
