"""Several processes at one catalog on PostgreSQL: who may write what, and what becomes of the work of the dead."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from citewell.catalog import Catalog, Fenced, Postgres, Proposal, rounded
from citewell.errors import InUse
from citewell.model import Document
from citewell.split import split
from tests.stores import schema_of

HASH = b"h" * 32
VECTOR = {HASH: rounded(np.ones(4, np.float32))}


@pytest.fixture
def place(postgres: str, tmp_path: Path) -> Postgres:
    return Postgres(postgres, schema_of(tmp_path))


@pytest.fixture
def two(place: Postgres) -> Iterator[tuple[Catalog, Catalog]]:
    """Two processes, as far as the catalog can tell."""
    pair = Catalog(place), Catalog(place)
    for one in pair:
        one.workers.join(False, 30.0)
    yield pair
    for one in pair:
        one.workers.leave()
        one.close()


def _proposal(name: str, body: str) -> Proposal:
    document = Document(name, body)
    spans = split(document, count=lambda texts: [len(one.split()) for one in texts])
    return Proposal(document, spans, [HASH for _ in spans], body.encode())


def _dies(catalog: Catalog) -> None:
    with catalog._engine.begin() as sql:
        sql.execute(text("UPDATE workers SET expires_at = 0 WHERE id = :me"), {"me": catalog.workers.me})


def test_a_document_that_one_process_writes_waits_for_the_other(two: tuple[Catalog, Catalog]) -> None:
    first, second = two
    begun = first.propose([_proposal("a", "one"), _proposal("b", "one")], VECTOR).versions
    proposed = second.propose([_proposal("a", "two"), _proposal("c", "two")], VECTOR)
    assert set(proposed.versions) == {"c"}
    assert second.claim(["a"]) == set()
    first.accept(list(begun.values()))
    assert set(second.propose([_proposal("a", "two")], VECTOR).versions) == {"a"}


def test_what_another_process_has_just_written_is_not_written_again(two: tuple[Catalog, Catalog]) -> None:
    first, second = two
    first.accept(list(first.propose([_proposal("a", "same")], VECTOR).versions.values()))
    proposed = second.propose([_proposal("a", "same")], VECTOR)
    assert (proposed.versions, proposed.same) == ({}, {"a": 1})
    assert second.propose([_proposal("a", "other")], VECTOR).versions["a"].number == 2


def test_one_that_comes_back_late_can_commit_nothing(two: tuple[Catalog, Catalog]) -> None:
    late, other = two
    begun = late.propose([_proposal("a", "late")], VECTOR).versions
    _dies(late)
    assert other.workers.any_dead()
    assert other.journal.adopt()
    assert [change.op for change in other.journal.changes()] == ["drop", "drop"]
    now = other.propose([_proposal("a", "in time")], VECTOR).versions
    other.accept(list(now.values()))
    for work in (lambda: late.accept(list(begun.values())), lambda: late.remove("a")):
        with pytest.raises(Fenced, match="took this"):
            work()
    late.abandon(list(begun.values()))  # nothing is left to undo
    assert other.get("a")[1] == "in time"
    assert not late.workers.beat()
    late.workers.rejoin()
    late.accept(list(late.propose([_proposal("a", "anew")], VECTOR).versions.values()))
    assert other.get("a")[1] == "anew"
    assert other.inconsistencies() == []


def test_what_a_dead_process_had_acknowledged_stays_and_its_changes_are_done_again(
    two: tuple[Catalog, Catalog],
) -> None:
    dead, other = two
    dead.accept(list(dead.propose([_proposal("a", "kept")], VECTOR).versions.values()))
    _dies(dead)
    other.journal.adopt()
    assert [change.op for change in other.journal.changes()] == ["put"]
    assert other.get("a")[1] == "kept"


def test_one_that_is_committing_at_this_moment_is_not_taken_for_dead(two: tuple[Catalog, Catalog]) -> None:
    slow, other = two
    slow.propose([_proposal("a", "slow")], VECTOR)
    _dies(slow)
    with slow._writing():
        assert not other.journal.adopt()
    assert other.journal.adopt()


def test_only_one_of_many_adopts_what_a_dead_one_left(place: Postgres, two: tuple[Catalog, Catalog]) -> None:
    dead, one = two
    dead.propose([_proposal(f"d{n}", "x") for n in range(20)], VECTOR)
    _dies(dead)
    others = [one, *(Catalog(place) for _ in range(3))]
    for other in others[1:]:
        other.workers.join(False, 30.0)
    threads = [threading.Thread(target=other.journal.adopt) for other in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert one.pending() == []
    changes = [
        change.version.key for other in others for change in other.journal.changes() if change.op == "drop"
    ]
    assert len(set(changes)) == 20
    assert one.counts()[2] == 40  # each put and each drop, once
    for other in others[1:]:
        other.workers.leave()
        other.close()


def test_one_with_an_index_of_its_own_keeps_all_others_out(place: Postgres) -> None:
    alone, other = Catalog(place), Catalog(place)
    alone.workers.join(True, 30.0)
    alone.workers.announce("http://127.0.0.1:8000")
    for exclusive in (False, True):
        with pytest.raises(InUse, match=r"held by process .*--server http://127\.0\.0\.1:8000") as error:
            other.workers.join(exclusive, 30.0)
        assert error.value.url == "http://127.0.0.1:8000"
    alone.workers.leave()
    other.workers.join(False, 30.0)
    with pytest.raises(InUse, match="index that several processes can share"):
        alone.workers.join(True, 30.0)
    for one in (alone, other):
        one.workers.leave()
        one.close()


def test_a_lease_ends_by_the_servers_clock_unless_it_is_renewed(place: Postgres) -> None:
    one, other = Catalog(place), Catalog(place)
    one.workers.join(False, 0.5)
    other.workers.join(False, 30.0)
    time.sleep(0.3)
    assert one.workers.beat()
    time.sleep(0.3)
    assert not other.workers.any_dead()
    time.sleep(0.4)
    assert other.workers.any_dead()
    for catalog in (one, other):
        catalog.workers.leave()
        catalog.close()
