"""A short run over the real service, where a key or an address is in the environment."""

from __future__ import annotations

from citewell.filters import parse
from citewell.protocols import Index
from citewell.testing.against import expected, filled, passing
from citewell.testing.index import DIMENSIONS, ESSENTIAL
from citewell.testing.made import Made


def acts_as_the_contract_says(index: Index) -> None:
    """Write, search in both ways, filter, change and drop: what the contract asks, with few requests."""
    made = Made(DIMENSIONS)
    points = made.points(
        [{"a": value, "n": n} for n, value in enumerate([None, "x", ("x", "y"), 1, 0.1, True, "é"])]
    )
    _, oracle = filled(index, points)
    for text in ESSENTIAL:
        assert passing(index, parse(text)) == expected(oracle, parse(text)), text
    for point in points:
        assert index.dense(point.vector, 1, None)[0][0] == point.id
        word = point.text.split()[0]
        found = {one for one, _ in index.lexical(word, 10, None, "bm25")}
        assert found == {one for one, _ in oracle.lexical(word, 10, None, "bm25")}
    index.set_fields([points[0].id], {"id": "new", "a": "z"})
    assert passing(index, parse("a = 'z'")) == {points[0].id}
    index.drop([points[0].id])
    assert (index.count(), set(index.ids())) == (len(points) - 1, {one.id for one in points[1:]})
