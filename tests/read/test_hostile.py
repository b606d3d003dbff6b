"""Files that are broken or mean harm: each ends in one clear line, soon, and the next file reads."""

from __future__ import annotations

import contextlib
import os
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest

from citewell.errors import Unreadable
from citewell.incoming import Blob
from citewell.read import Limits, isolate, read
from tests.read import files

WORD = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"}


def refused(name: str, data: bytes, limits: Limits = Limits()) -> str:
    with pytest.raises(Unreadable) as caught:
        read(Blob(name, data), limits)
    assert caught.value.name == name
    assert str(caught.value).startswith(f"{name}: ")
    assert "\n" not in str(caught.value)
    return caught.value.reason


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.md", b"", "is empty"),
        ("a.md", b" \n\t\n", "no text"),
        ("a.txt", bytes(range(256)) * 40, "binary data"),
        ("a.txt", b"\x9d\x01\x02\x03\xff" * 400, "binary data"),
        ("a.txt", b"\xff\xfea\x00\x00\xd8", "not valid"),
        ("a.md", b"\x89PNG\r\n\x1a\n0000", "PNG image"),
        ("a.pdf", b"%PDF-1.7\nnothing", "broken PDF"),
        ("a.pdf", b"no pdf at all", "not of that format"),
        ("a.docx", b"PK\x03\x04 word/document", "broken archive"),
        ("a.docx", b"PK\x03\x04 other", "broken .docx"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1old", "before 2007"),
        ("a.zip", files.archive({"x.txt": b"x"}), "zip archive"),
        ("a.json", b'{"a": ', "line 1, column"),
        ("a.json", b"[" * 100_000, "nested too deep"),
        ("a.jsonl", b'{"id": 1, "text": "x"}\n{"id": 1, "text": "y"}\n', "twice"),
        ("a.jsonl", b'{"id": 1}\nnot json\n', "line 2"),
        ("a.ipynb", b'{"cells": 3}', "not a notebook"),
        ("a.html", b"<script>x</script>", "no text"),
    ],
)
def test_a_bad_file_ends_in_one_clear_line(name: str, data: bytes, said: str) -> None:
    assert said in refused(name, data)


def test_a_cut_off_pdf_and_docx_are_refused_or_read_but_never_hang() -> None:
    for name, data in (("a.pdf", files.pdf(5)), ("a.docx", files.docx()), ("a.pptx", files.pptx())):
        for share in (0.2, 0.5, 0.9):
            with contextlib.suppress(Unreadable):
                assert read(Blob(name, data[: int(len(data) * share)]))


def test_an_encrypted_pdf_is_refused() -> None:
    assert "encrypted" in refused("a.pdf", files.pdf(1, encrypt="secret"))


def test_a_pdf_of_ten_thousand_pages_is_refused_before_it_is_read() -> None:
    data = files.pdf(10_000, lines=0)
    started = time.perf_counter()
    assert "10000 pages, more than 5000" in refused("a.pdf", data)
    assert time.perf_counter() - started < 30  # reading them all takes minutes


def test_a_scanned_pdf_says_that_it_needs_ocr() -> None:
    assert "OCR" in refused("a.pdf", files.pdf(2, lines=0))


def test_a_zip_bomb_is_refused_by_its_sizes() -> None:
    data = files.archive({**WORD, "word/media/x.bin": bytes(64 << 20)})
    assert "zip bomb" in refused("a.docx", data)
    assert "read.max_unpacked_bytes" in refused("a.docx", data, Limits(max_unpacked_bytes=1 << 20))


def lying_docx(size: int) -> bytes:
    """A zip whose one member unpacks to `size` bytes and says that it is 100."""
    bomb, name = zlib.compress(b"<w:t>" + b"a" * size, 9)[2:-4], b"word/document.xml"
    sizes = (0, len(bomb), 100, len(name), 0)
    member = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 0, *sizes) + name + bomb
    entry = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, *sizes, *[0] * 5) + name
    return member + entry + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, len(entry), len(member), 0)


def test_a_zip_bomb_that_lies_about_its_sizes_stays_in_the_worker() -> None:
    refused("a.docx", lying_docx(400 << 20), Limits(max_seconds=20))
    assert read(Blob("b.docx", files.docx()))


@pytest.mark.parametrize("member", ["../../etc/passwd", "/etc/passwd", "C:\\x", "a\\..\\..\\b"])
def test_an_archive_member_that_leaves_its_folder_is_refused(member: str) -> None:
    data = files.archive({"META-INF/container.xml": b"<container/>", member: b"x"})
    assert "leaves its folder" in refused("a.epub", data)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(max_bytes=10), "read.max_bytes"),
        (Limits(max_characters=10), "read.max_characters"),
        (Limits(max_pages=2), "read.max_pages"),
        (Limits(max_seconds=0.001), "read.max_seconds"),
    ],
)
def test_each_limit_refuses_by_its_name(limits: Limits, said: str) -> None:
    assert said in refused("a.pdf", files.pdf(30), limits)


def test_a_worker_that_dies_costs_one_file_only() -> None:
    assert read(Blob("a.pdf", files.pdf(1)))
    worker = isolate._idle[-1]
    worker.process.kill()
    worker.process.wait()
    assert read(Blob("a.pdf", files.pdf(1)))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_thousand_pages_take_little_memory() -> None:
    script = (
        "import sys; from citewell.read import read, isolate; from citewell.incoming import Blob\n"
        "def peak(pid): return next(int(l.split()[1]) for l in open(f'/proc/{pid}/status') if 'VmHWM' in l)\n"
        "import os; before = peak(os.getpid())\n"
        "d = read(Blob('a.pdf', open(sys.argv[1], 'rb').read()))[0]\n"
        "print(d.fields['pages'], peak(os.getpid()) - before + peak(isolate._idle[0].process.pid))"
    )
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"citewell-{os.getpid()}.pdf"
    path.write_bytes(files.pdf(1000, lines=50))
    try:
        command = [sys.executable, "-c", script, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    finally:
        path.unlink()
    pages, kilobytes = map(int, done.stdout.split())
    assert pages == 1000
    assert kilobytes < 600 * 1024
