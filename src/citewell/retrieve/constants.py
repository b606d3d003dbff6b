"""Every number that shapes hybrid retrieval, chosen by `python bench/retrieval.py`; see docs/decisions/0005.

nDCG@10 by document, setting chosen on all sets | chosen without the set (leave-one-set-out) | plain RRF (k = 60):
ray_docs .575 | .508 | .520    scifact .705 | .705 | .707    cranfield .501 | .492 | .494
xquad_en .982 | .976 | .976    clapnq_dev .931 | .921 | .931    squad2_mini .894 | .894 | .882
"""

from typing import Final

RRF_K: Final = 20.0
DEPTH: Final = 100
"""Passages taken from each ranker."""
WEIGHTS: Final = (1.0, 1.15)
"""Of dense and keyword."""
POOL_TOP: Final = 5
POOL_SHARE: Final = 2.0
"""What a document's votes count, times how much the candidates cluster."""
