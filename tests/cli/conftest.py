"""The command line in this process, over a real library with the stub embedder, in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

DOCS = {
    "guide/kettle.md": "# Kettle\n\n## Boiling\n\nThe kettle boils one litre of water in two minutes.\n",
    "guide/lamp.md": "# Lamp\n\n## Colours\n\nThe lamp glows blue at night and white in the morning.\n",
    "notes.txt": "The toaster has four slots and a lever.\n",
}


@dataclass(frozen=True)
class Said:
    """What a command did: exit code and both outputs."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Said]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty working folder; the stub embedder is set in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CITEWELL_EMBED_MODEL", "hash")
    return tmp_path


@pytest.fixture
def docs(home: Path) -> Path:
    """Return a folder of three documents."""
    for name, text in DOCS.items():
        path = home / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return home / "docs"


@pytest.fixture
def cli(home: Path) -> Cli:
    """Return a function that runs a command in this process."""
    from citewell.cli import app

    def run(*arguments: str, typed: str | None = None) -> Said:
        result = CliRunner().invoke(app, list(arguments), input=typed)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Said(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def filled(cli: Cli, docs: Path) -> Cli:
    """Return `cli` after init and add."""
    assert cli("init").code == 0
    assert cli("add", "docs").code == 0
    return cli


def process(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Start a command in a process of its own."""
    command = [sys.executable, "-c", "from citewell.cli import main; main()", *arguments]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen(
        command, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}, **pipes, **options
    )


@contextmanager
def serving() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Serve the library of the working folder on a free port; yields (url, process)."""
    server = process("serve", "--port", "0")
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        assert "serving on" in line, server.stderr.read() if server.stderr else ""
        yield line.split()[2], server
    finally:
        server.terminate()
        server.communicate(timeout=30)
