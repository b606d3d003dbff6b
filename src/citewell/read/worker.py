"""The worker process that reads dangerous formats: `python -m citewell.read.worker`.

It answers requests on its standard input until that closes or nothing came for a minute. A request is
two lengths (big-endian, 4 bytes each), a JSON header {name, format, limits} and the file's bytes; an
answer is one length and JSON: {"drafts": [...]} or {"reason": "..."}. A parser that dies takes only this
process down; memory is bounded by the system's limit on address space.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from dataclasses import asdict
from typing import Any, BinaryIO, Final

from citewell.errors import Unreadable
from citewell.incoming import Blob
from citewell.read.file import read_here
from citewell.read.formats import FORMATS
from citewell.read.limits import MIB, Draft, Limits

MEMORY: Final = 1536 * MIB
"""Address space of a worker; reading a 1,000-page PDF takes a tenth."""
IDLE_SECONDS: Final = 60.0


def main() -> None:
    """Serve until the input closes."""
    # Native libraries print; the answers need a pipe of their own.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests = os.fdopen(os.dup(0), "rb", buffering=0)
    _limit_memory()
    while _waited(requests):
        lengths = taken(requests, 8)
        if len(lengths) < 8:
            return
        header, data = (taken(requests, length) for length in struct.unpack(">II", lengths))
        answer = json.dumps(_answer(json.loads(header), data)).encode()
        answers.write(struct.pack(">I", len(answer)) + answer)
        answers.flush()


def taken(pipe: BinaryIO | Any, length: int) -> bytes:
    """Read exactly `length` bytes; fewer at the end."""
    parts: list[bytes] = []
    while length > 0:
        part = pipe.read(min(length, MIB))
        if not part:
            break
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _answer(header: dict[str, Any], data: bytes) -> dict[str, Any]:
    limits = Limits(**header["limits"])
    _limit_seconds(limits.max_seconds)
    blob = Blob(header["name"], data, header["media_type"])
    try:
        drafts = read_here(FORMATS[header["format"]], blob, limits)
    except Unreadable as error:
        return {"reason": error.reason}
    except MemoryError:
        return {"reason": f"needs more than {MEMORY // MIB} MiB of memory to read"}
    return {"drafts": [_plain(draft) for draft in drafts]}


def _plain(draft: Draft) -> dict[str, Any]:
    rows = [(b.start, b.end, b.kind, b.level, b.title, b.page) for b in draft.blocks]
    hidden = [(one.start, one.end, one.how) for one in draft.hidden]
    return {**asdict(Draft("")), **_scalars(draft), "blocks": rows, "hidden": hidden}


def _scalars(draft: Draft) -> dict[str, Any]:
    return {name: getattr(draft, name) for name in ("text", "title", "part", "type")} | {
        "fields": dict(draft.fields),
        "front": dict(draft.front),
    }


def _waited(requests: Any) -> bool:
    """Wait for a request; an idle worker ends itself, as its memory is not small."""
    if sys.platform == "win32":
        return True
    import select

    return bool(select.select([requests], [], [], IDLE_SECONDS)[0])


def _limit_memory() -> None:
    if sys.platform == "win32":
        return
    import resource

    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    except (ValueError, OSError):
        return  # macOS has no such limit; time and size are bounded all the same


def _limit_seconds(seconds: float) -> None:
    """Bound processor time, so that a worker whose parent was killed ends too."""
    if sys.platform == "win32":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + 4 * seconds) + 10
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    if hard == resource.RLIM_INFINITY or most <= hard:
        resource.setrlimit(resource.RLIMIT_CPU, (most, hard))


if __name__ == "__main__":
    main()
