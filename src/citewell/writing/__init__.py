"""What does a chat model write of documents when they come in? Contexts, and texts that lead to passages."""

from citewell.writing.expected import Expected
from citewell.writing.request import KINDS
from citewell.writing.write import Write
from citewell.writing.writing import Lead, Writing, Written

__all__ = ["KINDS", "Expected", "Lead", "Write", "Writing", "Written"]
