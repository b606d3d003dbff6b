"""What may be asked of the catalog in SQL, and of which fields? Read-only, over two views, within limits."""

from citewell.catalog.sql.columns import TypedField, declared
from citewell.catalog.sql.rows import Bounds, Rows
from citewell.catalog.sql.run import run, schema_of

__all__ = ["Bounds", "Rows", "TypedField", "declared", "run", "schema_of"]
