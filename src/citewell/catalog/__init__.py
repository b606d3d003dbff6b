"""What is true? Documents, passages, their vectors, and the journal that makes the index recoverable. In SQL."""

from citewell.catalog.answers import Answers
from citewell.catalog.catalog import Catalog
from citewell.catalog.engine import At
from citewell.catalog.journal import Change
from citewell.catalog.ledger import Call, Ledger
from citewell.catalog.postgres import Postgres
from citewell.catalog.sharing import missing
from citewell.catalog.vectors import rounded
from citewell.catalog.versions import Proposal, Proposed, Version, digest
from citewell.catalog.workers import Fenced

__all__ = [
    "Answers",
    "At",
    "Call",
    "Catalog",
    "Change",
    "Fenced",
    "Ledger",
    "Postgres",
    "Proposal",
    "Proposed",
    "Version",
    "digest",
    "missing",
    "rounded",
]
