"""The adapter for a Qdrant server keeps the contract, on the client's local mode. No server has been run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from qdrant_client import QdrantClient

from citewell.index.qdrant import Qdrant
from citewell.protocols import Index, Place
from citewell.testing.index import ESSENTIAL, IndexContract
from citewell.testing.server import Connect, FaultContract

LIKES = ("a LIKE 'x%'", "a NOT LIKE 'x%'", "a LIKE '%x%'", "a LIKE '%'", "a LIKE 'x'")


class TestQdrantLocalMode(IndexContract):
    """The client's local mode: the same calls, answered by the client itself. No server has been run."""

    threads = 1  # local mode is for one thread
    expresses = (*ESSENTIAL, *LIKES)

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls) -> Callable[[str, int], Index]:
        client = QdrantClient(":memory:")
        client.close = lambda *_, **__: None  # type: ignore[method-assign]  # what is in memory outlives each index
        return lambda name, dimensions: Qdrant(Place(Path(), "http://127.0.0.1:1", name), dimensions, client)


class TestFaults(FaultContract):
    @pytest.fixture
    def connect(self) -> Connect:
        return Qdrant
