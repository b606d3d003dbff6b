"""Tokens counted without a tokenizer: exact bounds, and estimates that were measured against real ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citewell.cost.tokens import expected, most, of_messages
from citewell.model import Message

COUNTED = [
    ("The quick brown fox jumps over the lazy dog, and nobody minds it at all.", 17),
    ("Все люди рождаются свободными и равными в своем достоинстве и правах.", 35),
    ("人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心,并应以兄弟关系的精神相对待。", 52),
    ('{"name": "citewell", "version": 3, "items": [1, 2, 3]}', 26),
]
"""What tiktoken 0.14 counts with cl100k_base."""


@pytest.mark.parametrize(("text", "counted"), COUNTED)
def test_estimates_are_near_what_a_tokenizer_counts(text: str, counted: int) -> None:
    assert abs(expected(text) / counted - 1) < 0.3  # one sentence; over many they even out
    assert counted <= most(text)


def test_newer_models_read_other_scripts_in_fewer_tokens() -> None:
    assert expected(COUNTED[1][0], "gpt-4o-mini") < 0.7 * expected(COUNTED[1][0], "text-embedding-3-small")


@given(st.text(max_size=300))
def test_the_estimate_of_ordinary_text_is_finite_and_below_the_most(text: str) -> None:
    assert 0 <= expected(text) <= 2 * most(text)
    likely, bound = of_messages([Message("user", text)])
    assert likely > 0
    assert bound > most(text)
