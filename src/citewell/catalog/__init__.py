"""What is true? Documents, passages, their vectors, and the journal that makes the index recoverable. In SQL."""

from citewell.catalog.answers import Answers
from citewell.catalog.catalog import Catalog, Change
from citewell.catalog.ledger import Call, Ledger
from citewell.catalog.sharing import missing
from citewell.catalog.vectors import rounded
from citewell.catalog.versions import Proposal, Version, digest

__all__ = [
    "Answers",
    "Call",
    "Catalog",
    "Change",
    "Ledger",
    "Proposal",
    "Version",
    "digest",
    "missing",
    "rounded",
]
