"""Opening after a crash, and comparing catalog and index. The index can always be made anew from the catalog."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from citewell.catalog import Catalog, Version
from citewell.model import Point
from citewell.protocols import Index

Points: TypeAlias = list[Point]
PointsOf: TypeAlias = Callable[[Version], Points]


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
    extra = set(index.ids())
    done = False
    for version in catalog.current():
        ids = set(version.ids())
        if not ids <= extra:
            index.put(points(version))
            done = True
        extra -= ids
    index.drop(list(extra))
    return done or bool(extra)


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
