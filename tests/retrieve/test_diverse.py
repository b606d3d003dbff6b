"""Maximal marginal relevance."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citewell.catalog import Catalog
from citewell.model import Query
from citewell.retrieve.diverse import mmr
from tests.retrieve.shelf import found, opened
from tests.stores import catalog_at

UNIT = st.floats(0, 1)


@st.composite
def squares(draw: st.DrawFn) -> tuple[list[float], list[list[float]]]:
    size = draw(st.integers(1, 8))
    cosines = [[0.0] * size for _ in range(size)]
    for row in range(size):
        for column in range(row):
            cosines[row][column] = cosines[column][row] = draw(st.floats(-1, 1))
    return sorted(draw(st.lists(UNIT, min_size=size, max_size=size)), reverse=True), cosines


@given(squares(), UNIT, st.integers(1, 10))
def test_every_step_takes_the_best_that_is_left_and_scores_never_rise(
    given: tuple[list[float], list[list[float]]], share: float, limit: int
) -> None:
    relevance, cosines = given
    order = mmr(relevance, cosines, share, limit)
    chosen = [at for at, _ in order]
    assert len(chosen) == len(set(chosen)) == min(limit, len(relevance))
    for step, (_, score) in enumerate(order):
        for at in set(range(len(relevance))) - set(chosen[:step]):
            nearest = max([0.0, *(cosines[at][other] for other in chosen[:step])])
            assert (1 - share) * relevance[at] - share * nearest <= score + 1e-12
    assert [score for _, score in order] == sorted((score for _, score in order), reverse=True)
    assert mmr(relevance, cosines, 0.0, limit) == list(enumerate(relevance[:limit]))


def test_a_repetition_goes_down_and_what_differs_comes_up(tmp_path: Path) -> None:
    texts = {
        "a": "routers forward packets between networks quickly",
        "b": "routers forward packets between networks slowly",
        "c": "hosts drop packets that routers mangle",
    }
    with opened(tmp_path, texts) as library:
        assert found(library, "routers forward packets", mode="dense")[2] == "c"
    with opened(tmp_path, search_diversity="0.8") as library:
        hits = library.search(Query("routers forward packets", mode="dense"))
        assert [one.document.id for one in hits][1] == "c"
        assert [one.stages[-1].name for one in hits] == ["diverse"] * 3
        assert len(library.search(Query("routers forward packets", limit=2))) == 2
        assert found(library, "routers", where=None, limit=1, mode="keyword")


@pytest.mark.usefixtures("catalogs")
def test_the_catalog_gives_vectors_of_what_it_has(tmp_path: Path) -> None:
    with opened(tmp_path, {"a": "alpha beta"}) as library:
        one = library.search(Query("alpha"))[0].passage.id
    catalog = Catalog(catalog_at(tmp_path / "library"))
    vectors = catalog.vectors_of([one, "00000000-0000-0001-0000-000000000000"])
    assert list(vectors) == [one]
    assert vectors[one].shape == (64,)
    catalog.close()
