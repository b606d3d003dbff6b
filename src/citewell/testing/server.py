"""What an index at a server must do when the server does not: one clear error each, soon, and never with the key in it.

`FaultContract` needs no real server; `ServerContract` adds what one is needed for. Both are inherited, like
`IndexContract`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import ClassVar, Final, TypeAlias

import pytest

from citewell.errors import BadInput, Corrupt, ProviderError
from citewell.protocols import Index, Place
from citewell.testing import network
from citewell.testing.index import DIMENSIONS
from citewell.testing.made import Made
from citewell.testing.network import Relay

Connect: TypeAlias = Callable[[Place, int], Index]
KEY_ENV: Final = "CONTRACT_KEY"
KEY: Final = "s3cret-that-nobody-sees"
PATIENCE: Final = 20.0
"""Seconds within which an error must come, whatever happens, on a busy machine too."""


class FaultContract:
    """A server that is down, silent or refuses: one error, with the address and the remedy."""

    url: ClassVar[str] = "http://127.0.0.1:{port}"

    @pytest.fixture
    def connect(self) -> Connect:
        """Override this: what opens an index at a place, for vectors of so many dimensions."""
        raise NotImplementedError("a fault contract needs a fixture `connect`")

    @pytest.fixture
    def refusing(self) -> Iterator[int]:
        """The port of a server that refuses our key: a stub, unless overridden."""
        with network.refusing() as port:
            yield port

    @pytest.fixture
    def place(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Place]:
        """The place at a port of this machine, with a wrong key and little time."""
        monkeypatch.setenv(KEY_ENV, KEY)
        return lambda port: Place(tmp_path, self.url.format(port=port), "faults", KEY_ENV, timeout=1)

    def test_a_server_that_is_down_is_said_to_be(
        self, connect: Connect, place: Callable[[int], Place]
    ) -> None:
        port = network.free_port()
        error = failure(lambda: connect(place(port), DIMENSIONS))
        assert isinstance(error, ProviderError)
        assert error.retryable
        assert f"127.0.0.1:{port}" in str(error)
        assert "index.url" in str(error)

    def test_a_server_that_is_silent_is_given_up(
        self, connect: Connect, place: Callable[[int], Place]
    ) -> None:
        with network.silent() as port:
            error = failure(lambda: connect(place(port), DIMENSIONS))
        assert isinstance(error, ProviderError)
        assert error.retryable
        assert f"127.0.0.1:{port}" in str(error)
        assert "1 s" in str(error)
        assert "index.timeout" in str(error)

    def test_a_refused_key_is_named_by_its_variable_and_never_shown(
        self, connect: Connect, place: Callable[[int], Place], refusing: int
    ) -> None:
        error = failure(lambda: connect(place(refusing), DIMENSIONS))
        assert isinstance(error, ProviderError)
        assert not error.retryable
        assert f"${KEY_ENV}" in str(error)


class ServerContract(FaultContract):
    """A server that fails on the way, a collection that is gone, or another's."""

    @pytest.fixture
    def served(self) -> int | str:
        """Override this: the port or the Unix socket of a real server."""
        raise NotImplementedError("a server contract needs a fixture `served`")

    @pytest.fixture
    def lose(self) -> Callable[[str], None]:
        """Override this: what deletes a collection behind our back."""
        raise NotImplementedError("a server contract needs a fixture `lose`")

    @pytest.fixture
    def own(self, tmp_path: Path) -> Callable[[int, str], Place]:
        """The place of a collection at a port, without a key; a folder for each library."""
        return lambda port, library: Place(
            tmp_path / library, self.url.format(port=port), "contract", "NO_SUCH_KEY", 2, library
        )

    @pytest.fixture
    def relay(self, served: int | str, lose: Callable[[str], None]) -> Iterator[Relay]:
        """A way to the real server that can fail."""
        with closing(Relay(served)) as relay:
            yield relay
        lose("contract")

    def test_a_server_that_stops_answering_is_given_up_and_used_again_when_it_answers(
        self, connect: Connect, own: Callable[[int, str], Place], relay: Relay
    ) -> None:
        points = Made(DIMENSIONS).points([{"n": n} for n in range(5)])
        with closing(connect(own(relay.port, "a"), DIMENSIONS)) as index:
            index.put(points)
            relay.stall()
            error = failure(lambda: index.dense(points[0].vector, 1, None))
            assert isinstance(error, ProviderError)
            assert error.retryable
            relay.resume()
            assert index.dense(points[0].vector, 1, None)[0][0] == points[0].id

    def test_a_connection_that_breaks_is_made_again(
        self, connect: Connect, own: Callable[[int, str], Place], relay: Relay
    ) -> None:
        points = Made(DIMENSIONS).points([{"n": n} for n in range(5)])
        with closing(connect(own(relay.port, "a"), DIMENSIONS)) as index:
            for point in points:
                relay.cut()
                index.put([point])
                relay.cut()
                assert index.dense(point.vector, 1, None)[0][0] == point.id
            assert index.count() == 5

    def test_a_collection_that_is_gone_is_said_to_be(
        self, connect: Connect, own: Callable[[int, str], Place], relay: Relay, lose: Callable[[str], None]
    ) -> None:
        points = Made(DIMENSIONS).points([{}])
        with closing(connect(own(relay.port, "a"), DIMENSIONS)) as index:
            index.put(points)
            lose("contract")
            for call in (lambda: index.dense(points[0].vector, 1, None), lambda: index.put(points)):
                error = failure(call)
                assert isinstance(error, Corrupt)
                assert "'contract'" in str(error)

    def test_what_is_another_librarys_is_left_alone(
        self, connect: Connect, own: Callable[[int, str], Place], relay: Relay
    ) -> None:
        points = Made(DIMENSIONS).points([{}])
        with closing(connect(own(relay.port, "a"), DIMENSIONS)) as index:
            index.put(points)
        for library, dimensions in (("b", DIMENSIONS), ("a", DIMENSIONS * 2)):
            error = failure(lambda who=library, size=dimensions: connect(own(relay.port, who), size))  # type: ignore[misc]
            assert isinstance(error, BadInput)
            assert "index.collection" in str(error)
        with closing(connect(own(relay.port, "a"), DIMENSIONS)) as index:
            assert list(index.ids()) == [points[0].id]

    def test_what_an_older_analyser_made_is_made_anew(
        self,
        connect: Connect,
        own: Callable[[int, str], Place],
        relay: Relay,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with closing(connect(own(relay.port, "a"), DIMENSIONS)) as index:
            index.put(Made(DIMENSIONS).points([{}]))
        monkeypatch.setattr("citewell.index.remote.VERSION", "another")
        with closing(connect(own(relay.port, "a"), DIMENSIONS)) as index:
            assert index.count() == 0

    def test_it_says_what_it_is_by_its_own_word(
        self, connect: Connect, own: Callable[[int, str], Place], relay: Relay
    ) -> None:
        with closing(connect(own(relay.port, "a"), DIMENSIONS)) as index:
            health = index.health()
            assert any(letter.isdigit() for letter in health.store)
            assert health.scorer
            assert health.idf


def failure(call: Callable[[], object]) -> BaseException:
    """Return what a call raises, which must be soon, in one line, and without the key."""
    began = time.monotonic()
    with pytest.raises((ProviderError, BadInput, Corrupt)) as raised:
        call()
    assert time.monotonic() - began < PATIENCE
    error = raised.value
    while error is not None and error.__class__.__module__ == "citewell.errors":
        assert "\n" not in str(error)
        assert KEY not in str(error)
        error = error.__context__  # type: ignore[assignment]
    return raised.value
