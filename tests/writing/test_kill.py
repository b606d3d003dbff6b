"""Killed while a model writes, a library loses nothing that was paid: at most what was on the wire is asked again."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.writing.model import PARTS, text_of
from tests.writing.worker import AT_ONCE

WORKER = Path(__file__).with_name("worker.py")
DOCUMENTS = 4
CALLS = DOCUMENTS * (2 * len(PARTS) + 3)


def started(*arguments: Path) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "PYTHONPATH": f"{WORKER.parents[2]}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
    }
    return subprocess.Popen(
        [sys.executable, str(WORKER), *map(str, arguments)], env=environment, stdout=subprocess.DEVNULL
    )


def test_killed_in_the_middle_nothing_paid_is_paid_again(tmp_path: Path) -> None:
    folder, log = tmp_path / "docs", tmp_path / "log"
    folder.mkdir()
    for number in range(DOCUMENTS):
        (folder / f"{number}.txt").write_text(text_of(*(f"{number}{part}" for part in PARTS)))
    choose, kills = random.Random(int(time.time())), 0
    while True:
        before = log.stat().st_size if log.exists() else 0
        process = started(tmp_path / "library", folder, log)
        while process.poll() is None and (log.stat().st_size if log.exists() else 0) == before:
            time.sleep(0.01)
        if kills == 3:
            assert process.wait(200) == 0
            break
        time.sleep(choose.uniform(0.1, 0.6))
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
    lines = log.read_text().splitlines()
    assert lines[-1] == "done"
    assert len(set(lines[:-1])) == CALLS
    assert CALLS <= len(lines) - 1 <= CALLS + kills * AT_ONCE
