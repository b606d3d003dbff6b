"""Every snippet in README.md, CONTRIBUTING.md and docs/ runs, every setting in them exists, every link leads somewhere.

The blocks of a page run in order, in one empty folder with a small docs/ in it: a page may tell a story.
A `sh` or `python` block runs unless the comment `<!-- not run: reason -->` stands before it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from citewell.config import load
from tests.docs.pages import ROOT, Snippet, links, pages, snippets

ROUTER = """# Router guide

How to set up and look after the router.

## Install

Connect the cable to port 1, then switch the router on.

## Reset

Hold the reset button for ten seconds until the light blinks. All settings are lost.
"""
RUN = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}
WITH_SNIPPETS = [
    page
    for page in pages()
    if page.name in ("README.md", "CONTRIBUTING.md") or page.is_relative_to(ROOT / "docs")
]


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "router.md").write_text(ROUTER)
    return tmp_path


def run(page: Path, snippet: Snippet, folder: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CITEWELL_")}
    if cache := os.environ.get("CITEWELL_CACHE"):
        environ["CITEWELL_CACHE"] = cache
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ['PATH']}"
    command = [*RUN[snippet.language], snippet.text]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=240)
    said = f"{done.stdout}\n{done.stderr}"
    assert done.returncode == 0, f"{named(page)}:{snippet.line} ended with {done.returncode}\n{said}"


@pytest.mark.parametrize("page", WITH_SNIPPETS, ids=named)
def test_every_snippet_runs(page: Path, folder: Path) -> None:
    for snippet in snippets(page.read_text("utf-8")):
        if snippet.language in RUN and not snippet.not_run:
            run(page, snippet, folder)


@pytest.mark.parametrize("page", pages(), ids=named)
def test_every_setting_in_a_snippet_exists(page: Path, tmp_path: Path) -> None:
    for snippet in snippets(page.read_text("utf-8")):
        if snippet.language == "toml" and not snippet.not_run:
            assert tomllib.loads(snippet.text), f"{named(page)}:{snippet.line}"
            (tmp_path / "citewell.toml").write_text(snippet.text)
            load({}, {}, tmp_path / "citewell.toml")


@pytest.mark.parametrize("page", pages(), ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page.read_text("utf-8")):
        parts = urlsplit(link)
        if not parts.scheme and parts.path:
            assert (page.parent / unquote(parts.path)).exists(), f"{named(page)}: {link}"


def test_what_is_not_run_says_why() -> None:
    text = "<!-- not run: it never ends -->\n```sh\nsleep inf\n```\n\n```python\nprint(1)\n```\n"
    held, free = snippets(text)
    assert held.not_run == "it never ends"
    assert (free.language, free.not_run, free.line) == ("python", "", 6)
