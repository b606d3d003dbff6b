"""Which text of a document reads as an instruction to a model, or is hidden from its readers? Scores, and why. Pure."""

from citewell.suspicion.constants import HELD, STANDS_IN, VERSION, WITHHELD
from citewell.suspicion.score import suspicion_of

__all__ = ["HELD", "STANDS_IN", "VERSION", "WITHHELD", "suspicion_of"]
