"""What Alembic runs: the revisions, on the connection that it is given, in the transaction that is open there."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from citewell.catalog import schema, types

NAMES = {id(types.Key): "Key", id(types.Exact): "Exact"}


def written(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """Name our own types as schema.py does."""
    if kind == "type":
        return "Metadata()" if isinstance(item, types.Metadata) else NAMES.get(id(item), False)
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema.metadata,
    render_item=written,
    render_as_batch=True,  # SQLite changes few things of a table in place; a batch copies it where it must
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
