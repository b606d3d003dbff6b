"""Which passages may answer this question? Frozen, callable values that nest.

A ranker orders passage ids with a score and a trace of how they came up: Dense, Lexical, Typos, Feedback, Fuse, Pool,
Proximity.
`Join` turns the best into hits that the catalog vouches for. Around it, retrievers choose among hits: Phrases,
Rerank, Diverse; and, for what a chat model is shown, Collapse and Widen.
"""

from citewell.retrieve.collapse import Collapse
from citewell.retrieve.diverse import Diverse
from citewell.retrieve.feedback import Feedback
from citewell.retrieve.fuse import Fuse, Pool
from citewell.retrieve.join import Join
from citewell.retrieve.phrase import Phrases
from citewell.retrieve.proximity import Proximity
from citewell.retrieve.rank import Candidate, Dense, Lexical, Ranker, nearest
from citewell.retrieve.rerank import LateInteraction, Rerank
from citewell.retrieve.typos import Typos
from citewell.retrieve.widen import Widen
from citewell.retrieve.withhold import Withhold

__all__ = [
    "Candidate",
    "Collapse",
    "Dense",
    "Diverse",
    "Feedback",
    "Fuse",
    "Join",
    "LateInteraction",
    "Lexical",
    "Phrases",
    "Pool",
    "Proximity",
    "Ranker",
    "Rerank",
    "Typos",
    "Widen",
    "Withhold",
    "nearest",
]
