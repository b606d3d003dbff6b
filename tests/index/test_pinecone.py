"""What is particular to Pinecone, on a stub of it: freshness, keys, limits. On Pinecone itself only if a key is set."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import numpy as np
import pytest

pytest.importorskip("pinecone", reason="pip install 'citewell[pinecone]'")

from citewell.errors import BadInput, ProviderError
from citewell.index.pinecone import OWN_KEY, PineconeIndex, connection, reach
from citewell.index.pinecone.words import SLICES, Counts
from citewell.protocols import Place
from citewell.testing.index import DIMENSIONS
from citewell.testing.made import Made
from citewell.testing.server import Connect, ServerContract, failure
from tests.index.stubs.live import acts_as_the_contract_says
from tests.index.stubs.pinecone import KEY, KEY_ENV, StubPinecone, serving

LIVE = os.environ.get("CITEWELL_LIVE_PINECONE_API_KEY", "")


def place(stub: StubPinecone, name: str, timeout: float = 10) -> Place:
    return Place(Path(), stub.url, name, KEY_ENV, timeout, "a")


class TestFaults(ServerContract):
    @pytest.fixture
    def connect(self) -> Connect:
        return PineconeIndex

    @pytest.fixture(autouse=True)
    def key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The contract asks without a key, and Pinecone answers nobody who has none."""
        monkeypatch.setenv("NO_SUCH_KEY", KEY)

    @pytest.fixture
    def served(self, pinecone: StubPinecone) -> int:
        return urlsplit(pinecone.url).port or 0

    @pytest.fixture
    def lose(self, pinecone: StubPinecone) -> Callable[[str], None]:
        return lambda name: pinecone.indexes.pop(name, None) and None


def test_the_stub_refused_nothing_that_the_adapter_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_ENV, KEY)
    with serving(StubPinecone()) as stub:
        with closing(PineconeIndex(place(stub, "refused"), DIMENSIONS)) as index:
            acts_as_the_contract_says(index)
        assert stub.refused == ["Resource refused not found"]  # whether it was there already


def test_without_a_key_the_variable_is_named(pinecone: StubPinecone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(OWN_KEY, raising=False)
    error = failure(lambda: reach(Place(Path(), pinecone.url, "keyless")))
    assert isinstance(error, ProviderError)
    assert f"${OWN_KEY}" in str(error)


def test_doctor_is_told_that_only_a_stub_was_ever_run(pinecone: StubPinecone) -> None:
    assert "no index 'not-yet' yet" in reach(place(pinecone, "not_yet")).store
    with closing(PineconeIndex(place(pinecone, "told"), DIMENSIONS)) as index:
        assert "stub" in index.health().store
        assert reach(place(pinecone, "told")) == index.health()


def test_an_index_is_made_in_the_region_that_the_address_names(pinecone: StubPinecone) -> None:
    wanted = Place(Path(), f"{pinecone.url}?cloud=gcp&region=europe-west4", "region", KEY_ENV, 10, "a")
    with closing(PineconeIndex(wanted, DIMENSIONS)) as index:
        assert "gcp europe-west4" in index.health().store


def test_a_read_waits_until_what_was_written_is_shown_or_says_so() -> None:
    with serving(StubPinecone(delay=0.6)) as slow, pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY_ENV, KEY)
        (point,) = Made(DIMENSIONS).points([{"a": "x"}])
        with closing(PineconeIndex(place(slow, "slow"), DIMENSIONS)) as index:
            index.put([point])
            assert index.count() == 1
            index.drop([point.id])
            assert index.dense(point.vector, 1, None) == []
            slow.delay = 60
            index.put([point])
        with closing(PineconeIndex(place(slow, "slow", 0.5), DIMENSIONS)) as index:
            index.put([point])
            error = failure(lambda: index.dense(point.vector, 1, None))
            assert isinstance(error, ProviderError)
            assert error.retryable
            assert "index.timeout" in str(error)


def test_where_no_log_number_is_told_a_read_waits_for_some_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "SETTLE", 0.5)
    monkeypatch.setenv(KEY_ENV, KEY)
    with serving(StubPinecone(delay=0.2)) as silent:
        silent.tells_lsn = False
        (point,) = Made(DIMENSIONS).points([{"a": "x"}])
        with closing(PineconeIndex(place(silent, "silent"), DIMENSIONS)) as index:
            index.put([point])
            assert [one for one, _ in index.dense(point.vector, 1, None)] == [point.id]


def test_metadata_that_is_too_large_is_refused_in_one_clear_line(pinecone: StubPinecone) -> None:
    with closing(PineconeIndex(place(pinecone, "large"), DIMENSIONS)) as index:
        (point,) = Made(DIMENSIONS).points([{"id": "long.md", "a": "x" * 50_000}])
        with pytest.raises(BadInput, match=r"'long\.md' has .* 40000"):
            index.put([point])


def test_many_points_of_many_numbers_go_in_requests_that_are_small_enough(pinecone: StubPinecone) -> None:
    made = Made(1536)
    with closing(PineconeIndex(place(pinecone, "wide"), 1536)) as index:
        index.put([made.point(row, {}) for row in made.vectors(200)])
        assert index.count() == 200


def test_what_many_passages_have_is_counted_in_a_part_of_them() -> None:
    random = np.random.default_rng(5)
    slices = random.integers(0, SLICES, 1_000_000)
    counts = Counts(lambda terms, limit, part: min(limit, int((slices[: terms[0]] < part).sum())))
    for held in (5, 9_999, 10_001, 300_000, 1_000_000):
        assert counts._held([held])[held] == pytest.approx(held, rel=0.05)


@pytest.mark.skipif(
    not LIVE,
    reason="optional: set CITEWELL_LIVE_PINECONE_API_KEY to run this on Pinecone itself (it makes an index)",
)
def test_the_service_itself_does_what_the_stub_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_ENV, LIVE)
    wanted = Place(Path(), "", f"citewell-test-{uuid4().hex[:8]}", KEY_ENV, 60, "test")
    with closing(PineconeIndex(wanted, DIMENSIONS)) as index:
        try:
            acts_as_the_contract_says(index)
        finally:
            index._at._client.indexes.delete(index._at.name, timeout=-1)
