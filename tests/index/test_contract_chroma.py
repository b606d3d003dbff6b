"""Chroma keeps the contract, embedded and on a real server."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from citewell.index.chroma import Chroma
from citewell.protocols import Index, Place
from citewell.testing.index import IndexContract


class TestChromaServer(IndexContract):
    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, chroma: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Index]:
        folder = tmp_path_factory.mktemp("server")
        return lambda name, dimensions: Chroma(Place(folder / name, chroma, name), dimensions)


class TestChromaEmbedded(IndexContract):
    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Index]:
        folder = tmp_path_factory.mktemp("embedded")
        return lambda name, dimensions: Chroma(Place(folder / name, collection=name), dimensions)
