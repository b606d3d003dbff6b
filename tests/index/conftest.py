"""The servers that indexes are tested on."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.index.servers import chroma, postgres
from tests.index.stubs.pinecone import KEY, KEY_ENV, StubPinecone, serving

__all__ = ["chroma", "pinecone", "postgres", "weaviate"]


@pytest.fixture(scope="session")
def pinecone() -> Iterator[StubPinecone]:
    """A stub of Pinecone, that shows writes 30 ms later."""
    os.environ[KEY_ENV] = KEY
    with serving(StubPinecone()) as served:
        yield served


@pytest.fixture(scope="session")
def weaviate() -> Iterator[Any]:
    """A stub of Weaviate."""
    stubs = pytest.importorskip("tests.index.stubs.weaviate", reason="pip install 'citewell[weaviate]'")
    with stubs.serving(stubs.StubWeaviate()) as served:
        yield served
