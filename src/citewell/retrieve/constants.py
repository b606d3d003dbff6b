"""Every number that shapes retrieval, chosen by `python bench/retrieval.py`; see docs/decisions/0005.

nDCG@10 by document, before word pairs (0008) | chosen by the grid without the set | plain RRF (k = 60):
ray_docs .602 | .533 | .535    scifact .735 | .736 | .730    cranfield .561 | .561 | .557    xquad_en .988 | .985 | .983
clapnq_dev .982 | .975 | .973    squad2_mini .921 | .921 | .890    mtrag_un .813 | .809 | .800
"""

from typing import Final

RRF_K: Final = 20.0
BALANCE: Final = 0.5
"""Of scores and ranks in fusing: 0 is ranks alone."""
DEPTH: Final = 100
"""Passages taken from each ranker."""
DEEPEST: Final = 10_000
"""Candidates looked at, at the most, while hits are missing."""
WEIGHTS: Final = (1.0, 1.0)
"""Of dense and keyword."""
POOL_TOP: Final = 5
POOL_SHARE: Final = 1.5
"""What a document's votes count, times how much the candidates cluster."""
PAIR_WEIGHT: Final = 0.3
"""What having all of the question's neighbouring words side by side adds to a score; see docs/decisions/0008."""
PAIR_DEPTH: Final = 20
PHRASE_DEPTHS: Final = (100, 1_000, 10_000)
"""Passages looked through for a quoted phrase: deeper only while hits are missing and more come up."""
COLLAPSE_WORDS: Final = 5
COLLAPSE_SAME: Final = 0.8
"""Share of two passages' runs of 5 words that they have in common, from which they are one."""
DIVERSE_DEPTH: Final = 50
RERANK_DEPTH: Final = 50
FEEDBACK_PASSAGES: Final = 10
FEEDBACK_TERMS: Final = 10
FEEDBACK_SHARE: Final = 0.5
"""Of the question's own words in the expanded one. These three are RM3's usual values (Anserini's defaults)."""
FEEDBACK_REPEATS: Final = 10
"""Times the question is repeated, so that whole repetitions of a word are weights fine enough."""
WIDEN_REACH: Final = 8
"""Passages on either side of a hit that may be shown with it."""
TYPO_LETTERS: Final = 4
"""Fewest letters of a word that may be a slip."""
TYPO_COMMON: Final = 100
"""Passages counted to say which word is the commoner."""
