"""The demo, on a folder of one's own: takes in, serves, answers, and is quick the second time."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from citewell.demo import DJANGO, main


def command(docs: Path, folder: Path, *more: str) -> list[str]:
    options = ["--docs", str(docs), "--folder", str(folder), "--port", "0", "--embed", "hash", *more]
    return [sys.executable, "-u", "-m", "citewell.demo", *options]


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for number in range(4):
        parts = [f"## Part {part}\n\nThe number of part {part} is {number * part}." for part in range(3)]
        (folder / f"{number}.md").write_text(f"# Chapter {number}\n\n" + "\n\n".join(parts))
    return folder


def test_it_takes_in_answers_and_embeds_nothing_the_second_time(tmp_path: Path, docs: Path) -> None:
    first = subprocess.run(command(docs, tmp_path, "--once"), capture_output=True, text=True, timeout=60)
    assert first.returncode == 0, first.stderr
    assert "4 added" in first.stdout
    assert first.stdout.count("── What is said about Chapter") == 3
    again = subprocess.run(command(docs, tmp_path, "--once"), capture_output=True, text=True, timeout=60)
    ready = re.search(r"ready in ([0-9.]+) s", again.stdout)
    assert ready
    assert float(ready[1]) < 5
    assert "0 passages embedded" in again.stdout


def test_it_serves_the_page_until_ctrl_c(tmp_path: Path, docs: Path) -> None:
    running = subprocess.Popen(command(docs, tmp_path), stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    url = next(line for line in running.stdout if "the page and the API" in line).split()[-1]
    with urllib.request.urlopen(url) as page:
        assert b"<html" in page.read().lower()
    assert any("Ctrl-C stops" in line for line in running.stdout)
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=30) == 0


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--docs", str(tmp_path / "none"), "--folder", str(tmp_path)]) == 3
    assert "make demo DOCS=" in capsys.readouterr().err


def test_an_archive_that_is_not_the_expected_one_is_thrown_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / f"django-{DJANGO}.tar.gz"
    archive.write_bytes(b"something else")
    assert main(["--docs", "", "--folder", str(tmp_path)]) == 7
    assert "not the file that was expected" in capsys.readouterr().err
    assert not archive.exists()
