"""Keyword search's analyser and weights, against numbers computed by hand."""

from __future__ import annotations

import math
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citewell.index.lexical import (
    Sparse,
    analyse,
    bm25_passage,
    bm25_query,
    tfidf_passage,
    tfidf_query,
)


def weights(sparse: Sparse, *terms: str) -> list[float]:
    found = dict(zip(*sparse, strict=True))
    return [found[crc32(term.encode())] for term in terms]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("max_page_size", ["maxpages", "max", "page", "size"]),
        ("parseHTTPResponse", ["parsehttprespons", "pars", "http", "respons"]),
        ("HTTPServer2", ["httpserver2", "http", "server", "2"]),
        ("the_end", ["theend", "end"]),
        ("NASA Python reset", ["nasa", "python", "reset"]),
        ("error 404, v1.2", ["error", "404", "v1", "2", "v12"]),
        ("--num-cpus", ["num", "cpus", "numcpus"]),
        ("ray.data 2.9.1", ["ray", "data", "2", "9", "1", "raydata", "2.9.1"]),
        ("größe 水", ["größe", "水"]),
    ],
)
def test_an_identifier_is_found_whole_and_by_its_parts(text: str, terms: list[str]) -> None:
    assert analyse(text) == terms


@pytest.mark.parametrize("forms", ["reset resets", "installing Installed INSTALLS", "query queries"])
def test_the_forms_of_a_word_are_one_term(forms: str) -> None:
    assert len(set(analyse(forms))) == 1


def test_stop_words_are_no_terms_whatever_their_case() -> None:
    assert analyse("How do I get to THE reset of it?") == ["get", "reset"]
    assert analyse("what is it") == []


def test_terms_keep_their_order_and_number() -> None:
    assert analyse("light, cable, light") == ["light", "cabl", "light"]


def test_a_passage_is_weighed_by_bm25_without_idf() -> None:
    # k1 = 1.2, b = .75, 100 terms on average; here 4: norm = 1.2 * (.25 + .75 * 4 / 100) = .336.
    assert weights(bm25_passage(["a", "a", "a", "b"]), "a", "b") == pytest.approx(
        [3 * 2.2 / 3.336, 2.2 / 1.336]
    )
    # A passage of average length: norm = 1.2.
    assert weights(bm25_passage(["a"] * 100), "a") == pytest.approx([100 * 2.2 / 101.2])


def test_a_long_passage_weighs_each_occurrence_less() -> None:
    (short,), (long,) = (weights(bm25_passage(["a", *["b"] * size]), "a") for size in (10, 300))
    assert long < short


def test_a_passage_is_weighed_by_lnc() -> None:
    a, b = 1 + math.log(3), 1.0
    length = math.hypot(a, b)
    assert weights(tfidf_passage(["a", "a", "a", "b"]), "a", "b") == pytest.approx([a / length, b / length])


def test_a_question_is_weighed_by_counts_for_bm25_and_by_logarithms_for_tfidf() -> None:
    question = "Which light? The red light, light red cable."
    assert weights(bm25_query(question), "light", "red", "cabl") == [3.0, 2.0, 1.0]
    assert weights(tfidf_query(question), "light", "red", "cabl") == pytest.approx(
        [1 + math.log(3), 1 + math.log(2), 1]
    )


@given(st.text(max_size=300))
def test_any_text_has_distinct_terms_with_weights_above_zero(text: str) -> None:
    terms = analyse(text)
    for indices, values in (
        bm25_passage(terms),
        tfidf_passage(terms),
        bm25_query(text),
        tfidf_query(text),
    ):
        assert len(indices) == len(set(indices)) == len(values) <= len(set(terms))
        assert all(0 <= index < 2**32 for index in indices)
        assert all(value > 0 and math.isfinite(value) for value in values)


@given(st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=50))
def test_order_changes_no_weight_and_lnc_has_length_one(terms: list[str]) -> None:
    for weigh in (bm25_passage, tfidf_passage):
        ordered, reverse = (dict(zip(*weigh(one), strict=True)) for one in (terms, terms[::-1]))
        assert ordered == pytest.approx(reverse)
    if terms:
        assert math.hypot(*tfidf_passage(terms)[1]) == pytest.approx(1)
