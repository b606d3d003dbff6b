"""Chroma keeps the contract, embedded and on a real server."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

import chromadb
import pytest

from citewell.index.chroma import Chroma
from citewell.protocols import Index, Place
from citewell.testing.index import IndexContract
from citewell.testing.server import Connect, ServerContract


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


class TestFaults(ServerContract):
    @pytest.fixture
    def connect(self) -> Connect:
        return Chroma

    @pytest.fixture
    def served(self, chroma: str) -> int:
        return urlsplit(chroma).port or 0

    @pytest.fixture
    def lose(self, served: int) -> Callable[[str], None]:
        client = chromadb.HttpClient("127.0.0.1", served)

        def delete(name: str) -> None:
            with suppress(chromadb.errors.NotFoundError):
                client.delete_collection(name)

        return delete
