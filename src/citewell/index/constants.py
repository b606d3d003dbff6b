"""Numbers that shape keyword search."""

from typing import Final

BM25_K1: Final = 1.2
BM25_B: Final = 0.75
# In index terms per passage. A constant, so that a passage's weights never depend on its neighbours.
AVERAGE_TERMS: Final = 100.0
