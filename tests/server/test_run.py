"""Where it listens, and how it ends, as a process."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from citewell.errors import BadInput
from citewell.server.run import serve
from tests.server.conftest import served
from tests.server.memory import MemoryLibrary

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
from citewell.server.run import serve
from tests.server.memory import MemoryLibrary
serve(MemoryLibrary(), port=0, on_ready=lambda url: print(url, flush=True))
print("closed the library", flush=True)
"""


def test_a_port_that_is_taken_is_one_clear_error(library: MemoryLibrary) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(BadInput, match=f"port {port} on 127.0.0.1 is taken"):
            serve(library, port=port)  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.2", "docs.example"])
def test_listening_beyond_loopback_needs_a_key(library: MemoryLibrary, host: str) -> None:
    with pytest.raises(BadInput, match="CITEWELL_KEY"):
        serve(library, host, 0)  # type: ignore[arg-type]


def test_listening_everywhere_with_a_key_works(library: MemoryLibrary) -> None:
    with served(library, host="0.0.0.0", key="k") as url:
        assert httpx.get(f"{url}/status").status_code == 401
        assert httpx.get(f"{url}/status", headers={"Authorization": "Bearer k"}).status_code == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_gracefully_and_the_library_can_be_closed(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert httpx.get(f"{url}/ready").status_code == 200
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out.strip(), err) == (0, "closed the library", "")
