"""A process to be killed: writes to a library for ever, and notes each step in a log before and after.

Run as `python worker.py LIBRARY LOG SEED`. A line is "try OP ID REVISION" or "ack OP ID REVISION".
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

from citewell.assemble import assemble
from citewell.library import Library
from citewell.model import Document
from tests.stores import config_of

IDS = 40


def open_library(folder: Path, create: bool = False) -> Library:
    """Open a library with the hashing embedder, which needs no model."""
    return assemble(config_of(folder), create=create)


def word(name: str, revision: int) -> str:
    """The word that only this revision of this document holds."""
    return f"zq{name}x{revision}zq"


def document(name: str, revision: int, paragraphs: int) -> Document:
    """A document of several passages, each with the revision's own word."""
    body = "\n\n".join(
        f"{word(name, revision)} part {n} " + f"lorem ipsum {n} " * 60 for n in range(paragraphs)
    )
    return Document(name, body, f"Document {name}")


def run(library: Library, log: int, seed: int) -> None:
    """Add, update, remove and optimise at random, until killed."""
    choose = random.Random(seed)
    revision = seed * 1_000_000
    present = {entry.id for entry in library.list(limit=10_000)}

    def note(*parts: object) -> None:
        os.write(log, (" ".join(map(str, parts)) + "\n").encode())

    while True:
        name = f"live{choose.randrange(IDS)}"
        revision += 1
        kind = choose.random()
        if kind < 0.02:
            library.optimize()
        elif kind < 0.2 and name in present:
            note("try", "remove", name, 0)
            library.remove(name)
            present.discard(name)
            note("ack", "remove", name, 0)
        else:
            note("try", "add", name, revision)
            library.add(document(name, revision, choose.randint(1, 12)))
            present.add(name)
            note("ack", "add", name, revision)


if __name__ == "__main__":
    descriptor = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    held = open_library(Path(sys.argv[1]))
    os.write(descriptor, b"open\n")
    run(held, descriptor, int(sys.argv[3]))
