"""Opening after a crash, and comparing catalog and index. The index can always be made anew from the catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final, TypeAlias

from citewell.catalog import Catalog, Version
from citewell.model import Point
from citewell.protocols import Index

Points: TypeAlias = list[Point]
PointsOf: TypeAlias = Callable[[Version], Points]
GROUP: Final = 1_000
"""Points that are put at once."""
SETTLE: Final = 30_000
"""Points after which the index writes them down and builds its graphs: until then it holds them in memory."""


def recover(catalog: Catalog, index: Index, points: PointsOf) -> None:
    """Undo what was never acknowledged, replay the journal, and mend what is still missing."""
    catalog.abandon(catalog.pending())
    upto = catalog.last_change()
    for change in catalog.changes():
        if change.op == "put":
            index.put(points(change.version))
        else:
            index.drop(change.version.ids())
    mended = index.count() != catalog.points_total() and mend(catalog, index, points)
    if upto or mended:
        index.flush()
        catalog.forget_changes(upto)


def mend(catalog: Catalog, index: Index, points: PointsOf) -> bool:
    """Make the index hold exactly the catalog's points. True if anything had to be done."""
    there = set(index.ids())
    absent: list[Version] = []
    for version in catalog.current():
        ids = set(version.ids())
        if not ids <= there:
            absent.append(version)
        there -= ids
    _put_all(index, (point for version in absent for point in points(version)))
    index.drop(list(there))
    return bool(absent or there)


def _put_all(index: Index, points: Iterable[Point]) -> None:
    """Put any number of points in bounded memory."""
    left = iter(points)
    since = 0
    while group := list(islice(left, GROUP)):
        index.put(group)
        since += len(group)
        if since >= SETTLE:
            index.flush()
            index.optimize()
            since = 0


def drift(catalog: Catalog, index: Index) -> list[str]:
    """Say what catalog and index disagree about; [] when they agree."""
    found = [f"catalog: {line}" for line in catalog.integrity()]
    indexed = set(index.ids())
    expected = {one for version in catalog.current() for one in version.ids()}
    missing, extra = expected - indexed, indexed - expected
    if missing:
        found.append(f"{len(missing)} points are not in the index, for example {min(missing)}")
    if extra:
        found.append(f"{len(extra)} points in the index belong to no document, for example {min(extra)}")
    return found + catalog.inconsistencies()
