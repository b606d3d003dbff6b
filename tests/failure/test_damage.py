"""Whatever happens to the index folder, everything acknowledged is found, and nothing is embedded again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from citewell import recover
from citewell.errors import InUse, OutOfSpace
from citewell.index.qdrant_edge import QdrantEdge
from citewell.library import Library
from citewell.model import Query
from tests.failure.worker import document, open_library, word


def _filled(folder: Path) -> None:
    with open_library(folder, create=True) as library:
        for number in range(20):
            library.add(document(f"doc{number}", 1, 5))


def _refuse_to_embed(library: Library) -> None:
    def embed(*_: object, **__: object) -> None:
        raise AssertionError("nothing needs to be embedded again")

    object.__setattr__(library._parts.embedder, "embed", embed)


def _all_found(library: Library) -> bool:
    assert library.check() == []
    return all(
        {
            hit.passage.document_id
            for hit in library.search(Query(word(f"doc{n}", 1), mode="keyword", limit=5))
        }
        == {f"doc{n}"}
        for n in range(20)
    )


def test_the_index_folder_deleted_altogether_is_made_anew_from_the_catalog(tmp_path: Path) -> None:
    _filled(tmp_path / "library")
    shutil.rmtree(tmp_path / "library/index")
    with open_library(tmp_path / "library") as library:
        _refuse_to_embed(library)
        assert _all_found(library)


def test_the_index_reverted_to_its_last_flush_gets_back_what_came_after(tmp_path: Path) -> None:
    folder, old = tmp_path / "library", tmp_path / "old"
    _filled(folder)
    shutil.copytree(folder / "index", old)
    library = open_library(folder)
    library._upkeep.flush = lambda: None  # type: ignore[method-assign]  # power fails before the next flush
    for number in range(10):
        library.add(document(f"doc{number}", 2, 4))
    library.remove("doc19")
    crashed = tmp_path / "crashed"
    shutil.copytree(folder, crashed, ignore=shutil.ignore_patterns("index", "lock"))
    shutil.copytree(old, crashed / "index")
    with open_library(crashed) as reopened:
        assert reopened.check() == []
        for number in range(10):
            assert reopened.search(Query(word(f"doc{number}", 2), mode="keyword", limit=5))
            assert not reopened.search(Query(word(f"doc{number}", 1), mode="keyword", limit=5))
        assert not reopened.search(Query(word("doc19", 1), mode="keyword", limit=5))
    library.close()


@pytest.mark.parametrize("cut", ["half", "empty", "missing", "garbage"])
def test_every_index_file_may_be_damaged(tmp_path: Path, cut: str) -> None:
    _filled(tmp_path / "pristine")
    index = tmp_path / "pristine" / "index"
    files = sorted(str(path.relative_to(index)) for path in index.rglob("*") if path.is_file())
    for number, name in enumerate(files[:: 1 if cut == "missing" else 3]):
        folder = tmp_path / f"library{number}"
        shutil.copytree(tmp_path / "pristine", folder)
        _damage(folder / "index" / name, cut)
        with open_library(folder) as library:
            _refuse_to_embed(library)
            assert _all_found(library), name
        shutil.rmtree(folder)


def _damage(path: Path, cut: str) -> None:
    size = path.stat().st_size
    if cut == "missing":
        path.unlink()
    elif cut == "garbage" and path.suffix == ".json":
        path.write_bytes(b"\x00" * size)
    else:
        os.truncate(path, size // 2 if cut == "half" else 0)


def test_a_second_process_is_told_who_holds_the_library(tmp_path: Path) -> None:
    with open_library(tmp_path / "library", create=True) as library:
        library.announce("http://127.0.0.1:8000")
        with pytest.raises(InUse, match=rf"process {os.getpid()} .*http://127.0.0.1:8000"):
            open_library(tmp_path / "library")


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OutOfSpace, match="cannot be made"):
        open_library(tmp_path / "file" / "library", create=True)


def test_a_full_catalog_refuses_and_damages_nothing(tmp_path: Path) -> None:
    with open_library(tmp_path / "library", create=True) as library:
        library.add(document("first", 1, 3))
        engine = library._parts.catalog._engine
        with engine.connect() as sql:  # SQLite's own way to be full: no page more than now
            pages = sql.exec_driver_sql("PRAGMA page_count").scalar()
        from sqlalchemy import event

        @event.listens_for(engine, "begin")
        def full(connection: object) -> None:
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")  # type: ignore[attr-defined]

        with pytest.raises(OutOfSpace, match="full"):
            library.add(document("second", 1, 400))
        event.remove(engine, "begin", full)
        engine.dispose()
    with open_library(tmp_path / "library") as library:
        assert library.check() == []
        assert [entry.id for entry in library.list()] == ["first"]
        library.add(document("second", 1, 400))
        assert isinstance(library.search(Query(word("second", 1), mode="keyword")), list)


def test_an_index_that_is_gone_is_made_anew_in_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _filled(tmp_path / "library")
    shutil.rmtree(tmp_path / "library" / "index")
    monkeypatch.setattr(recover, "GROUP", 7)
    monkeypatch.setattr(recover, "SETTLE", 20)
    put: list[int] = []
    settled: list[int] = []
    monkeypatch.setattr(QdrantEdge, "put", _counting(QdrantEdge.put, put))
    monkeypatch.setattr(QdrantEdge, "optimize", _counting(QdrantEdge.optimize, settled))
    with open_library(tmp_path / "library") as library:
        assert max(put) == 7
        assert len(settled) == sum(put) // 21
        assert _all_found(library)


def _counting(method: Callable[..., Any], seen: list[int]) -> Callable[..., Any]:
    def counted(self: QdrantEdge, *given: Any) -> Any:
        seen.append(len(given[0]) if given else 1)
        return method(self, *given)

    return counted
