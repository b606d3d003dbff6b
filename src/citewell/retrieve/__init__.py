"""Which passages may answer this question? Frozen, callable values that nest.

A ranker orders passage ids with a score and a trace of how they came up: Dense, Lexical, Fuse, Pool.
`Join`, outermost, turns the best into hits that the catalog vouches for.
"""

from citewell.retrieve.fuse import Fuse, Pool
from citewell.retrieve.join import Join
from citewell.retrieve.rank import Candidate, Dense, Lexical, Ranker

__all__ = ["Candidate", "Dense", "Fuse", "Join", "Lexical", "Pool", "Ranker"]
