"""PostgreSQL with pgvector, a real one, keeps the contract."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from citewell.index.pgvector import PgVector
from citewell.protocols import Index, Place
from citewell.testing.index import ESSENTIAL, IndexContract
from citewell.testing.network import Relay
from citewell.testing.server import Connect, ServerContract

LIKES = ("a LIKE 'x%'", "a NOT LIKE 'x%'", "a LIKE '%x%'", "a LIKE '%'", "a LIKE 'x'")


class TestPgVector(IndexContract):
    expresses = (*ESSENTIAL, *LIKES, "a LIKE '%_y'", "a < '2024-02'", "NOT a >= 'x'")

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, postgres: str) -> Callable[[str, int], Index]:
        return lambda name, dimensions: PgVector(Place(Path(), postgres, name), dimensions)


class TestFaults(ServerContract):
    url = "postgresql://postgres@127.0.0.1:{port}/postgres"

    @pytest.fixture
    def connect(self) -> Connect:
        return PgVector

    @pytest.fixture
    def served(self, postgres: str) -> str:
        return f"{psycopg.conninfo.conninfo_to_dict(postgres)['host']}/.s.PGSQL.5432"

    @pytest.fixture
    def lose(self, postgres: str) -> Callable[[str], None]:
        def delete(name: str) -> None:
            tables = [sql.Identifier(f"{name}_{part}") for part in ("points", "words", "terms", "about")]
            with psycopg.connect(postgres, autocommit=True) as connection:
                connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.SQL(", ").join(tables)))

        return delete

    @pytest.fixture
    def refusing(self, postgres: str, served: str) -> Iterator[int]:
        """The real server, while it asks for a password that we do not have."""
        rules = Path(served).with_name("pg_hba.conf")
        before = rules.read_text()
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute("ALTER ROLE postgres PASSWORD 'another'")
            rules.write_text("local all postgres scram-sha-256\n" + before)
            connection.execute("SELECT pg_reload_conf()")
            wait_until_refused(postgres)
            with closing(Relay(served)) as relay:
                yield relay.port
            rules.write_text(before)
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("ALTER ROLE postgres PASSWORD NULL")


def wait_until_refused(address: str) -> None:
    """Wait until the server has read its new rules."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            psycopg.connect(address).close()
        except psycopg.OperationalError:
            return
        time.sleep(0.05)
    raise TimeoutError("the server never asked for a password")
