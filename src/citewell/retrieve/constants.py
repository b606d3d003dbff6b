"""Every number that shapes hybrid retrieval, and the command that chose it."""

from typing import Final

# Placeholders of the literature, to be replaced by the leave-one-dataset-out table.
RRF_K: Final = 20.0
DEPTH: Final = 100
WEIGHTS: Final = (1.0, 1.0)  # dense, keyword
POOL_TOP: Final = 3
POOL_SHARE: Final = 0.4
