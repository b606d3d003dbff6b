"""${message}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from citewell.catalog.types import Exact, Key, Metadata

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Change the schema, in SQLite and PostgreSQL alike, and what is stored with it."""
    ${upgrades if upgrades else "return"}
