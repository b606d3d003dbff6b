"""Parsing with native libraries, in a process of its own: a hostile file can end that process, never ours."""

from __future__ import annotations

import atexit
import io
import json
import struct
import subprocess
import sys
import threading
import zipfile
from dataclasses import dataclass, field
from typing import Any, Final

from citewell.errors import Unreadable
from citewell.model import Value
from citewell.read.limits import Limits

LARGEST_RATIO: Final = 200
"""Unpacked to packed size of an archive, beyond which it is taken for a bomb."""
SMALL: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class Parsed:
    """Text in one of our syntaxes, where each page starts, and what the file says of itself."""

    text: str
    syntax: str = "markdown"
    pages: list[int] = field(default_factory=list)
    fields: dict[str, Value] = field(default_factory=dict)


def parse(name: str, data: bytes, media_type: str, limits: Limits) -> Parsed:
    """Parse a file in the bounded process. Unreadable when it cannot be, dies, or takes too long."""
    if data.startswith(b"PK\x03\x04"):
        _check_archive(name, data, limits)
    order = {"media_type": media_type, "max_pages": limits.max_pages, "max_characters": limits.max_characters}
    answer = _WORKER.ask(name, order, data, limits.max_seconds)
    if "error" in answer:
        raise Unreadable(name, answer["error"])
    return Parsed(answer["text"], answer["syntax"], answer["pages"], answer["fields"])


def _check_archive(name: str, data: bytes, limits: Limits) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise Unreadable(name, f"is a broken archive ({error})") from None
    size = sum(member.file_size for member in members)
    if size > limits.max_unpacked_bytes or (size > SMALL and size > LARGEST_RATIO * len(data)):
        raise Unreadable(
            name, f"unpacks to {size} bytes from {len(data)}: too much (read.max_unpacked_bytes)"
        )
    for member in members:
        inside = member.filename.replace("\\", "/")
        if inside.startswith("/") or ".." in inside.split("/") or ":" in inside.split("/")[0]:
            raise Unreadable(name, f"holds a member that points outside of it: {member.filename[:80]!r}")
        if member.flag_bits & 1:
            raise Unreadable(name, "is encrypted; remove its password first")


class Worker:
    """The process: started at the first file, again after it died, ended with us."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._one = threading.Lock()

    def ask(self, name: str, order: dict[str, Any], data: bytes, seconds: float) -> dict[str, Any]:
        """Have a file parsed; the process is killed after `seconds`."""
        with self._one:
            process = self._started()
            late = threading.Event()

            def kill() -> None:
                late.set()
                process.kill()

            timer = threading.Timer(seconds, kill)
            timer.start()
            try:
                return _exchange(process, order, data)
            except (OSError, EOFError, struct.error):
                self.stop()
                reason = (
                    f"took longer than read.max_seconds = {seconds:g}"
                    if late.is_set()
                    else "made its parser fail (out of its memory, or a broken file)"
                )
                raise Unreadable(name, reason) from None
            finally:
                timer.cancel()

    def stop(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.stop()
            command = [sys.executable, "-m", "citewell.read.worker"]
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for us: the file at hand is finished
            )
        return self._process


def _exchange(process: subprocess.Popen[bytes], order: dict[str, Any], data: bytes) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    head = json.dumps(order).encode()
    process.stdin.write(struct.pack("<II", len(head), len(data)) + head)
    process.stdin.write(data)
    process.stdin.flush()
    (length,) = struct.unpack("<I", process.stdout.read(4))
    body = process.stdout.read(length)
    if len(body) < length:
        raise EOFError
    return dict(json.loads(body))


_WORKER: Final = Worker()
atexit.register(_WORKER.stop)
