"""Opening after a crash, and comparing catalog and index. The index can always be made anew from the catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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


def recover(catalog: Catalog, index: Index, points: PointsOf, shared: bool = False) -> None:
    """Undo what was never acknowledged, replay the journal, and mend what is still missing.

    An index that other processes use too is mended only where it is empty: their writes are on their way.
    """
    catalog.workers.keep()  # until here, opening may have taken longer than a lease
    catalog.journal.adopt()
    upto = catalog.journal.last()
    replay(catalog, index, points)
    there, expected = index.count(), catalog.points_total()
    mended = there != expected and not (shared and there) and mend(catalog, index, points)
    if upto or mended:
        index.flush()
        catalog.journal.forget(upto)


def replay(catalog: Catalog, index: Index, points: PointsOf) -> None:
    """Do our changes of the journal once more."""
    for change in catalog.journal.changes():
        if change.op == "put":
            index.put(points(change.version))
            _drop_replaced(catalog, index, [change.version])
        else:
            index.drop(change.version.ids())


def sweep(catalog: Catalog, index: Index, points: PointsOf) -> None:
    """Do what dead workers have left undone. Nothing else of this process may write meanwhile."""
    if catalog.workers.any_dead() and catalog.journal.adopt():
        upto = catalog.journal.last()
        replay(catalog, index, points)
        index.flush()
        catalog.journal.forget(upto)


def mend(catalog: Catalog, index: Index, points: PointsOf) -> bool:
    """Make the index hold exactly the catalog's points. True if anything had to be done."""
    # The index first: what was put before now is of a version that the catalog knew before. If it does not know it
    # any more, nobody will put it again.
    there = set(index.ids())
    pending = catalog.pending()
    absent: list[Version] = []
    for version in catalog.current():
        ids = set(version.ids())
        if not ids <= there:
            absent.append(version)
        there -= ids
    there.difference_update(one for version in pending for one in version.ids())
    _put_all(index, (point for version in absent for point in points(version)))
    _drop_replaced(catalog, index, absent)
    index.drop(list(there))
    return bool(absent or there)


def _drop_replaced(catalog: Catalog, index: Index, put: Sequence[Version]) -> None:
    """Drop what was put of versions that another process has replaced meanwhile."""
    if catalog.workers.me and put:
        current = {version.key for version in catalog.current([version.key for version in put])}
        index.drop([one for version in put if version.key not in current for one in version.ids()])


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
    """Say what catalog and index disagree about; [] when they agree. Others may write meanwhile."""
    found = [f"catalog: {line}" for line in catalog.integrity()]
    before = {version.key for version in catalog.current()}
    indexed = set(index.ids())
    pending, current = catalog.pending(), catalog.current()
    expected = {one for version in current if version.key in before for one in version.ids()}
    known = {one for version in (*pending, *current) for one in version.ids()}
    missing, extra = expected - indexed, indexed - known
    if missing:
        found.append(f"{len(missing)} points are not in the index, for example {min(missing)}")
    if extra:
        found.append(f"{len(extra)} points in the index belong to no document, for example {min(extra)}")
    return found + catalog.inconsistencies()
