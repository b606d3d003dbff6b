"""For each kind of planted fault the right stage is named, and every change that is suggested works."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from citewell import plugins
from citewell.why import Change, Followed
from tests.explain.planted import KINDS, SEEDS, Fault, Shelf, plant

Planted = tuple[Shelf, list["Case"]]
HELPED = 24
"""Of 25 faults of a kind, those for which a change must be found."""


@dataclass(frozen=True)
class Case:
    """A fault, what is said of it, and which of the changes that leave the library as it is did not work."""

    fault: Fault
    followed: Followed
    failed: list[Change]


@pytest.fixture(scope="module", params=list(KINDS))
def planted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    """Return a library with the faults of a kind, each followed before anything is changed."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("wide", "short"):
            patch.setitem(plugins.TABLES["embedders"], name, f"tests.explain.stubs:{name.title()}")
        with plant(request.param, tmp_path_factory.mktemp(request.param)) as (shelf, faults):
            said = [followed(shelf, fault) for fault in faults]
            yield shelf, [Case(*pair, failing(shelf, *pair)) for pair in zip(faults, said, strict=True)]


def followed(shelf: Shelf, fault: Fault) -> Followed:
    found = shelf.library.why(fault.query, fault.document).document
    assert found is not None
    return found


def failing(shelf: Shelf, fault: Fault, found: Followed) -> list[Change]:
    tried = [change for change in found.changes if "split.tokens" not in change.values]
    return [change for change in tried if not shelf.works(fault, dict(change.values))]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_stage_that_lost_it_is_named_and_every_suggested_change_works(
    planted: Planted, seed: int
) -> None:
    shelf, cases = planted
    case = cases[seed]
    assert case.followed.stage == case.fault.stage, case.followed
    assert (case.followed.rank is None) == (case.fault.stage != "budget")
    assert case.failed == []
    for change in case.followed.changes:
        if "split.tokens" in change.values:
            assert shelf.works(case.fault, dict(change.values)), change


def test_nearly_every_fault_has_a_change_that_brings_the_document_back(planted: Planted) -> None:
    assert sum(bool(case.followed.changes) for case in planted[1]) >= HELPED
