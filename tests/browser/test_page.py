"""What a reader does on the page, in a real browser."""

from __future__ import annotations

import re
from typing import Any

import pytest

from citewell.incoming import Blob
from tests.server.conftest import served
from tests.server.memory import MemoryLibrary

QUESTION = "how long steeps black tea"


def ask(page: Any, question: str) -> None:
    page.fill("#question", question)
    page.press("#question", "Enter")
    page.wait_for_selector("#go:text-is('Ask')")


def test_an_answer_has_footnotes_that_open_the_passage_highlighted(page: Any) -> None:
    ask(page, QUESTION)
    assert page.inner_text("#asked") == QUESTION
    assert page.title().startswith(QUESTION)
    assert "Tea › Black tea" in page.inner_text("#footnotes li >> nth=0")
    page.click("sup button >> nth=0")
    mark = page.wait_for_selector("#text mark")
    assert mark.inner_text() == "Black tea steeps for four minutes."
    assert mark.evaluate("node => node.closest('.row').dataset.n") == "408"
    box, view = mark.bounding_box(), page.locator("#text").bounding_box()
    assert view["y"] <= box["y"] <= view["y"] + view["height"]
    page.click("#searched summary")
    assert re.search(r"drinks/tea.md · line 408 · score \d", page.inner_text("#hits"))


def test_hostile_documents_stay_text(page: Any) -> None:
    ask(page, "walrus tusk script")
    page.click("#searched summary")
    page.click("#footnotes button >> nth=0")
    page.wait_for_selector("#text mark")
    assert "<script>window.pwned=1</script>" in page.inner_text("#answer")
    assert '<img src=x onerror="window.pwned=1">' in page.inner_text("#panel-title")
    assert "<script>" in page.inner_text("#text")
    assert page.evaluate("window.pwned") is None
    assert page.locator("main img, aside img, main script, aside script, main a, aside a").count() == 0


def test_pictures_and_links_in_an_answer_are_never_fetched(page: Any, library: MemoryLibrary) -> None:
    text = "Quokka smiles ![x](https://evil.example/a.png) <img src=https://evil.example/b.png> [y](https://evil.example/c)"
    library.put(Blob("quokka.md", b""), f"# Quokka\n\n{text}")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    ask(page, "quokka smiles")
    page.click("#searched summary")
    assert "![x](https://evil.example/a.png)" in page.inner_text("#answer")
    assert page.locator("#answer img, #answer a, #hits img, #hits a").count() == 0
    assert asked
    assert not any("evil.example" in url.split("?")[0] for url in asked)


def test_the_keyboard_is_enough(page: Any) -> None:
    assert page.evaluate("document.activeElement.id") == "question"
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    page.wait_for_selector("#after:not([hidden])")
    for _ in range(4):  # Ask, mode, where, first footnote
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Footnote 1: Tea"
    page.keyboard.press("Enter")
    page.wait_for_selector("#text mark")
    assert page.evaluate("document.activeElement.id") == "panel"
    page.keyboard.press("Escape")
    assert page.is_hidden("#panel")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Footnote 1: Tea"


def test_a_wrong_filter_shows_where_it_is_wrong(page: Any) -> None:
    page.fill("#where", "year >= AND x = 1")
    ask(page, QUESTION)
    text, caret = page.inner_text("#caret").split("\n")
    assert (text, caret.index("^")) == ("year >= AND x = 1", 8)
    assert page.evaluate("document.activeElement.id") == "where"
    assert page.evaluate("document.activeElement.selectionStart") == 8
    assert page.get_attribute("#where", "aria-invalid") == "true"
    page.fill("#where", "")
    ask(page, QUESTION)
    assert page.is_hidden("#where-error")
    assert page.is_visible("#answer")


def test_a_refusal_is_kind_and_an_error_can_be_tried_again(page: Any, library: MemoryLibrary) -> None:
    ask(page, "zebra")
    assert page.inner_text("#kind") == "Not answered"
    assert "Nothing in the 2 documents" in page.inner_text("#answer")
    library.failure = RuntimeError("boom")
    ask(page, QUESTION)
    assert "unexpected error" in page.inner_text("#error-text")
    library.failure = None
    page.click("#again")
    page.wait_for_selector("#after:not([hidden])")
    assert page.is_hidden("#error")


def test_what_no_quote_supports_is_marked(page: Any, library: MemoryLibrary) -> None:
    library.unsupported = ("Oolong steeps for an hour.",)
    ask(page, QUESTION)
    assert page.inner_text("#answer .unsupported") == "Oolong steeps for an hour."
    assert "no quote" in page.inner_text("#answer .legend")
    assert "Oolong" not in page.inner_text("#footnotes")


def test_a_follow_up_comes_with_what_was_said_and_shows_how_it_was_read(page: Any) -> None:
    ask(page, QUESTION)
    assert page.is_hidden("#steps")
    page.check("#follow")
    ask(page, "and green tea steeps")
    assert page.inner_text("#steps") == f"rewrite: asked as: and green tea steeps ({QUESTION})"
    page.uncheck("#follow")
    ask(page, QUESTION)
    assert page.is_hidden("#steps")


def test_what_was_left_out_is_counted(page: Any, library: MemoryLibrary) -> None:
    library.unsupported, library.policy = ("Oolong steeps for an hour.",), "strict"
    ask(page, QUESTION)
    assert "Oolong" not in page.inner_text("#answer")
    assert "Left out" in page.inner_text("#answer .legend")
    assert "1 sentence" in page.inner_text("#answer .legend")


def test_a_deep_link_asks_and_back_goes_back(page: Any) -> None:
    page.goto("/?q=green+tea+steeps&mode=keyword")
    page.wait_for_selector("#after:not([hidden])")
    assert page.input_value("#mode") == "keyword"
    ask(page, QUESTION)
    assert "q=how+long" in page.url
    page.go_back()
    page.wait_for_selector("#asked:text-is('green tea steeps')")


def test_the_answer_is_copied_as_markdown_with_its_footnotes(page: Any) -> None:
    ask(page, QUESTION)
    page.click("#copy")
    page.wait_for_selector("#copy:text-is('Copied')")
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("Black tea steeps for four minutes. [^1]")
    assert "[^1]: Tea › Black tea, drinks/tea.md · line 408: “Black tea steeps for four minutes.”" in text


def test_a_changed_document_is_not_highlighted_wrongly(page: Any, library: MemoryLibrary) -> None:
    ask(page, QUESTION)
    library.put(Blob("drinks/tea.md", b""), "# Tea\n\nNow about coffee.")
    page.click("sup button >> nth=0")
    page.wait_for_selector("#panel-note:not([hidden])")
    assert "no longer in it" in page.inner_text("#panel-note")
    assert page.locator("#text mark").count() == 0


def test_the_page_shows_progress_and_answers_meanwhile(page: Any, library: MemoryLibrary) -> None:
    library.running = True
    page.reload()
    page.wait_for_selector("#progress:not([hidden])")
    assert page.inner_text("#state") == "Reading: 2 done"
    ask(page, QUESTION)
    assert page.locator("#footnotes li").count() > 0


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_overflows_and_a_narrow_panel_covers_the_page(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 720})
    ask(page, QUESTION)
    page.click("sup button >> nth=0")
    page.wait_for_selector("#text mark")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.querySelector('main').inert") is (width == 360)
    page.click("#close")
    assert page.evaluate("document.querySelector('main').inert") is False


CONTRAST = """() => {
  const channels = (text) => {
    const pixel = new OffscreenCanvas(1, 1).getContext("2d");
    pixel.fillStyle = text;
    pixel.fillRect(0, 0, 1, 1);
    return [...pixel.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const linear = (v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = (rgb) => rgb.map((v) => linear(v / 255))
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (color !== "rgba(0, 0, 0, 0)") return color;
    }
  };
  const says = (node) => [...node.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  return [...document.querySelectorAll("body *")]
    .filter((node) => node.checkVisibility() && says(node))
    .map((node) => {
      const [a, b] = [getComputedStyle(node).color, behind(node)].map((c) => light(channels(c)));
      return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), node.tagName + "." + node.className];
    })
    .filter(([ratio]) => ratio < 4.5);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(page: Any, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    ask(page, QUESTION)
    page.click("#searched summary")
    page.click("sup button >> nth=0")
    page.wait_for_selector("#text mark")
    assert page.evaluate(CONTRAST) == []


def test_a_page_behind_a_key_asks_for_it_and_goes_on_with_the_question(
    browser: Any, library: MemoryLibrary
) -> None:
    with served(library, key="s3cret-ü") as url:
        context = browser.new_context(base_url=url)
        locked = context.new_page()
        locked.set_default_timeout(10_000)
        locked.goto(f"/?q={QUESTION}")
        for key in ("wrong", "s3cret-ü"):
            locked.wait_for_selector("#locked[open]")
            locked.fill("#key", key)
            with locked.expect_navigation():
                locked.press("#key", "Enter")
        locked.wait_for_selector("#after:not([hidden])")
        assert "four minutes" in locked.inner_text("#answer")
        assert "s3cret" not in locked.url
        context.close()
