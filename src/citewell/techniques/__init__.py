"""How can a question be asked better? Each technique is a frozen value: it wraps what finds, and finds."""

from citewell.techniques.means import Ask, Means, Said, Technique, together

__all__ = ["Ask", "Means", "Said", "Technique", "together"]
