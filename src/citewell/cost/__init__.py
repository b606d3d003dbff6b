"""What does it cost? Prices, tokens counted without a tokenizer, the books of what was spent, budgets, quotes."""

from citewell.cost.books import Books, Limits, charged
from citewell.cost.costs import Costs

__all__ = ["Books", "Costs", "Limits", "charged"]
