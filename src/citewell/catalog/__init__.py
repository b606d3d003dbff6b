"""What is true? Documents, passages, their vectors, and the journal that makes the index recoverable. In SQL."""

from citewell.catalog.catalog import Catalog, Change
from citewell.catalog.engine import At
from citewell.catalog.postgres import Postgres
from citewell.catalog.vectors import rounded
from citewell.catalog.versions import Proposal, Version, digest

__all__ = ["At", "Catalog", "Change", "Postgres", "Proposal", "Version", "digest", "rounded"]
