"""Measures, intervals and paired tests."""

from __future__ import annotations

import math
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citewell.errors import BadInput, MissingExtra
from citewell.evaluate.bootstrap import difference, estimate
from citewell.evaluate.measures import NAMES, measure


def test_measures_equal_values_worked_out_by_hand() -> None:
    found = measure({"q": {"a": 1, "b": 1}}, {"q": ["x", "a", "y", "z", "b"]})
    ideal = 1 / math.log2(2) + 1 / math.log2(3)
    assert found["nDCG@10"]["q"] == pytest.approx((1 / math.log2(3) + 1 / math.log2(6)) / ideal, abs=1e-6)
    assert found["MAP"]["q"] == pytest.approx((1 / 2 + 2 / 5) / 2)
    assert found["MRR"]["q"] == pytest.approx(0.5)
    assert found["P@5"]["q"] == pytest.approx(0.4)
    assert found["P@10"]["q"] == pytest.approx(0.2)
    assert (found["hit@1"]["q"], found["hit@3"]["q"], found["recall@5"]["q"]) == (0, 1, 1)


def test_the_order_given_counts_whatever_the_ids() -> None:
    for ranked in (["a", "z"], ["z", "a"]):
        assert measure({"q": {"a": 1}}, {"q": ranked})["hit@1"]["q"] == (ranked[0] == "a")


def test_an_empty_ranking_scores_zero_and_a_query_without_gold_is_left_out() -> None:
    found = measure({"q": {"a": 1}, "none": {"a": 0}}, {"q": [], "none": ["a"], "unknown": ["a"]})
    assert found == {name: {"q": 0.0} for name in NAMES}


def test_without_the_extra_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ir_measures", None)
    with pytest.raises(MissingExtra, match=r"pip install 'citewell\[eval\]'"):
        measure({"q": {"a": 1}}, {"q": ["a"]})


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=30))
def test_an_interval_is_finite_holds_the_mean_and_repeats(values: list[float]) -> None:
    one = estimate(values)
    assert all(map(math.isfinite, (one.mean, one.low, one.high)))
    assert one.low <= one.mean <= one.high
    assert one == estimate(values)


def test_a_larger_sample_gives_a_narrower_interval() -> None:
    few, many = estimate([0, 1] * 10), estimate([0, 1] * 500)
    assert few.high - few.low > 3 * (many.high - many.low)
    assert many.high - many.low == pytest.approx(2 * 1.96 * 0.5 / math.sqrt(1000), rel=0.05)


def test_equal_runs_differ_by_nothing_with_p_of_one() -> None:
    same = difference([0.1, 0.5, 1.0], [0.1, 0.5, 1.0])
    assert (same.delta, same.low, same.high, same.p) == (0, 0, 0, 1)


def test_a_constant_gain_is_certain_and_noise_is_not() -> None:
    before = [(i * 37 % 101) / 101 for i in range(200)]
    gain = difference(before, [value + 0.05 for value in before])
    noise = difference(before, [value + (0.05 if i % 2 else -0.05) for i, value in enumerate(before)])
    assert gain.delta == pytest.approx(0.05)
    assert gain.p < 0.001
    assert noise.p > 0.5
    assert noise.low < 0 < noise.high


def test_the_test_for_few_queries_is_exact() -> None:
    assert difference([0, 0, 0, 0], [1, 1, 1, 1]).p == pytest.approx(2 / 2**4)


def test_runs_over_different_queries_cannot_be_compared() -> None:
    with pytest.raises(BadInput, match="not 1 and 2"):
        difference([1], [1, 2])
