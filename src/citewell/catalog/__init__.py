"""What is true? Documents, passages, their vectors, and the journal that makes the index recoverable. In SQL."""

from citewell.catalog.catalog import Catalog, Change, Proposal, Version, digest, rounded

__all__ = ["Catalog", "Change", "Proposal", "Version", "digest", "rounded"]
