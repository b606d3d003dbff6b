"""The process that writes is killed, or interrupted: what was acknowledged stays, and is not embedded again."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

if importlib.util.find_spec("ray") is None:  # not imported: it reads its environment when it is
    pytest.skip("optional: Ray is not installed (pip install 'citewell[ray]')", allow_module_level=True)
psutil = pytest.importorskip("psutil", reason="optional: psutil is not installed")

from tests.bulk.library import contents, open_library, text  # noqa: E402

COMMAND = [sys.executable, "-c", "from citewell.cli import main; main()"]


def started(folder: Path, *more: str) -> subprocess.Popen[str]:
    """Start taking the documents of a folder in on a local Ray."""
    command = [*COMMAND, "add", "docs", "--library", "library", "--on", "local", "--workers", "1", *more]
    environment = {**os.environ, "CITEWELL_EMBED_MODEL": "hash", "PYTHONUNBUFFERED": "1"}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=environment, text=True, stdout=pipe, stderr=pipe)


@pytest.mark.torture
def test_a_killed_driver_goes_on_where_it_was(tmp_path: Path) -> None:
    documents = tmp_path / "docs"
    documents.mkdir()
    for number in range(300):
        (documents / f"d{number:03}.md").write_text(text(number, 30))
    open_library(tmp_path / "library").close()
    driver = started(tmp_path)
    family: list[psutil.Process] = []
    while kept(tmp_path / "library") < 20 and driver.poll() is None:
        family = psutil.Process(driver.pid).children(recursive=True) or family
        time.sleep(0.02)
    assert driver.poll() is None
    os.kill(driver.pid, signal.SIGKILL)
    driver.communicate()
    _, alive = psutil.wait_procs(family, timeout=120)
    assert alive == []
    with open_library(tmp_path / "library") as library:
        before = contents(library)
        passages = library.status()["passages"]
        assert library.check() == []
    assert 20 <= len(before) < 300
    said, errors = started(tmp_path, "--json").communicate()
    summary = json.loads(said)
    assert summary["failed"] == [], errors
    with open_library(tmp_path / "library") as library:
        after = contents(library)
        assert before.items() <= after.items()
        assert len(after) == 300
        assert summary["embedded"] <= library.status()["passages"] - passages
        assert library.check() == []


def kept(folder: Path) -> int:
    """Return how many documents a library has, looked at from outside."""
    import sqlite3

    with sqlite3.connect(f"file:{folder / 'catalog.db'}?mode=ro", uri=True, timeout=5) as sql:
        return int(sql.execute("select count(*) from versions where current").fetchone()[0])
