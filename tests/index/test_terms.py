"""The hashes of words that the index holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citewell.errors import Corrupt
from citewell.index.terms import Terms

HASH = st.integers(0, 2**32 - 1)


@given(st.lists(HASH), st.lists(HASH), st.lists(HASH))
def test_terms_are_held_before_and_after_they_are_saved(
    tmp_path_factory: pytest.TempPathFactory, first: list[int], then: list[int], asked: list[int]
) -> None:
    path = tmp_path_factory.mktemp("terms") / "terms.npy"
    terms = Terms(path)
    terms.add(first)
    terms.save()
    terms.add(then)
    asked += first + then
    expected = [one in first or one in then for one in asked]
    assert terms.held(asked) == expected
    terms.save()
    assert terms.held(asked) == expected
    assert Terms(path).held(asked) == expected


def test_a_damaged_file_is_corrupt_not_empty(tmp_path: Path) -> None:
    terms = Terms(tmp_path / "terms.npy")
    terms.add(range(1000))
    terms.save()
    (tmp_path / "terms.npy").write_bytes((tmp_path / "terms.npy").read_bytes()[:500])
    with pytest.raises(Corrupt, match=r"terms\.npy"):
        Terms(tmp_path / "terms.npy")
