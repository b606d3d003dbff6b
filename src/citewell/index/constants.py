"""Numbers that shape keyword search."""

from typing import Final

BM25_K1: Final = 1.2
BM25_B: Final = 0.75
# In index terms per passage. A constant, so that a passage's weights never depend on its neighbours.
AVERAGE_TERMS: Final = 100.0

STOP_WORDS: Final = frozenset(
    """a an and are as at be but by can do does did for from had has have he her his how i if in into is it its
    me my no not of on or our she should so some such than that the their them then there these they this to
    was we were what when where which who whom why will with would you your""".split()
)
