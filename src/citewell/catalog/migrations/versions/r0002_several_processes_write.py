"""Several processes may write: who they are, which documents they claim, and whose each change of the journal is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from citewell.catalog.types import Exact

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add two tables, and two columns to the journal."""
    op.create_table(
        "claims",
        sa.Column("document_id", Exact, primary_key=True),
        sa.Column("worker", sa.String(), nullable=False),
    )
    op.create_index("claimed_by", "claims", ["worker"])
    op.create_table(
        "workers",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.Column("exclusive", sa.Boolean(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
    )
    op.add_column("journal", sa.Column("worker", sa.String(), server_default="", nullable=False))
    op.add_column("journal", sa.Column("places", sa.Text(), server_default="[]", nullable=False))
    op.create_index("changes_of", "journal", ["worker", "id"])
