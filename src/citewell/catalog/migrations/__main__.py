"""Write the next revision: `python -m citewell.catalog.migrations "what changes"`."""

from __future__ import annotations

import sys

from sqlalchemy import create_engine

from citewell.catalog.migrations import migrate, revise


def main() -> None:
    """Bring an empty SQLite database to the newest revision, and write down what schema.py has beyond it."""
    if len(sys.argv) != 2:
        raise SystemExit(f"usage: {sys.argv[0]} 'what changes'")
    with create_engine("sqlite://").connect() as sql:
        migrate(sql)
        for path in revise(sql, sys.argv[1]):
            print(f"wrote {path}; read it, set REVISION in schema.py, run the tests in tests/catalog")


if __name__ == "__main__":
    main()
