"""The adapter for Pinecone keeps the contract, by the official client, on a stub: not on Pinecone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("pinecone", reason="pip install 'citewell[pinecone]'")

from citewell.index.pinecone import PineconeIndex
from citewell.protocols import Index, Place
from citewell.testing.index import ESSENTIAL, IndexContract
from tests.index.stubs.pinecone import KEY_ENV, StubPinecone


class TestStubbedPinecone(IndexContract):
    """On the stub: nothing here says that Pinecone itself does the same."""

    expresses = (*ESSENTIAL, "a LIKE 'x'", "a LIKE '%'")

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, pinecone: StubPinecone) -> Callable[[str, int], Index]:
        return lambda name, dimensions: PineconeIndex(Place(Path(), pinecone.url, name, KEY_ENV), dimensions)
