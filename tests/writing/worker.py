"""A process to be killed: has a slow model write of a folder, and notes each call in a log when its answer is complete.

Run as `python worker.py LIBRARY FOLDER LOG`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from citewell.sources.folder import Folder
from tests.writing.model import Model, open_with, shown

AT_ONCE = 2
KINDS = ("context", "questions", "tree")


def run(library: Path, folder: Path, log: Path) -> None:
    """Sync until the end; "done" is the last line."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def reply(asked: str) -> str:
        kind = "context" if asked.startswith("The document:") else "other"
        os.write(descriptor, f"{kind} {asked.count('<passage>')} {shown(asked)[:40]}\n".encode())
        return f"About {shown(asked)[:30]}"

    model = Model(reply)
    model.pause = 0.03
    with open_with(library, model, pytest.MonkeyPatch(), *KINDS, concurrency=AT_ONCE) as opened:
        opened.sync(Folder(folder), print)
        assert opened.check() == []
    os.write(descriptor, b"done\n")


if __name__ == "__main__":
    run(*map(Path, sys.argv[1:]))
