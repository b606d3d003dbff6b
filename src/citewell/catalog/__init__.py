"""What is true? Documents, passages, their vectors, and the journal that makes the index recoverable. In SQL."""

from citewell.catalog.catalog import Catalog, Change, missing
from citewell.catalog.vectors import rounded
from citewell.catalog.versions import Proposal, Version, digest

__all__ = ["Catalog", "Change", "Proposal", "Version", "digest", "missing", "rounded"]
