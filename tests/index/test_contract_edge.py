"""The embedded index keeps the contract that `citewell.testing` ships."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from citewell.index.qdrant_edge import QdrantEdge
from citewell.protocols import Index
from citewell.testing.index import ESSENTIAL, IndexContract

LIKES = ("a LIKE 'x%'", "a NOT LIKE 'x%'", "a LIKE '%x%'", "a LIKE '%'", "a LIKE 'x'")


class TestQdrantEdge(IndexContract):
    expresses = (*ESSENTIAL, *LIKES)

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Index]:
        folder: Path = tmp_path_factory.mktemp("edge")
        return lambda name, dimensions: QdrantEdge(folder / name, dimensions)
