"""A served library and a real browser; skipped, with the reason, where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from citewell.incoming import Blob
from tests.server.conftest import served
from tests.server.memory import MemoryLibrary

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
FILLER = "\n".join(f"Line {number} of filler, with an emoji 😀 that is two units." for number in range(400))
TEA = f"""# Tea

Green tea steeps for two minutes. It turns bitter when the water boils.

{FILLER}

## Black tea

Black tea steeps for four minutes.
"""
HOSTILE = """# <img src=x onerror="window.pwned=1"><script>window.pwned=1</script>

walrus tusk <script>window.pwned=1</script><img src=x onerror="window.pwned=1"> [a](javascript:window.pwned=1)
"""


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs chromium (Debian: apt-get install chromium)")
    with sync_api.sync_playwright() as play:
        launched = play.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield launched
        launched.close()


@pytest.fixture
def library() -> MemoryLibrary:
    made = MemoryLibrary(pause=0.005)
    made.put(Blob("drinks/tea.md", b"", source="drinks/tea.md"), TEA)
    made.put(Blob("evil ?#%.md", b"", source="javascript:window.pwned=1"), HOSTILE)
    return made


@pytest.fixture
def page(browser: Any, library: MemoryLibrary) -> Iterator[Any]:
    """The page, freshly opened; whatever it says to the console is an error at the end."""
    with served(library) as url:
        context = browser.new_context(base_url=url, viewport={"width": 1280, "height": 800})
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        opened = context.new_page()
        opened.set_default_timeout(10_000)
        said: list[str] = []
        opened.on("console", lambda message: said.append(message.text))
        opened.on("pageerror", lambda error: said.append(str(error)))
        opened.goto("/")
        yield opened
        context.close()
    assert [text for text in said if "status of 400" not in text] == []
