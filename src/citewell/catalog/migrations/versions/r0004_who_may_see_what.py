"""Access lists, whose each conversation is, what its answers showed. Libraries of before revisions may have them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
COLUMNS = {
    "versions": sa.Column("given", sa.Text()),
    "conversations": sa.Column("access", sa.Text(), server_default="*", nullable=False),
}


def upgrade() -> None:
    """Add a table and two columns, where they are not there."""
    there = sa.inspect(op.get_bind())
    for table, column in COLUMNS.items():
        if column.name not in {one["name"] for one in there.get_columns(table)}:
            op.add_column(table, column)
    if not there.has_table("shown"):
        op.create_table(
            "shown",
            sa.Column("document_id", sa.String(), primary_key=True),
            sa.Column("conversation", sa.String(), primary_key=True),
            sa.Column("number", sa.Integer(), primary_key=True),
            sqlite_with_rowid=False,
        )
        op.create_index("shown_in", "shown", ["conversation"])
