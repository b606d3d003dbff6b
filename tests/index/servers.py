"""Real servers for the tests of indexes, each started once and stopped by who started it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from citewell.testing.network import free_port


@pytest.fixture(scope="session")
def postgres(postgres: str) -> str:
    """The address of a PostgreSQL with pgvector, as its own clients write it."""
    return postgres.replace("+psycopg", "", 1)


@pytest.fixture(scope="session")
def chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Chroma server."""
    pytest.importorskip("chromadb", reason="pip install 'citewell[chroma]'")
    program, port = Path(sys.executable).with_name("chroma"), free_port()
    folder = tmp_path_factory.mktemp("chroma")
    command = [str(program), "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def wait_for(port: int, seconds: float = 60) -> None:
    """Wait until something listens on a port of this machine."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")
