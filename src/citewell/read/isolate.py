"""Reads dangerous formats in worker processes: spawned once, reused, killed when time is up.

A file on which a worker dies is Unreadable; the next file gets a fresh worker.
"""

from __future__ import annotations

import atexit
import json
import os
import struct
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from citewell.errors import Unreadable
from citewell.hostile import Hidden
from citewell.incoming import Blob
from citewell.model import Block, Value
from citewell.read.formats import Format
from citewell.read.limits import Draft, Limits
from citewell.read.worker import taken

FILES: Final = 200
"""Files that a worker reads before a fresh one takes over: native parsers leak."""
AT_ONCE: Final = 2
THREADS: Final = {
    "MALLOC_ARENA_MAX": "2",
    "RAYON_NUM_THREADS": "1",
    "TOKIO_WORKER_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
"""Each native thread reserves address space, which is what bounds the worker's memory."""


@dataclass(eq=False)
class Worker:
    """A worker process and how many files it has read."""

    process: subprocess.Popen[bytes]
    files: int = 0
    late: threading.Event = field(default_factory=threading.Event)

    def kill(self) -> int:
        """End the process; return its exit code."""
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue  # what was left to write is of no use any more
        return self.process.wait()


_idle: list[Worker] = []
_lock = threading.Lock()
_places = threading.BoundedSemaphore(AT_ONCE)


def read_isolated(found: Format, blob: Blob, limits: Limits) -> list[Draft]:
    """Run a format's reader in a worker. Unreadable also when it dies or takes longer than the limit."""
    with _places:
        while True:
            worker = _borrowed()
            fresh = worker.files == 0
            answer = _asked(worker, found, blob, limits)
            if answer is not None:
                _returned(worker)
                break
            code = worker.kill()
            if worker.late.is_set():
                reason = f"took more than {limits.max_seconds:g} s to read (read.max_seconds)"
                raise Unreadable(blob.name, reason)
            if fresh:
                raise Unreadable(
                    blob.name, f"is broken or hostile: the {found.name} reader stopped on it ({code})"
                )
            # An old worker may have ended for its own reasons (idle, leaks): the file gets a fresh one.
    if "reason" in answer:
        raise Unreadable(blob.name, answer["reason"])
    return [_draft(one) for one in answer["drafts"]]


def _asked(worker: Worker, found: Format, blob: Blob, limits: Limits) -> dict[str, Any] | None:
    """Return the worker's answer, or None if it died."""
    header = json.dumps(
        {"name": blob.name, "media_type": blob.media_type, "format": found.name, "limits": asdict(limits)}
    ).encode()
    process = worker.process
    assert process.stdin is not None
    assert process.stdout is not None
    worker.files += 1
    timer = threading.Timer(limits.max_seconds, _expire, (worker,))
    timer.daemon = True
    timer.start()
    try:
        process.stdin.write(struct.pack(">II", len(header), len(blob.data)) + header)
        process.stdin.write(blob.data)
        process.stdin.flush()
        length = taken(process.stdout, 4)
        answer = taken(process.stdout, struct.unpack(">I", length)[0]) if len(length) == 4 else b""
    except BrokenPipeError:
        return None
    finally:
        timer.cancel()
    whole = len(length) == 4 and len(answer) == struct.unpack(">I", length)[0]
    return json.loads(answer) if whole else None


def _expire(worker: Worker) -> None:
    worker.late.set()
    worker.process.kill()


def _borrowed() -> Worker:
    with _lock:
        while _idle:
            worker = _idle.pop()
            if worker.process.poll() is None:
                return worker
            worker.kill()
    command = [sys.executable, "-m", "citewell.read.worker"]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **THREADS},
        start_new_session=True,  # Ctrl-C is for the parent, which decides
    )
    return Worker(process)


def _returned(worker: Worker) -> None:
    if worker.files >= FILES or worker.late.is_set():
        worker.kill()
        return
    with _lock:
        _idle.append(worker)


@atexit.register
def _end() -> None:
    with _lock:
        while _idle:
            _idle.pop().kill()


def _draft(plain: dict[str, Any]) -> Draft:
    blocks = tuple(Block(*row) for row in plain.pop("blocks"))
    hidden = tuple(Hidden(*row) for row in plain.pop("hidden"))
    fields, front = _values(plain.pop("fields")), _values(plain.pop("front"))
    return Draft(blocks=blocks, fields=fields, front=front, hidden=hidden, **plain)


def _values(plain: dict[str, Any]) -> dict[str, Value]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
