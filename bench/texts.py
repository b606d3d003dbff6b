"""Passages of real documentation, for timings in which every system must embed exactly the same."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from bench.peers.protocol import model_folder, pages_of


def passages(folders: list[Path], size: int) -> Iterator[str]:
    """Yield texts of at most `size` tokens, on one line each, none twice, from the corpora in turn.

    They begin with a letter and hold no line break, so that no system sees structure to split at.
    """
    seen: set[str] = set()
    for text in packed((page.text for folder in folders for page in pages_of(folder)), size):
        if text not in seen:
            seen.add(text)
            yield text


def packed(texts: Iterable[str], size: int) -> Iterator[str]:
    """Yield pieces of texts of at most `size` tokens; those of up to 200 characters are left out."""
    count = _counter()
    for text in texts:
        yield from (piece for piece in _packed(text.split(), size, count) if len(piece) > 200)


def write_passages(folders: list[Path], number: int, path: Path, size: int = 180) -> int:
    """Write up to `number` passages as JSONL; return how many."""
    chosen = list(islice(passages(folders, size), number))
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in chosen), encoding="utf-8")
    return len(chosen)


def _packed(words: list[str], size: int, count: Any) -> Iterator[str]:
    """Join words while they fit. A word is counted alone: WordPiece never joins over a space."""
    group: list[str] = []
    total = 0
    for word, tokens in zip(words, count(words), strict=True):
        if total + tokens > size:
            yield " ".join(group)
            group, total = [], 0
        if tokens <= size and (group or word[0].isalpha()):
            group.append(word)
            total += tokens
    yield " ".join(group)


def _counter() -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(Path(model_folder()) / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def count(words: list[str]) -> list[int]:
        return [len(one.ids) for one in tokenizer.encode_batch(words, add_special_tokens=False)]

    return count
