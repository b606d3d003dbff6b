"""A word that no passage has is looked for as the nearest word that one has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citewell import filters
from citewell.filters import Filter
from citewell.library import Library
from citewell.model import Document, Query
from citewell.protocols import Index
from citewell.retrieve import Candidate, Typos
from citewell.retrieve.typos import ASCII, respelled, slips
from tests.retrieve.shelf import found, opened

TEXTS = {
    "router": "The router forwards packets between networks.",
    "switch": "A switch joins the cables of one network, and of one network only.",
    "garden": "Water the garden in the evening, never at noon.",
}


def test_slips_are_one_letter_more_less_other_or_two_swapped() -> None:
    assert slips("ab", "abc") == {
        *("b", "a", "ba", "bb", "cb", "aa", "ac"),
        *("aab", "bab", "cab", "abb", "acb", "aba", "abc"),
    }


@given(st.text(ASCII, min_size=1, max_size=9))
def test_a_slip_can_be_taken_back(word: str) -> None:
    assert word not in slips(word, ASCII)
    assert all(word in slips(one, ASCII) for one in list(slips(word, ASCII))[:20] if one)


@pytest.mark.parametrize("asked", ["ruter", "rotuer", "Routter", "rauter", "roouter", "fowards packets"])
def test_a_misspelt_word_finds_what_the_right_one_finds(tmp_path: Path, asked: str) -> None:
    with opened(tmp_path, TEXTS) as library:
        assert found(library, asked, mode="keyword") == ["router"]
        assert found(library, asked, mode="hybrid")[0] == "router"
    with opened(tmp_path, search_typos="false") as library:
        assert "router" not in found(library, asked.split()[0], mode="keyword")


@pytest.mark.parametrize(
    "asked",
    [
        '"rauter"',
        "`rauter`",
        "rauter_1",
        "--rauter",
        "ROUTRE",
        "a/rauter",
        "rauter.py",
        "rau",
        "路由器重启设备",
    ],
)
def test_quotes_code_names_and_short_words_are_taken_as_they_are(tmp_path: Path, asked: str) -> None:
    with opened(tmp_path, TEXTS) as library:
        assert found(library, asked, mode="keyword") == []


def test_the_word_that_begins_alike_and_is_commoner_stands_in(tmp_path: Path) -> None:
    texts = {"a": "a cable", "b": "a table", "c": "a cabbie", "d": "another table", "e": "a cable again"}
    with opened(tmp_path, texts) as library:
        assert meant(library, "xcable") == {"xcable": "cable"}
        assert meant(library, "tabel cabel") == {"tabel": "table", "cabel": "cable"}
        assert meant(library, "zable") == {"zable": max("table", "cable")}
        assert meant(library, "elephant") == {}


def test_what_the_filter_excludes_is_no_known_word(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.add(Document("secret", "the zeppelin lands", fields={"level": "secret"}))
        library.add(Document("public", "the tractor stands", fields={"level": "public"}))
        where = filters.parse("level = 'public'")
        assert meant(library, "zepelin") == {"zepelin": "zeppelin"}
        assert meant(library, "zepelin", where) == {}
        assert found(library, "zepelin tracctor", mode="keyword", where=where) == ["public"]


def test_a_question_whose_words_are_known_goes_through_unchanged() -> None:
    asked: list[Query] = []

    def inner(query: Query) -> list[Candidate]:
        asked.append(query)
        return []

    query = Query("How does the ROUTER forward packets?")
    Typos(inner, cast(Index, Knows(1)))(query)
    assert asked == [query]


def test_only_whole_words_are_respelled() -> None:
    assert respelled("rauter, rauters or rauter_1?", {"rauter": "router"}) == "router, rauters or rauter_1?"


def test_why_says_what_was_looked_for_instead(tmp_path: Path) -> None:
    with opened(tmp_path, TEXTS) as library:
        why = library.why(Query("rauter", mode="keyword"), "garden")
        assert why.meant == {"rauter": "router"}
        assert why.document is not None
        assert "shares no word" in why.document.text
        followed = library.why(Query("rauter", mode="keyword"), "router").document
        assert followed is not None
        assert followed.rank == 1


def test_a_misspelt_word_with_letters_of_the_librarys_language_is_found(tmp_path: Path) -> None:
    texts = {"de": "Die Schlüssel der Wohnung liegen bei der Nachbarin, und sie ist nicht zu Hause."}
    with opened(tmp_path, texts) as library:
        assert found(library, "Schlssel", mode="keyword") == ["de"]
        assert found(library, "Wohnnung", mode="keyword") == ["de"]


class Knows:
    """An index in which every word is in `times` passages."""

    def __init__(self, times: int) -> None:
        self.times = times

    def knows(self, words: Sequence[str]) -> list[bool]:
        return [self.times > 0 for _ in words]

    def frequencies(self, words: Sequence[str], most: int, where: Filter | None) -> list[int]:
        return [min(most, self.times) for _ in words]

    def languages(self) -> tuple[str, ...]:
        return ("en",)


def meant(library: Library, text: str, where: Filter | None = None) -> dict[str, str]:
    index = cast(Index, library._parts.index)
    return Typos(lambda query: [], index).meant(Query(text, where=where))
