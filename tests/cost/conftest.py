"""A library whose chat model is a stub of an OpenAI server at a price, or a real small model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import citewell
from citewell.library import Library
from citewell.model import Document
from tests.providers.conftest import model
from tests.retrieve.shelf import stored

__all__ = ["model"]

PRICES = """
as_of = 2026-11-23
[[price]]
models = ["m"]
kind = "chat"
input = 1.0
cached = 0.1
output = 4.0
[[price]]
models = ["smollm2"]
kind = "chat"
input = 1.0
output = 4.0
[[price]]
models = ["e", "smollm2"]
kind = "embed"
input = 0.02
[[price]]
models = ["rerank-v3.5"]
kind = "rerank"
search = 2
"""
TEXTS = {"lamp": "The lamp glows blue at night.", "kettle": "The kettle boils one litre in two minutes."}


@contextmanager
def paid(folder: Path, url: str, texts: dict[str, str] | None = None, **settings: Any) -> Iterator[Library]:
    """Open a library with the model "m" at `url`, at the prices above. A setting is written section_key=value."""
    prices = folder / "prices.toml"
    prices.write_text(PRICES)
    chosen = {name.replace("_", ".", 1): value for name, value in settings.items()}
    usual = {**stored(folder / "library"), "chat.model": "openai", "chat.url": url, "chat.name": "m"}
    merged = {**usual, "cost.prices": str(prices), **chosen}
    with citewell.open(folder / "library", create=True, settings=merged) as library:
        for name, text in (TEXTS if texts is None else texts).items():
            library.add(Document(name, text))
        yield library
