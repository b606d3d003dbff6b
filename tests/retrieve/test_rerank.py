"""Rerankers order the best hits; the rest stay below."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citewell.errors import Unsupported
from citewell.model import Document, Query
from citewell.retrieve import LateInteraction, Rerank
from tests.retrieve.shelf import Ranked, hit, opened


def lengths(question: str, texts: Sequence[str]) -> list[float]:
    return [float(len(text)) for text in texts]


@given(st.lists(st.integers(1, 9), max_size=12), st.integers(1, 12), st.integers(1, 12))
def test_the_best_are_ordered_anew_and_scores_fall_to_the_end(
    sizes: list[int], depth: int, limit: int
) -> None:
    hits = [hit("x" * size, key, 1 / (key + 1)) for key, size in enumerate(sizes)]
    ranked = Rerank(Ranked(hits), lengths, depth)(Query("q", limit=limit))
    scores = [one.score for one in ranked]
    assert scores == sorted(scores, reverse=True)
    expected = sorted(hits[:depth], key=lambda one: -len(one.passage.text)) + hits[depth:]
    assert [one.passage.id for one in ranked] == [one.passage.id for one in expected][:limit]


def test_maxsim_is_the_mean_of_each_question_tokens_best_match() -> None:
    vectors = {"q": np.eye(3)[:2], "both": np.eye(3), "one": np.eye(3)[1:], "none": np.zeros((0, 3))}
    score = LateInteraction(lambda texts: [vectors[text].astype(np.float32) for text in texts])
    assert score("q", ["both", "one", "none"]) == [1.0, 0.5, -1.0]


def test_late_interaction_needs_an_embedder_with_token_vectors(tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="hash-stub"):
        opened(tmp_path, search_late_interaction=True)


def test_late_interaction_orders_by_the_default_embedders_tokens(tmp_path: Path) -> None:
    from citewell.providers import minilm

    if minilm.problem():
        pytest.skip(f"the model is not here: {minilm.problem()}")
    texts = {
        "a": "The cat sat on the mat.",
        "b": "Wages rose by two percent last year.",
        "c": "Salaries grew.",
    }
    with opened(tmp_path, embed_model="minilm", search_late_interaction="yes") as library:
        for name, text in texts.items():
            library.add(Document(name, text))
        hits = library.search(Query("How much did wages rise?"))
        assert [one.document.id for one in hits] == ["b", "c", "a"]
        assert hits[0].stages[-1].name == "reranked"
    model = minilm.MiniLM()
    (tokens,) = model.tokens([texts["a"]])
    assert tokens.shape == (model.count([texts["a"]])[0], 384)
    np.testing.assert_allclose(np.linalg.norm(tokens, axis=1), 1, atol=1e-5)
