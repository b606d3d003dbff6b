"""Asking on the page why these passages came up and another document did not; with a real library."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from citewell.library import Library
from citewell.model import Document, Query
from tests.browser.test_page import CONTRAST, ask
from tests.failure.worker import open_library
from tests.server.conftest import served

QUESTION = "how long does green tea steep"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with open_library(tmp_path_factory.mktemp("why") / "library", create=True) as made:
        for number in range(12):
            made.add(
                Document(
                    f"cup{number}.md", f"How long does green tea steep in cup {number}? {number} minutes."
                )
            )
        made.add(Document("drinks/lost.md", "Tea is a drink, and <script>window.pwned=1</script> is not."))
        yield made


@contextmanager
def reading(browser: Any, library: Library, **options: Any) -> Iterator[Any]:
    """The page with the question asked; an error that the browser reports is an error at the end."""
    said: list[str] = []
    with served(library) as url:
        context = browser.new_context(base_url=url, **options)
        opened = context.new_page()
        opened.set_default_timeout(20_000)
        opened.on("pageerror", lambda error: said.append(str(error)))
        opened.goto("/")
        ask(opened, QUESTION)
        yield opened
        assert opened.evaluate("window.pwned") is None
        context.close()
    assert said == []


def why_not(page: Any, document: str) -> str:
    page.fill("#why-document", document)
    page.press("#why-document", "Enter")
    page.wait_for_selector("#why-state:empty", state="attached")
    return str(page.inner_text("#why"))


def test_each_passage_says_in_plain_words_how_it_came_up(browser: Any, library: Library) -> None:
    with reading(browser, library) as page:
        page.click("#why-these")
        page.wait_for_selector("#reasons li")
        assert page.get_attribute("#why-these", "aria-expanded") == "true"
        assert page.locator("#reasons li").count() == page.locator("#hits li").count()
        first = page.inner_text("#reasons li >> nth=0")
        said = library.why(Query(QUESTION)).hits[0]
        assert said.hit.passage.document_id in first
        assert all(step in first for step in said.text.split("; "))
        assert re.search(r"by meaning: 1st \(cosine .*\)\n(.*\n)?by words: \w+ \(BM25", first)
        page.click("#reasons button >> nth=0")
        assert "green tea" in page.wait_for_selector("#text mark").inner_text()
        page.keyboard.press("Escape")
        page.click("#why-these")
        assert page.locator("#reasons li").count() == 0


def test_a_lost_document_says_where_it_was_lost_and_the_change_that_was_tried(
    browser: Any, library: Library
) -> None:
    found = library.why(Query(QUESTION), "drinks/lost.md", local=False).document
    assert found is not None
    assert found.stage is not None
    change = found.changes[0]
    with reading(browser, library) as page:
        said = why_not(page, "lost.md")
    for part in (f"Lost at: {found.stage}", found.text, change.text, f"number {change.rank}", "by words: "):
        assert part in said


def test_a_misspelt_document_is_offered_by_its_name_and_a_new_question_starts_afresh(
    browser: Any, library: Library
) -> None:
    with reading(browser, library) as page:
        assert "Lost at: not ingested" in why_not(page, "drinks/lots.md")
        page.click("#followed button:text-is('drinks/lost.md')")
        page.wait_for_selector("#followed h3:text-is('drinks/lost.md')")
        assert page.evaluate("document.activeElement.id") == "why-document"
        first = library.search(Query(QUESTION))[0].passage.document_id
        assert "It came up 1st." in why_not(page, first)
        page.fill("#question", "something else")
        page.press("#question", "Enter")
        page.wait_for_selector("#go:text-is('Ask')")
        assert (page.input_value("#why-document"), page.inner_text("#followed")) == ("", "")


def test_the_keyboard_is_enough_and_what_is_said_is_announced(browser: Any, library: Library) -> None:
    with reading(browser, library) as page:
        page.focus("#searched summary")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Why these?"
        page.keyboard.press("Enter")
        page.wait_for_selector("#why-state:has-text('came up is shown')")
        for _ in range(page.locator("#reasons button").count() + 1):
            page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.labels[0].textContent") == "Why not"
        page.keyboard.type("<img src=x onerror=window.pwned=1>")
        page.keyboard.press("Enter")
        page.wait_for_selector("#followed .lost")
        assert page.locator("#followed img").count() == 0
        assert page.get_attribute("#followed", "aria-live") == "polite"
        assert page.get_attribute("#why-state", "role") == "status"


def test_a_name_that_may_be_several_documents_is_an_alert(browser: Any, library: Library) -> None:
    library.add(Document("a/index.md", "Kettles boil."))
    library.add(Document("b/index.md", "Toasters pop."))
    with reading(browser, library) as page:
        assert "'a/index.md', 'b/index.md'" in why_not(page, "index.md")
        assert page.is_visible("#why-error[role=alert]")


def test_a_near_duplicate_that_was_left_out_is_told_so_and_what_took_its_place_is_explained(
    browser: Any, tmp_path: Path
) -> None:
    with open_library(tmp_path / "library", create=True) as library:
        for number in range(4):
            text = "Green tea steeps two minutes long, and its leaves may be used again by patient people"
            library.add(Document(f"twin{number}.md", text + "." * number))
        for number in range(12):
            library.add(
                Document(f"shop{number}.md", f"Green tea is sold by weight {number} in shop {number * 13}")
            )
        found = [hit.passage.document_id for hit in library.search(Query(QUESTION))]
        shown = [hit.passage.document_id for hit in library.ask(Query(QUESTION)).hits]
        assert set(shown) - set(found), "a passage from below the limit took the place of a twin"
        twin = next(one for one in found if one not in shown)
        with reading(browser, library) as page:
            assert "Of passages that say the same one is shown" in why_not(page, twin)
            page.click("#why-these")
            page.wait_for_selector("#reasons li")
            said = page.locator("#reasons li").all_inner_texts()
    assert [one.split("\n")[1] for one in said] == shown
    assert all("by meaning: " in one for one in said)


@pytest.mark.parametrize(("scheme", "width"), [("light", 360), ("dark", 1280)])
def test_it_fits_and_has_enough_contrast(browser: Any, library: Library, scheme: str, width: int) -> None:
    options = {
        "color_scheme": scheme,
        "reduced_motion": "reduce",
        "viewport": {"width": width, "height": 800},
    }
    with reading(browser, library, **options) as page:
        page.click("#why-these")
        page.wait_for_selector("#reasons li")
        why_not(page, "drinks/lots.md")
        assert page.evaluate(CONTRAST) == []
        why_not(page, "drinks/lost.md")
        assert page.evaluate(CONTRAST) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
