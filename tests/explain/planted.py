"""Libraries with planted faults: for each kind and seed a document that a question should find, and does not."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from citewell import filters
from citewell.access import OWNER
from citewell.assemble import assemble
from citewell.cli.given import file_blob
from citewell.library import Library
from citewell.model import Document, Query
from citewell.settings import Config
from citewell.sources.folder import Folder
from citewell.why import LostAt

SEEDS: Final = range(25)
FILLER: Final = 400


@dataclass(frozen=True)
class Fault:
    """What is asked, of which document, and the stage that lost it."""

    query: Query
    document: str
    stage: LostAt


@dataclass
class Shelf:
    """One library in `folder`, that can be opened again with other settings; `files` are what it was filled from."""

    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)
    library: Library = field(init=False)
    _open: dict[str, Any] | None = None

    def open(self, **other: Any) -> Library:
        """Open the library with settings "section.key"; it stays open when it has them already."""
        if self._open == other:
            return self.library
        if self._open is not None:
            self.library.close()
        self._open = other
        config = Config()
        for name, value in {"library.path": self.folder / "library", **self.settings, **other}.items():
            section, key = name.split(".")
            config = replace(config, **{section: replace(getattr(config, section), **{key: value})})
        self.library = assemble(config, create=True)
        return self.library

    @property
    def files(self) -> Path:
        path = self.folder / "files"
        path.mkdir(exist_ok=True)
        return path

    def write(self, name: str, text: str) -> Path:
        path = self.files / name
        path.write_text(text)
        return path

    def fill(self) -> None:
        """Add the documents in one go, and the files as a folder."""
        jobs = [self.library._parts.prepare(document) for document in self.documents]
        if jobs:
            self.library._storing.write(jobs)
        self.library.sync(Folder(self.files), lambda outcome: None)

    def works(self, fault: Fault, values: dict[str, Any]) -> bool:
        """Apply a change by the public door, and say whether the document comes up."""
        asked = {name: values[name] for name in ("text", "mode", "limit") if name in values}
        query = replace(fault.query, **asked)
        if "where" in values:
            query = replace(query, where=filters.parse(values["where"]) if values["where"] else None)
        if "add" in values:
            return self._added(query, Path(values["add"]))
        if "chat.passages" in values:
            return self._shown(query, fault.document, values["chat.passages"])
        if "split.tokens" in values:
            return self._split(query, fault.document, values["split.tokens"])
        return fault.document in self.found(query)

    def found(self, query: Query) -> list[str]:
        return [hit.passage.document_id for hit in self.library.search(query)]

    def _added(self, query: Query, path: Path) -> bool:
        self.library.ingest([file_blob(path, 10**6)], lambda outcome: None)
        found = path.name in self.found(query)
        self.library.remove(path.name)
        return found

    def _shown(self, query: Query, document: str, passages: int) -> bool:
        answer = self.open(**{"chat.passages": passages}).ask(query)
        return document in [hit.passage.document_id for hit in answer.hits]

    def _split(self, query: Query, document: str, tokens: int) -> bool:
        (mine,) = [one for one in self.documents if one.id == document]
        self.open(**{"split.tokens": tokens}).add(mine)
        return document in self.found(query)


@dataclass(frozen=True)
class Writer:
    """Writes texts of words that no other seed uses, amid filler that all share."""

    seed: int
    choose: random.Random

    def words(self, many: int) -> list[str]:
        def one() -> str:
            syllables = "".join(
                self.choose.choice("bdfgmnprtvz") + self.choose.choice("aou") for _ in range(4)
            )
            return f"{syllables}k"

        return list(dict.fromkeys(one() for _ in range(many * 2)))[:many]

    def filler(self, many: int) -> list[str]:
        return [f"w{self.choose.randrange(FILLER)}w" for _ in range(many)]

    def text(self, words: list[str], length: int) -> str:
        """Mix words with filler, `length` in all."""
        mixed = [*words, *self.filler(length - len(words))]
        self.choose.shuffle(mixed)
        return " ".join(mixed)

    def decoys(self, shelf: Shelf, words: list[str], many: int, shape: tuple[int, int]) -> None:
        """Add documents with `shape[0]` of the words in `shape[1]`."""
        for n in range(many):
            text = self.text(self.choose.sample(words, shape[0]), shape[1])
            shelf.documents.append(Document(f"decoy-{self.seed}-{n}", text, f"Decoy{n}"))

    @property
    def name(self) -> str:
        return f"target-{self.seed}"


Kind = Callable[[Shelf, Writer], Fault]


def not_ingested(shelf: Shelf, write: Writer) -> Fault:
    words = write.words(4)
    write.decoys(shelf, words, 4, (2, 20))
    outside = shelf.folder / "outside"
    outside.mkdir(exist_ok=True)
    path = outside / f"{write.name}.md"
    path.write_text(f"# About\n\n{write.text(words, 20)}\n")
    return Fault(Query(" ".join(words), limit=3, access=OWNER), str(path), "not_ingested")


def changed(shelf: Shelf, write: Writer) -> Fault:
    words = write.words(4)
    write.decoys(shelf, words, 4, (2, 20))
    shelf.write(f"{write.name}.md", write.text([], 20))
    return Fault(Query(" ".join(words), limit=3, access=OWNER), f"{write.name}.md", "not_ingested")


def parse(shelf: Shelf, write: Writer) -> Fault:
    words = write.words(4)
    write.decoys(shelf, words, 4, (2, 20))
    lost = write.text(words, 10)
    hidden = (
        f"<!-- {lost} -->",
        f"<script>var text = '{lost}'</script>",
        f"<style>/* {'x' * 9000} */</style>",
    )
    kind = write.seed % 3
    seen = write.text([], 3 if kind == 2 else 25)
    page = f"<html><head><title>Page</title></head><body><p>{seen}</p>{hidden[kind]}</body></html>"
    shelf.write(f"{write.name}.html", page)
    return Fault(Query(" ".join(words), limit=3), f"{write.name}.html", "parse")


def filter_(shelf: Shelf, write: Writer) -> Fault:
    words = write.words(4)
    mine: dict[str, Any] = {"year": 2019, "kind": "draft", "team": ("red", "blue"), "seed": write.seed}
    shelf.documents.append(Document(write.name, write.text(words, 20), "Target", mine))
    for n in range(4):
        fields = {"year": 2024, "kind": "final", "team": ("green",), "seed": write.seed, "region": "north"}
        shelf.documents.append(Document(f"decoy-{write.seed}-{n}", write.text(words[:2], 20), "D", fields))
    where = (
        "year >= 2023",
        "kind = 'final'",
        f"seed = {write.seed} AND year > 2020 AND kind != 'draft'",
        "region IN ('north', 'south')",
        "NOT (team = 'red')",
        "year BETWEEN 2020 AND 2030",
    )[write.seed % 6]
    return Fault(Query(" ".join(words), limit=3, where=filters.parse(where)), write.name, "filter")


def split(shelf: Shelf, write: Writer) -> Fault:
    words = write.words(8)
    write.decoys(shelf, words, 5, (5, 30))
    text = f"{write.text(words[:4], 33)}\n\n{write.text(words[4:], 33)}"
    shelf.documents.append(Document(write.name, text, "Target"))
    mode = ("hybrid", "dense", "keyword")[write.seed % 3]
    return Fault(Query(" ".join(words), limit=3, mode=mode), write.name, "split")  # type: ignore[arg-type]


def truncated(shelf: Shelf, write: Writer) -> Fault:
    words = write.words(5)
    write.decoys(shelf, words[1:], 5, (2, 20))
    text = f"{write.text(words[:1], 80)} {write.text(words[1:], 20)}"
    shelf.documents.append(Document(write.name, text, "Target"))
    return Fault(Query(" ".join(words), limit=3, mode="dense"), write.name, "truncated")


def keyword(shelf: Shelf, write: Writer) -> Fault:
    words = write.words(4)
    write.decoys(shelf, words, 5, (3, 25))
    few = (0, 1, 0)[write.seed % 3]
    mode = ("keyword", "keyword", "hybrid")[write.seed % 3]
    text = write.text([*words[:few], *write.words(4)], 25)
    shelf.documents.append(Document(write.name, text, "Target"))
    return Fault(Query(" ".join(words), limit=3, mode=mode), write.name, "keyword")  # type: ignore[arg-type]


def dense(shelf: Shelf, write: Writer) -> Fault:
    words = write.words(4)
    write.decoys(shelf, words, 5, (2, 8))
    shelf.documents.append(Document(write.name, write.text(words, 120), "Target"))
    return Fault(Query(" ".join(words), limit=3, mode="dense"), write.name, "dense")


def fused(shelf: Shelf, write: Writer) -> Fault:
    words = write.words(4)
    write.decoys(shelf, words, 5, (3, 20))
    shelf.documents.append(Document(write.name, write.text(words[:2], 22), "Target"))
    return Fault(Query(" ".join(words), limit=write.choose.choice((2, 3, 4))), write.name, "fused")


def duplicate(shelf: Shelf, write: Writer) -> Fault:
    words, limit = write.words(4), write.choose.choice((2, 3))
    text = write.text(words, 30)
    mode = ("hybrid", "dense", "keyword", "tfidf")[write.seed % 4]
    for n in range(limit + 1):
        shelf.documents.append(Document(f"copy-{write.seed}-{n}", text, "Copy"))
    return Fault(Query(" ".join(words), limit=limit, mode=mode), f"copy-{write.seed}-*", "duplicate")  # type: ignore[arg-type]


def budget(shelf: Shelf, write: Writer) -> Fault:
    words = write.words(4)
    write.decoys(shelf, words, write.choose.choice((3, 4, 5)), (3, 20))
    shelf.documents.append(Document(write.name, write.text(words[:2], 22), "Target"))
    return Fault(Query(" ".join(words), limit=10), write.name, "budget")


KINDS: Final[dict[str, tuple[Kind, dict[str, Any]]]] = {
    "not_ingested": (not_ingested, {}),
    "changed": (changed, {}),
    "parse": (parse, {}),
    "filter": (filter_, {}),
    "split": (split, {"split.tokens": 40}),
    "truncated": (truncated, {"split.tokens": 120, "embed.model": "short"}),
    "keyword": (keyword, {}),
    "dense": (dense, {}),
    "fused": (fused, {}),
    "duplicate": (duplicate, {}),
    "budget": (budget, {"chat.passages": 3}),
}


@contextmanager
def plant(kind: str, folder: Path) -> Iterator[tuple[Shelf, list[Fault]]]:
    """Yield a library with the faults of one kind, one for each seed; closed afterwards."""
    make, settings = KINDS[kind]
    shelf = Shelf(folder, {"embed.model": "wide", **settings})
    shelf.open()
    writers = [Writer(seed, random.Random(f"{kind}-{seed}")) for seed in SEEDS]
    faults = [make(shelf, write) for write in writers]
    shelf.fill()
    if kind == "changed":
        for write, fault in zip(writers, faults, strict=True):
            shelf.write(fault.document, write.text(fault.query.text.split(), 20))
    yield shelf, [_met(shelf, fault) for fault in faults]
    shelf.library.close()


def _met(shelf: Shelf, fault: Fault) -> Fault:
    """Of copies, the one that is meant is the one that did not come up."""
    if not fault.document.endswith("*"):
        return fault
    found, name = shelf.found(fault.query), fault.document[:-1]
    lost = [one.id for one in shelf.documents if one.id.startswith(name) and one.id not in found]
    return replace(fault, document=lost[0])
