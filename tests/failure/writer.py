"""One of several processes that write to one library, to be killed or stopped. Notes each step with its time."""

from __future__ import annotations

import os
import random
import time
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

from citewell.assemble import assemble
from citewell.errors import NotFound
from citewell.library import Library
from tests.failure.worker import document
from tests.stores import config_of, schema_of

IDS = 12
"""Few enough that writers meet at the same documents."""
LEASE = 3.0


@dataclass(frozen=True)
class Step:
    """An add of a revision, or a removal (revision 0), and when it began and ended; None: cut off."""

    name: str
    revision: int
    began: int
    ended: int | None


def open_shared(folder: Path, url: str, create: bool = False) -> Library:
    """Open a library whose catalog and index (pgvector) are on a PostgreSQL server."""
    config, schema = config_of(folder), schema_of(folder)
    config = replace(config, catalog=replace(config.catalog, url=url, lease=LEASE, schema=schema))
    index = replace(config.index, store="pgvector", url=url.replace("+psycopg", "", 1), collection=schema)
    return assemble(replace(config, index=index), create=create)


def write(folder: Path, url: str, log: Path, seed: int, orders: Connection) -> None:
    """Add, update and remove at random. Each message of `orders` is a pause, which is answered, until the next."""
    choose = random.Random(seed)
    library = open_shared(folder, url)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    revision = seed * 1_000_000
    orders.send("open")
    while True:
        if orders.poll():
            orders.recv()
            orders.send("pausing")
            orders.recv()
        revision += 1
        _step(library, descriptor, choose, revision)


def _step(library: Library, log: int, choose: random.Random, revision: int) -> None:
    name = f"live{choose.randrange(IDS)}"
    removes = choose.random() < 0.15
    _note(log, "try", name, 0 if removes else revision)
    if not removes:
        library.add(document(name, revision, choose.randint(1, 4)))
    else:
        try:
            library.remove(name)
        except NotFound:
            _note(log, "void", name, 0)  # it said that there is none: nothing was done
            return
    _note(log, "ack", name, 0 if removes else revision)


def _note(log: int, *parts: object) -> None:
    os.write(log, (" ".join(map(str, (*parts, time.monotonic_ns()))) + "\n").encode())


def steps_of(log: Path) -> list[Step]:
    """Read what one process did."""
    found: list[Step] = []
    for line in log.read_text().splitlines():
        kind, name, revision, at = line.split()
        if kind == "try":
            found.append(Step(name, int(revision), int(at), None))
        elif kind == "void":
            found.pop()
        else:
            found[-1] = replace(found[-1], ended=int(at))
    return found
