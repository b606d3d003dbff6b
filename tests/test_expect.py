"""Where CI expects every part, a part that is missing fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).with_name("conftest.py")
PART = """
import pytest

@pytest.mark.skipif(True, reason={reason!r})
def test_by_mark(): ...

def test_by_call():
    pytest.skip({reason!r})

@pytest.mark.xfail
def test_that_is_known_to_fail():
    assert False
"""


def outcome(folder: Path, part: str, expect: str) -> str:
    (folder / "conftest.py").write_bytes(CONFTEST.read_bytes())
    (folder / "test_part.py").write_text(part)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        os.devnull,
        "--rootdir",
        ".",
    ]
    environ = {**os.environ, "CITEWELL_EXPECT": expect, "PYTHONPATH": str(CONFTEST.parents[1])}
    done = subprocess.run([*command, "test_part.py"], cwd=folder, env=environ, capture_output=True, text=True)
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("reason", "expect", "counts"),
    [
        ("needs chromium", "all", "1 failed, 1 xfailed, 1 error"),
        ("needs chromium", "", "2 skipped, 1 xfailed"),
        ("optional: needs an account", "all", "2 skipped, 1 xfailed"),
    ],
)
def test_a_skipped_part_fails_where_all_are_expected(
    tmp_path: Path, reason: str, expect: str, counts: str
) -> None:
    assert outcome(tmp_path, PART.format(reason=reason), expect).startswith(counts)


def test_so_does_a_package_that_is_missing(tmp_path: Path) -> None:
    part = "import pytest\n\npytest.importorskip('nothing_like_it')\n"
    assert outcome(tmp_path, part, "all").startswith("1 error")
    assert outcome(tmp_path, part, "").startswith("1 skipped")
