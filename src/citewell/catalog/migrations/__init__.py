"""The catalog's schema through time: one revision a file, run by Alembic, the same for SQLite and PostgreSQL.

`python -m citewell.catalog.migrations "what changes"` writes the next one, from what `schema.py` has changed.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

FOLDER = Path(__file__).parent


def known() -> list[str]:
    """Return the revisions that there are, the first one first."""
    return [one.revision for one in ScriptDirectory.from_config(_config()).walk_revisions()][::-1]


def migrate(sql: Connection, to: str = "head") -> None:
    """Run, inside the caller's transaction, the revisions up to one."""
    command.upgrade(_config(sql), to)


def revise(sql: Connection, message: str) -> list[str]:
    """Write a revision that makes the database at `sql` what schema.py says; returns what was written."""
    number = f"{len(known()) + 1:04}"
    made = command.revision(_config(sql), message, autogenerate=True, rev_id=number)
    scripts = made if isinstance(made, list) else [made]
    return [str(one.path) for one in scripts if one is not None]


def _config(sql: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "r%%(rev)s_%%(slug)s")
    config.attributes["connection"] = sql
    return config
