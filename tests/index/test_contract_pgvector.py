"""PostgreSQL with pgvector, a real one, keeps the contract."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from citewell.index.pgvector import PgVector
from citewell.protocols import Index, Place
from citewell.testing.index import ESSENTIAL, IndexContract

LIKES = ("a LIKE 'x%'", "a NOT LIKE 'x%'", "a LIKE '%x%'", "a LIKE '%'", "a LIKE 'x'")


class TestPgVector(IndexContract):
    expresses = (*ESSENTIAL, *LIKES, "a LIKE '%_y'", "a < '2024-02'", "NOT a >= 'x'")

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, postgres: str) -> Callable[[str, int], Index]:
        return lambda name, dimensions: PgVector(Place(Path(), postgres, name), dimensions)
