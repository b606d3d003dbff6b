"""What is particular to Weaviate, on a stub of it: keys, addresses, fields. On a Weaviate only if its URL is set."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

pytest.importorskip("weaviate", reason="pip install 'citewell[weaviate]'")

from citewell.errors import BadInput, ProviderError, Unsupported
from citewell.filters import parse
from citewell.index.weaviate import OWN_KEY, WeaviateIndex, connection, reach
from citewell.index.weaviate.collection import named
from citewell.protocols import Place
from citewell.testing.index import DIMENSIONS, expected, filled, passing
from citewell.testing.made import Made
from citewell.testing.server import KEY_ENV, Connect, ServerContract, failure
from tests.index.stubs.live import acts_as_the_contract_says
from tests.index.stubs.weaviate import URL, StubWeaviate, serving

LIVE = os.environ.get("CITEWELL_LIVE_WEAVIATE_URL", "")


def place(stub: StubWeaviate, name: str, key_env: str = "NO_SUCH_KEY") -> Place:
    return Place(Path(), stub.url, name, key_env, 5, "a")


@pytest.fixture(scope="module")
def locked() -> Iterator[StubWeaviate]:
    """A stub that asks for a key."""
    with serving(StubWeaviate(key="the-key")) as stub:
        yield stub


class TestFaults(ServerContract):
    url = URL

    @pytest.fixture
    def connect(self) -> Connect:
        return WeaviateIndex

    @pytest.fixture
    def served(self, weaviate: StubWeaviate) -> int:
        return weaviate.port

    @pytest.fixture
    def refusing(self, locked: StubWeaviate) -> int:
        return locked.port

    @pytest.fixture
    def lose(self, weaviate: StubWeaviate) -> Callable[[str], None]:
        return lambda name: weaviate.classes.pop(named(name), None) and None


def test_the_stub_refused_nothing_that_the_adapter_sent() -> None:
    with serving(StubWeaviate()) as stub, closing(WeaviateIndex(place(stub, "refused"), DIMENSIONS)) as index:
        acts_as_the_contract_says(index)
        assert stub.refused == []


def test_with_its_key_it_is_let_in_on_both_ways(
    locked: StubWeaviate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_ENV, "the-key")
    with closing(WeaviateIndex(place(locked, "with_key", KEY_ENV), DIMENSIONS)) as index:
        index.put(Made(DIMENSIONS).points([{}]))
        monkeypatch.setattr(locked, "key", "another-key")
        error = failure(index.count)
    assert isinstance(error, ProviderError)
    assert not error.retryable
    assert f"${KEY_ENV}" in str(error)
    assert "the-key" not in str(error)


def test_doctor_is_told_the_version_and_that_only_a_stub_was_ever_run(weaviate: StubWeaviate) -> None:
    with closing(WeaviateIndex(place(weaviate, "told"), DIMENSIONS)) as index:
        health = index.health()
    assert health == reach(place(weaviate, "told"))
    assert "1.38.0-stub; this adapter was only ever run on a stub" in health.store
    assert "Weaviate's own BM25" in health.scorer


def test_a_weaviate_that_is_too_old_is_refused(
    weaviate: StubWeaviate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weaviate, "version", "1.32.9")
    with pytest.raises(Unsupported, match=r"1\.32\.9; it needs 1\.33"):
        WeaviateIndex(place(weaviate, "old"), DIMENSIONS)


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("http://host:8080", ("host", 50051)),
        ("http://host:8080?grpc=9000", ("host", 9000)),
        ("https://host?grpc=other:443", ("other", 443)),
        ("https://abc.c0.weaviate.cloud", ("grpc-abc.c0.weaviate.cloud", 443)),
    ],
)
def test_grpc_is_where_the_address_says_or_where_weaviate_has_it(url: str, where: tuple[str, int]) -> None:
    assert connection.grpc_address(url) == where


def test_an_address_that_cannot_be_is_refused_in_one_clear_line(tmp_path: Path) -> None:
    for url in ("ftp://host", "nowhere", "http://127.0.0.1:8080?grpc=8080"):
        with pytest.raises(BadInput, match=r"index\.url"):
            WeaviateIndex(Place(tmp_path, url, "wrong", "NO_SUCH_KEY", 1), DIMENSIONS)


def test_text_that_weaviate_would_trim_or_lose_is_compared_whole(weaviate: StubWeaviate) -> None:
    values = ["", " ", "x", " x", "x ", '"x"', '" x"', "\tx", "\u00a0x"]
    with closing(WeaviateIndex(place(weaviate, "trimmed"), DIMENSIONS)) as index:
        _, oracle = filled(index, Made(DIMENSIONS).points([{"a": value} for value in values]))
        for value in values:
            where = parse(f"a = '{value}'")
            assert passing(index, where) == expected(oracle, where), repr(value)


def test_fields_of_another_process_are_seen_and_questions_declare_none(weaviate: StubWeaviate) -> None:
    here, there = (WeaviateIndex(place(weaviate, "shared"), DIMENSIONS) for _ in range(2))
    with closing(here), closing(there):
        assert passing(here, parse("new = 1")) == set()
        points = Made(DIMENSIONS).points([{"new": 1}])
        there.put(points)
        assert passing(here, parse("new = 1")) == {points[0].id}
        before = len(weaviate.classes[named("shared")].definition["properties"])
        assert passing(here, parse("never_put = 'x' OR NOT never_put = 'x'")) == set()
        assert len(weaviate.classes[named("shared")].definition["properties"]) == before


def test_fields_beyond_the_most_are_not_kept_and_filters_on_them_unsupported(
    weaviate: StubWeaviate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("citewell.index.weaviate.collection.MOST_FIELDS", 5)
    with closing(WeaviateIndex(place(weaviate, "most"), DIMENSIONS)) as index:
        index.put(Made(DIMENSIONS).points([{"a": "x", "z": "x"}]))
        assert len(passing(index, parse("a = 'x' AND z IS NOT NULL"))) == 1
        with pytest.raises(Unsupported, match="t_z"):
            passing(index, parse("z = 'x'"))


@pytest.mark.skipif(
    not LIVE,
    reason="optional: set CITEWELL_LIVE_WEAVIATE_URL (and WEAVIATE_API_KEY) to run this on a Weaviate",
)
def test_a_weaviate_itself_does_what_the_stub_does() -> None:
    wanted = Place(Path(), LIVE, f"CitewellTest{uuid4().hex[:8]}", OWN_KEY, 60, "test")
    with closing(WeaviateIndex(wanted, DIMENSIONS)) as index:
        try:
            acts_as_the_contract_says(index)
        finally:
            index._at.client.collections.delete(index._at.name)
