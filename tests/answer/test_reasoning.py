"""Reasoning is taken out of a model's output, whatever pieces it comes in."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citewell.answer import Fence

THOUGHT = "<reasoning>\nPassage [1] says it. 1 < 2, </b>.\n</reasoning>\n\n"


def parts(text: str, cuts: list[int], anywhere: bool) -> tuple[str, str]:
    fence = Fence(anywhere)
    places = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    pieces = [fence.feed(text[a:b]) for a, b in itertools.pairwise(places)]
    return "".join(pieces) + fence.end(), fence.reasoning


@given(st.lists(st.integers(0, 200), max_size=30))
def test_no_cut_of_the_stream_lets_reasoning_through(cuts: list[int]) -> None:
    text = f"\n{THOUGHT}Blue <b>and</b> 1 < 2 [1]. <THINK>so</think>White [2]."
    said, thought = parts(text, cuts, anywhere=True)
    assert said == "Blue <b>and</b> 1 < 2 [1]. White [2]."
    assert thought == "Passage [1] says it. 1 < 2, </b>.\nso"


@given(st.lists(st.integers(0, 200), max_size=30))
def test_thinking_that_nobody_asked_for_is_dropped_and_other_text_is_kept(cuts: list[int]) -> None:
    text = f"{THOUGHT}The tag <reasoning> opens it [1]."
    assert parts(text, cuts, anywhere=False) == ("The tag <reasoning> opens it [1].", "")


@given(st.text(alphabet="<>/reasonigthk x\n", max_size=60), st.lists(st.integers(0, 60), max_size=20))
def test_the_pieces_do_not_change_the_answer(text: str, cuts: list[int]) -> None:
    for anywhere in (True, False):
        assert parts(text, cuts, anywhere) == parts(text, [], anywhere)


@pytest.mark.parametrize("anywhere", [True, False])
def test_a_fence_that_is_never_closed_holds_all_that_follows(anywhere: bool) -> None:
    assert parts("<think>I wonder [1]", [8], anywhere)[0] == ""
