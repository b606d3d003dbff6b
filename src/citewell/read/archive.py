"""Zip containers (Office, EPUB) before anything unpacks them: bombs and escaping names are refused."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Final

from citewell.errors import Unreadable
from citewell.incoming import Blob
from citewell.read.limits import Limits

MOST_MEMBERS: Final = 20_000
RATIO: Final = 200
"""Unpacked over packed size beyond which a large member is a bomb; text packs about 4 to 20 times."""
LARGE: Final = 32 * 1024 * 1024
ESCAPES: Final = re.compile(r"^[/\\]|^[A-Za-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)")


def check_archive(blob: Blob, limits: Limits) -> None:
    """Raise Unreadable for a zip that is broken, encrypted, a bomb, or has names that leave its folder."""
    try:
        with zipfile.ZipFile(io.BytesIO(blob.data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError) as error:
        raise Unreadable(blob.name, f"is a broken archive: {' '.join(str(error).split())}") from error
    if len(members) > MOST_MEMBERS:
        raise Unreadable(blob.name, f"is an archive of {len(members)} files, more than {MOST_MEMBERS}")
    total = sum(member.file_size for member in members)
    if total > limits.max_unpacked_bytes:
        reason = f"unpacks to {total} bytes, more than {limits.max_unpacked_bytes} (read.max_unpacked_bytes)"
        raise Unreadable(blob.name, reason)
    for member in members:
        if ESCAPES.search(member.filename) or ESCAPES.search(member.orig_filename):
            raise Unreadable(
                blob.name, f"is an archive whose member {member.orig_filename!r} leaves its folder"
            )
        if member.flag_bits & 1:
            raise Unreadable(blob.name, "is encrypted; save it without a password")
        if member.file_size > LARGE and member.file_size > RATIO * max(member.compress_size, 1):
            raise Unreadable(
                blob.name, f"is a zip bomb: {member.filename!r} unpacks to {member.file_size} bytes"
            )
