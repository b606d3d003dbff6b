"""The main job through the public Python API, with the real catalog and index."""

from __future__ import annotations

from pathlib import Path

import pytest

from citewell import filters
from citewell.errors import BadInput, NotFound
from citewell.incoming import Added, Blob, Failure, Item
from citewell.library import Library
from citewell.model import Document, Query
from tests.failure.worker import open_library

pytestmark = pytest.mark.usefixtures("catalogs")


@pytest.fixture
def library(tmp_path: Path, catalogs: str):  # type: ignore[no-untyped-def]
    with open_library(tmp_path / "library", create=True) as opened:
        yield opened


def ids(library: Library, text: str, **options: object) -> list[str]:
    return [hit.passage.document_id for hit in library.search(Query(text, **options))]  # type: ignore[arg-type]


def test_what_was_added_is_found_by_the_very_next_search(library: Library) -> None:
    for number in range(20):
        assert library.add(Document(f"d{number}", f"the unique word is qx{number}qx")).status == "added"
        assert ids(library, f"qx{number}qx", mode="keyword")[0] == f"d{number}"


def test_a_change_replaces_and_a_removal_removes_at_once(library: Library) -> None:
    library.add(Document("a", "the old text says walrus"))
    assert library.add(Document("a", "the new text says penguin")).version == 2
    assert ids(library, "walrus", mode="keyword") == []
    assert ids(library, "penguin", mode="keyword") == ["a"]
    library.remove("a")
    assert ids(library, "penguin", mode="keyword") == []
    with pytest.raises(NotFound, match="'a'"):
        library.remove("a")


def test_only_new_content_is_embedded_and_a_rename_embeds_nothing(library: Library) -> None:
    text = "\n\n".join(f"paragraph {n} " + "word " * 150 for n in range(6))
    first = library.add(Document("a", text))
    assert first.embedded == first.passages >= 3
    assert library.add(Document("a", text)).status == "unchanged"
    assert library.add(Document("b", text)).embedded == 0
    assert library.add(Document("a", text.replace("paragraph 5", "paragraph five"))).embedded == 1


@pytest.mark.parametrize("mode", ["hybrid", "dense", "keyword", "tfidf"])
def test_each_mode_finds_and_filters(library: Library, mode: str) -> None:
    library.add(Document("old", "routers forward packets between networks", fields={"year": 2019}))
    library.add(Document("new", "routers forward packets between networks", fields={"year": 2024}))
    assert set(ids(library, "routers forward packets", mode=mode)) == {"old", "new"}
    where = filters.parse("year >= 2020")
    assert ids(library, "routers forward packets", mode=mode, where=where) == ["new"]


def test_a_filter_that_the_index_cannot_express_is_resolved_by_the_catalog(library: Library) -> None:
    for name in ("guide/a.md", "guide/b.md", "howto/a.md"):
        library.add(Document(name, "routers forward packets", fields={"path": name}))
    where = filters.parse("path LIKE '%/a.md' AND path NOT LIKE 'guide%'")
    assert ids(library, "routers", where=where) == ["howto/a.md"]
    assert ids(library, "routers", where=filters.parse("path LIKE 'nothing%_x'")) == []


def test_hits_say_how_they_came_up(library: Library) -> None:
    library.add(Document("a", "routers forward packets between networks"))
    names = [stage.name for stage in library.search(Query("routers"))[0].stages]
    assert names == ["dense", "dense pooled", "keyword", "keyword pooled", "fused"]


def test_a_batch_goes_on_after_a_broken_file(library: Library) -> None:
    outcomes: list[Added | Failure] = []
    blobs = [
        Blob("a.md", b"# A\n\nfine"),
        Blob("b.pdf", b"%PDF-1.4 broken"),
        Blob("c.md", b"# C\n\nfine too"),
    ]
    library.ingest(blobs, outcomes.append)
    assert [type(one).__name__ for one in outcomes] == ["Added", "Failure", "Added"]
    assert len(library.list()) == 2


class Memory:
    """A source in memory: {id: (stamp, text)}."""

    name = "memory"

    def __init__(self) -> None:
        self.files: dict[str, tuple[str, str]] = {}
        self.fetched: list[str] = []

    def items(self):  # type: ignore[no-untyped-def]
        return iter([Item(name, stamp) for name, (stamp, _) in sorted(self.files.items())])

    def fetch(self, item: Item) -> Blob:
        self.fetched.append(item.id)
        return Blob(item.id, self.files[item.id][1].encode())


def test_sync_fetches_what_changed_and_removes_what_is_gone(library: Library) -> None:
    source, seen = Memory(), []
    source.files = {"a.md": ("1", "alpha"), "b.md": ("1", "beta"), "c.md": ("1", "gamma")}
    library.sync(source, seen.append)
    assert source.fetched == ["a.md", "b.md", "c.md"]
    source.fetched.clear()
    source.files = {"a.md": ("1", "alpha"), "b.md": ("2", "beta changed")}
    seen.clear()
    library.sync(source, seen.append)
    assert source.fetched == ["b.md"]
    assert "c.md" in seen
    assert [entry.id for entry in library.list()] == ["a.md", "b.md"]


def test_a_removed_document_comes_back_with_the_next_sync_of_its_source(library: Library) -> None:
    source = Memory()
    source.files = {"a.md": ("1", "alpha")}
    library.sync(source, lambda _: None)
    library.remove("a.md")
    library.sync(source, lambda _: None)
    assert [entry.id for entry in library.list()] == ["a.md"]


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_out_of_range_is_refused(library: Library, limit: int) -> None:
    with pytest.raises(BadInput, match=str(limit)):
        library.search(Query("x", limit=limit))


def test_an_empty_question_is_refused(library: Library) -> None:
    with pytest.raises(BadInput, match="empty"):
        library.search(Query("  "))


def test_an_answer_cites_what_the_document_says(library: Library) -> None:
    text = "# Routers\n\nA router forwards packets between networks. It keeps a routing table.\n"
    library.ingest([Blob("r.md", text.encode())], lambda _: None)
    answer = library.ask(Query("What does a router forward?"))
    assert answer.verdict == "answered"
    _, document = library.get("r.md")
    for citation in answer.citations:
        assert document.text[citation.start : citation.end] == citation.quote
        assert citation.document_id == "r.md"
    assert "packets" in answer.text


def test_an_empty_library_refuses_and_says_what_was_searched(library: Library) -> None:
    answer = library.ask(Query("What does a router forward?"))
    assert answer.verdict == "refused"
    assert answer.citations == ()
    assert "0 documents" in answer.text


def test_a_field_that_is_not_a_number_is_refused(library: Library) -> None:
    with pytest.raises(BadInput, match="'size' is nan"):
        library.add(Document("a.md", "Some text.", fields={"size": float("nan")}))


def test_an_index_of_another_analyser_is_made_anew_without_embedding(tmp_path: Path) -> None:
    with open_library(tmp_path / "library", create=True) as first:
        first.add(Document("a.md", "Pass --num-cpus to start."))
        first._parts.catalog.setting("terms", "1")
    old = tmp_path / "library" / "index" / "old"
    old.touch()
    with open_library(tmp_path / "library") as again:
        assert ids(again, "numcpus", mode="keyword") == ["a.md"]
        assert again.add(Document("a.md", "Pass --num-cpus to start.")).status == "unchanged"
        assert again.check() == []
    assert not old.exists()
