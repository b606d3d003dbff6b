"""Small to big: the section around a match is shown, and citations into it stay exact."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citewell.answer import answer_of
from citewell.catalog.ids import passage_id
from citewell.filters import Filter
from citewell.incoming import Blob
from citewell.model import Entry, Hit, Passage, Query
from citewell.retrieve import Widen
from tests.retrieve.shelf import Ranked, entry, opened

GUIDE = """# Router guide

## Reset

Hold the reset button for ten seconds. The light blinks red after that.

Then wait. The device restarts by itself, which takes about two minutes.

All settings are lost, so write the password down beforehand.

## Update

Updates are fetched at night. The device restarts once they are written.
"""


def shelf(sections: list[tuple[int, int]]) -> tuple[str, list[Passage]]:
    """Return a document and its passages of four words: (section, page) of each."""
    text, passages = "", []
    for position, (section, page) in enumerate(sections):
        said = f"word{position} of section {section}"
        line = text.count("\n") + 1
        start = len(text)
        text += said + "\n\n"
        passages.append(
            Passage(
                passage_id(7, position),
                "d",
                1,
                said,
                start,
                start + len(said),
                f"Top > S{section}",
                line,
                page,
            )
        )
    return text, passages


def widen(text: str, passages: list[Passage], tokens: int, hits: list[Hit]) -> Widen:
    def lookup(ids: Sequence[str], where: Filter | None) -> dict[str, tuple[Passage, Entry]]:
        return {one.id: (one, entry("d")) for one in passages if one.id in ids}

    def count(texts: Sequence[str]) -> list[int]:
        return [len(one.split()) for one in texts]

    return Widen(Ranked(hits), lookup, lambda ids: dict.fromkeys(ids, text), count, tokens)


PLACES = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 2)), min_size=1, max_size=25).map(sorted)


@settings(max_examples=200, deadline=None)
@given(PLACES, st.data(), st.integers(1, 120))
def test_what_is_shown_is_an_exact_span_once_within_the_budget(
    places: list[tuple[int, int]], data: st.DataObject, tokens: int
) -> None:
    text, passages = shelf(places)
    chosen = data.draw(st.lists(st.sampled_from(range(len(places))), unique=True, min_size=1, max_size=4))
    hits = [Hit(passages[at], entry("d"), 1 / rank) for rank, at in enumerate(chosen, start=1)]
    shown = widen(text, passages, tokens, hits)(Query("x"))
    spans = sorted((one.passage.start, one.passage.end) for one in shown)
    assert all(end < start for (_, end), (start, _) in pairwise(spans))
    for one in shown:
        passage = one.passage
        assert text[passage.start : passage.end] == passage.text
        assert passage.line == text.count("\n", 0, passage.start) + 1
        inside = [other for other in passages if passage.start <= other.start < passage.end]
        assert {other.page for other in inside} == {passage.page}
        assert all(f"{other.heading} > ".startswith(f"{passage.heading} > ") for other in inside)
    for at in chosen:
        assert any(one.passage.start <= passages[at].start < one.passage.end for one in shown)
    words = sum(len(one.passage.text.split()) for one in shown)
    assert words <= max(tokens, sum(len(passages[at].text.split()) for at in chosen))
    assert [one.score for one in shown] == sorted((one.score for one in shown), reverse=True)
    assert shown[0].passage.id == passages[chosen[0]].id


def test_the_section_comes_before_other_neighbours() -> None:
    text, passages = shelf([(0, 1)] * 3 + [(1, 1)] * 3)
    hits = [Hit(passages[2], entry("d"), 1.0)]
    one = widen(text, passages, 12, hits)(Query("x"))[0].passage
    assert (one.text.split()[0], one.heading) == ("word0", "Top > S0")
    one = widen(text, passages, 16, hits)(Query("x"))[0].passage
    assert (one.text.split()[-4], one.heading) == ("word3", "Top")


def test_a_document_replaced_meanwhile_is_shown_as_it_was_found() -> None:
    text, passages = shelf([(0, 1)] * 3)
    value = widen(text, passages, 100, [Hit(passages[1], entry("d"), 1.0)])
    gone = Widen(value.inner, value.lookup, lambda ids: {}, value.count, 100)
    assert gone(Query("x"))[0].passage == passages[1]


@pytest.mark.parametrize("tokens", [0, 1, 1000])
def test_citations_into_a_widened_passage_are_exact(tmp_path: Path, tokens: int) -> None:
    texts = {"chat_context_tokens": tokens, "chat_passages": 1, "split_tokens": 24}
    question = Query("How long must the reset button be held?")
    with opened(tmp_path, **texts) as library:
        library.ingest([Blob("guide.md", GUIDE.encode())], lambda _: None)
        answer = library.ask(question)
        _, document = library.get("guide.md")
        (shown,) = answer.hits
        assert document.text[shown.passage.start : shown.passage.end] == shown.passage.text
        assert ("settings are lost" in shown.passage.text) == (tokens == 1000)
        written = "Hold the reset button for ten seconds [1]. All settings are lost [1]."
        checked = answer_of(question, answer.hits, written, (1, 1))
        assert len(checked.citations) == (2 if tokens == 1000 else 1)
        for one in checked.citations:
            assert document.text[one.start : one.end] == one.quote
            assert document.text.count("\n", 0, one.start) + 1 == one.line
