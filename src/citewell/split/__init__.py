"""Which spans of a document are passages? Pure: the same document always gives the same spans."""

from citewell.split.prefix import embedded_text
from citewell.split.split import Span, split

__all__ = ["Span", "embedded_text", "split"]
