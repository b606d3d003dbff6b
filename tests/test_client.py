"""Remote behaves as Library does: the same calls, results and errors, through a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass, field

import pytest

from citewell import filters
from citewell.client import Remote
from citewell.errors import BadInput, CitewellError, NotFound, ProviderError
from citewell.incoming import Added, Blob, Failure, Item
from citewell.model import Citation, Delta, Document, Done, Event, HitsFound, Message, Query
from tests.server.conftest import served
from tests.server.memory import MemoryLibrary

GUIDE = "# Guide\n\nThe kettle boils water in two minutes.\n\nThe lamp glows blue at night."


@pytest.fixture
def library() -> MemoryLibrary:
    return MemoryLibrary()


@pytest.fixture
def remote(library: MemoryLibrary) -> Iterator[Remote]:
    with served(library) as url, Remote(url) as remote:
        yield remote


@dataclass(frozen=True)
class Shelf:
    """A source in memory."""

    texts: dict[str, str] = field(default_factory=dict)
    name: str = "folder:/shelf"

    def items(self) -> Iterator[Item]:
        return (Item(name, "1") for name in self.texts)

    def fetch(self, item: Item) -> Blob:
        if not self.texts[item.id]:
            raise BadInput(f"{item.id}: is empty")
        return Blob(item.id, self.texts[item.id].encode(), source=f"/shelf/{item.id}")


@pytest.mark.parametrize(
    "name", ["a.md", "dir/ü b?#%.md", "https://example.com/a?b=c", "..", "a/../b", "a//b"]
)
def test_any_document_id_can_be_added_read_and_removed(remote: Remote, name: str) -> None:
    added = remote.add(Document(name, GUIDE, "Guide", {"n": 1, "tags": ("x", "y"), "who": "é“"}, source="s"))
    assert (added.document_id, added.status) == (name, "added")
    entry, document = remote.get(name)
    assert document.text == GUIDE
    assert entry.fields == {"n": 1, "tags": ("x", "y"), "who": "é“", "title": "Guide"}
    assert [one.id for one in remote.list()] == [name]
    remote.remove(name)
    with pytest.raises(NotFound, match="no document"):
        remote.get(name)


def test_search_and_ask_give_the_librarys_own_results(remote: Remote, library: MemoryLibrary) -> None:
    remote.add(Document("guide.md", GUIDE))
    query = Query("how long until the kettle boils water?", where=filters.parse("n = 1 OR n IS NULL"))
    assert remote.search(query) == library.search(query)
    assert remote.ask(query) == library.ask(query)


def test_a_stream_gives_the_same_events_as_the_librarys(remote: Remote, library: MemoryLibrary) -> None:
    remote.add(Document("guide.md", GUIDE))
    query = Query("when does the kettle boil water?", history=(Message("user", "hello"),))

    async def events(of: Remote | MemoryLibrary) -> list[Event]:
        async with aclosing(of.stream(query)) as stream:  # type: ignore[type-var]
            return [event async for event in stream]

    found = asyncio.run(events(remote))
    assert found == asyncio.run(events(library))
    assert {type(event) for event in found} == {HitsFound, Delta, Citation, Done}


def test_a_batch_goes_on_after_a_file_that_cannot_be_read(remote: Remote) -> None:
    outcomes: list[Added | Failure] = []
    blobs = [Blob("a.md", b"fine"), Blob("b.md", b"\xff\xfe\xfa"), Blob("c.md", b"fine too")]
    remote.ingest(blobs, outcomes.append)
    assert [type(one) for one in outcomes] == [Added, Failure, Added]
    failure = outcomes[1]
    assert isinstance(failure, Failure)
    assert failure.name == "b.md"


def test_errors_come_back_as_their_own_class(remote: Remote, library: MemoryLibrary) -> None:
    library.failure = ProviderError("the model is busy; try later", retryable=True)
    with pytest.raises(ProviderError, match="busy") as raised:
        remote.search(Query("kettle"))
    assert raised.value.retryable


def test_a_server_that_is_not_there_is_one_clear_error() -> None:
    remote = Remote("http://127.0.0.1:9")
    with pytest.raises(ProviderError, match="citewell serve"):
        remote.status()
    with pytest.raises(BadInput, match="not an http address"):
        Remote("localhost:8000")


def test_a_key_is_sent_and_its_absence_explained(library: MemoryLibrary) -> None:
    with served(library, key="secret") as url:
        with Remote(url, "secret") as remote:
            assert remote.status()["documents"] == 0
        with Remote(url) as remote, pytest.raises(CitewellError, match="key"):
            remote.status()


def test_sync_sends_what_is_listed_and_removes_only_what_its_own_source_lost(remote: Remote) -> None:
    remote.add(Document("elsewhere.md", "stays", source="/other/elsewhere.md"))
    seen: list[Added | Failure | str] = []
    remote.sync(Shelf({"a.md": "one", "b.md": "two", "c.md": ""}), seen.append)
    assert sorted(type(one).__name__ for one in seen) == ["Added", "Added", "Failure"]
    seen.clear()
    remote.sync(Shelf({"b.md": "two"}), seen.append)
    assert [one for one in seen if isinstance(one, str)] == ["a.md"]
    assert [one.id for one in remote.list()] == ["b.md", "elsewhere.md"]
