"""Why did this come up, and that not? Follows one document through every stage, and tries what would help.

Nothing is written: what a document would do if it were added or split otherwise is tried in memory, over
the real index (`trial`).
"""

from citewell.explain.explain import Explain
from citewell.explain.grounds import Grounds, Keywords

__all__ = ["Explain", "Grounds", "Keywords"]
