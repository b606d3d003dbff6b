"""What calls to models cost, and answers that are kept. Libraries made just before revisions began have both."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from citewell.catalog.types import Key

revision = "0003"
down_revision = "0002"
metadata = sa.MetaData()

spend = sa.Table(
    "spend",
    metadata,
    sa.Column("id", Key, primary_key=True, autoincrement=False),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("day", sa.String, nullable=False),
    sa.Column("request", sa.String, nullable=False),
    sa.Column("key", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("model", sa.String, nullable=False),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("prompt_tokens", sa.Integer, nullable=False),
    sa.Column("cached_tokens", sa.Integer, nullable=False),
    sa.Column("completion_tokens", sa.Integer, nullable=False),
    sa.Column("searches", sa.Integer, nullable=False),
    sa.Column("estimated", sa.Boolean, nullable=False),
    sa.Column("expected_tokens", sa.Integer, nullable=False),
    sa.Column("cost", Key),
)
sa.Index("spend_by_day", spend.c.day)
sa.Index("spend_by_model", spend.c.kind, spend.c.model, spend.c.id)

answers = sa.Table(
    "answers",
    metadata,
    sa.Column("key", sa.LargeBinary, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("model", sa.String, nullable=False),
    sa.Column("library", sa.Boolean, nullable=False),
    sa.Column("made_at", sa.Float, nullable=False),
)
sa.Index("answers_by_age", answers.c.made_at)

answer_versions = sa.Table(
    "answer_versions",
    metadata,
    sa.Column("version", Key, primary_key=True),
    sa.Column("answer", sa.LargeBinary, primary_key=True),
    sqlite_with_rowid=False,
)
sa.Index("versions_of_answer", answer_versions.c.answer)


def upgrade() -> None:
    """Make what is not there."""
    metadata.create_all(op.get_bind())
