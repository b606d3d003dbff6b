"""A whole library on each store: what the embedded index does, the others do, from the configuration alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from citewell import filters
from citewell.assemble import assemble
from citewell.errors import CitewellError
from citewell.library import Library
from citewell.model import Document, Query
from citewell.settings import Config
from citewell.testing import HashEmbedder

STORES = ("edge", "pgvector", "chroma", "chroma server")
SERVERS = {"pgvector": "postgres", "chroma server": "chroma"}
PLACES = {
    "routers": ("Routers forward packets between networks.", {"year": 2019, "kind": "net"}),
    "switches": ("Switches forward frames inside one network.", {"year": 2024, "kind": "net"}),
    "tea": (
        "Green tea is brewed with water of 80 degrees.",
        {"year": 2024, "kind": "food", "tags": ["hot", "leaf"]},
    ),
    "käse/brie.md": ("Brie is a soft cheese from France.", {"kind": "food"}),
}


@pytest.fixture(params=STORES)
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Config:
    """A configuration with a library of this test's own on a store."""
    store = str(request.param)
    server = SERVERS.get(store)
    base = Config()
    return replace(
        base,
        library=replace(base.library, path=tmp_path / "library"),
        embed=replace(base.embed, model="hash"),
        index=replace(
            base.index,
            store=store.split()[0],
            url=request.getfixturevalue(server) if server else "",
            collection=f"whole-{uuid4().hex[:12]}",
        ),
    )


@contextmanager
def filled(config: Config) -> Iterator[Library]:
    with assemble(config, create=True) as library:
        for name, (text, fields) in PLACES.items():
            library.add(Document(name, text, fields=fields))
        yield library


def found(library: Library, text: str, where: str = "", mode: str = "hybrid") -> list[str]:
    query = Query(text, where=filters.parse(where) if where else None, mode=mode)  # type: ignore[arg-type]
    return [hit.document.id for hit in library.search(query)]


def test_it_finds_filters_answers_and_says_why(config: Config) -> None:
    with filled(config) as library:
        for mode in ("hybrid", "dense", "keyword", "tfidf"):
            assert found(library, "forward packets between networks", mode=mode)[0] == "routers"
            assert found(library, "forward", "year >= 2020 AND kind = 'net'", mode) == ["switches"]
        assert found(library, "cheese", "id LIKE 'käse/%'") == ["käse/brie.md"]
        assert found(library, "brewed", "'leaf' = ANY(tags)") == ["tea"]
        assert set(found(library, "forward cheese tea", "year IS NULL")) == {"käse/brie.md"}
        answer = library.ask(Query("What do routers forward?"))
        assert answer.citations[0].document_id == "routers"
        why = library.why(Query("forward", where=filters.parse("kind = 'food'")), "routers")
        assert why.document is not None
        assert why.document.stage == "filter"
        assert library.status()["documents"] == 4
        library.remove("routers")
        assert "routers" not in found(library, "forward packets between networks")
        library.add(Document("tea", "Black tea takes boiling water."))
        assert found(library, "boiling", mode="keyword") == ["tea"]
        assert found(library, "brewed", mode="keyword") == []


def test_it_is_there_after_opening_again_and_an_emptied_store_is_filled_without_embedding(
    config: Config,
) -> None:
    with filled(config):
        pass
    with assemble(config) as library:
        assert found(library, "Green tea", mode="keyword")[0] == "tea"
        index = library._parts.index
        index.drop(list(index.ids()))
        index.flush()
        assert index.count() == 0
    embedded: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HashEmbedder, "embed", lambda *_, **__: embedded.append("something"))
        with assemble(config) as library:
            assert library._parts.index.count() == 4
    assert not embedded
    with assemble(config) as library:
        assert found(library, "Green tea")[0] == "tea"


@pytest.mark.parametrize("config", [one for one in STORES if one in SERVERS], indirect=True)
def test_another_library_does_not_get_its_collection(config: Config, tmp_path: Path) -> None:
    with filled(config):
        pass
    other = replace(config, library=replace(config.library, path=tmp_path / "other"))
    with pytest.raises(CitewellError, match=r"another library's.*index\.collection"):
        assemble(other, create=True)
