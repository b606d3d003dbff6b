"""RM3: keyword search asks again with the words of what came up first."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citewell.index.lexical import analyse
from citewell.retrieve.feedback import expanded, relevance
from tests.retrieve.shelf import found, opened

TERMS = ["router", "routers", "table", "packet", "the", "of", "forwards"]
WORDS = st.lists(st.sampled_from(TERMS), max_size=12).map(" ".join)


@given(st.lists(st.tuples(WORDS, st.floats(0, 5)), max_size=5), st.integers(1, 6))
def test_the_relevance_model_is_a_distribution_over_the_strongest_terms(
    texts: list[tuple[str, float]], terms: int
) -> None:
    model = relevance(texts, terms, analyse)
    assert len(model) <= terms
    assert not {"the", "of"} & set(model)
    assert len({tuple(analyse(word)) for word in model}) == len(model)
    assert not model or sum(model.values()) == pytest.approx(1)


def test_the_question_keeps_its_share_and_words_get_theirs() -> None:
    terms = analyse(expanded("reset router", 2, {"button": 0.75, "router": 0.25}, 0.5))
    assert {word: terms.count(word) for word in terms} == {"reset": 10, "router": 15, "button": 15}
    assert expanded("reset router", 2, {}, 0.5) == "reset router"


@pytest.mark.parametrize("mode", ["keyword", "hybrid"])
def test_a_passage_without_the_questions_words_is_found_by_those_of_the_first(
    tmp_path: Path, mode: str
) -> None:
    texts = {f"k{n}": f"a kitten is a young feline number{n}" for n in range(4)}
    texts |= {"far": "the young feline sleeps all day", "off": "routers forward packets"}
    with opened(tmp_path, texts) as library:
        assert "far" not in found(library, "kitten", mode="keyword")
    with opened(tmp_path, search_feedback="true") as library:
        assert found(library, "kitten", mode="keyword")[-1] == "far"
        assert set(found(library, "kitten", mode=mode)) >= {"far", "k0"}
        assert found(library, "the of", mode="keyword") == []
        assert found(library, "kitten", mode="tfidf", limit=9) == found(library, "kitten", mode="tfidf")
