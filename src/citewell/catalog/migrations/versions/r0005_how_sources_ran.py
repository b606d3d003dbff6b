"""How each source's last run went, and what it remembers. Libraries of before revisions may have the table."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add a table, where it is not there."""
    if sa.inspect(op.get_bind()).has_table("sources"):
        return
    op.create_table(
        "sources",
        sa.Column("source", sa.String(), primary_key=True),
        sa.Column("last_run", sa.String(), nullable=False),
        sa.Column("last_success", sa.String(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("memory", sa.Text(), nullable=False),
    )
