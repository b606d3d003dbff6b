"""How can a question be asked better? Each technique is a frozen value: it wraps what finds, and finds."""

from citewell.techniques.means import Ask, Means, Said, Technique, together
from citewell.techniques.routes import Route, read_routes

__all__ = ["Ask", "Means", "Route", "Said", "Technique", "read_routes", "together"]
