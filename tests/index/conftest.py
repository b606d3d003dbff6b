"""The servers that indexes are tested on."""

import os
from collections.abc import Iterator

import pytest

from tests.index.servers import chroma, postgres
from tests.index.stubs.pinecone import KEY, KEY_ENV, StubPinecone, serving

__all__ = ["chroma", "pinecone", "postgres"]


@pytest.fixture(scope="session")
def pinecone() -> Iterator[StubPinecone]:
    """A stub of Pinecone, that shows writes 30 ms later."""
    os.environ[KEY_ENV] = KEY
    with serving(StubPinecone()) as served:
        yield served
