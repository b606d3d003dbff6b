"""What a chat model is shown for the same tokens: passages alone, or fewer with their sections around them.

    python -m bench.context --data DATA [--sets ray_docs clapnq_dev] [--tokens 1500 2500 4000] [--work .bench/retrieval]

Measured as the share of a reference answer's different words (without stop words) that the shown text holds. Runs on
the libraries that `bench/retrieval.py` makes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

from citewell.assemble import assemble
from citewell.evaluate.bootstrap import estimate
from citewell.index.lexical import analyse
from citewell.library import Library
from citewell.model import Hit, Query
from citewell.retrieve import Collapse, Widen
from citewell.settings import Config

MOST = 60
"""Hits that are packed into the budget, at most."""


def main() -> None:
    """Print a line for each set, budget and way."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=["ray_docs", "clapnq_dev"])
    parser.add_argument("--tokens", type=int, nargs="+", default=[1500, 2500, 4000])
    parser.add_argument("--work", type=Path, default=Path(".bench/retrieval"))
    chosen = parser.parse_args()
    for name in chosen.sets:
        config = Config()
        config = replace(config, library=replace(config.library, path=chosen.work / name))
        with assemble(config) as library:
            asked = _asked(chosen.data / name / "queries.jsonl")
            for tokens in chosen.tokens:
                for way, shares in _shares(library, asked, tokens).items():
                    of = estimate(shares)
                    print(f"{name} {tokens:>5} tokens, {way:<10} {of.mean:.3f} ({of.low:.3f}–{of.high:.3f})")


def _asked(path: Path) -> list[tuple[str, list[str]]]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [(row["text"], row["answers"]) for row in rows if row.get("answers")]


def _shares(library: Library, asked: list[tuple[str, list[str]]], tokens: int) -> dict[str, list[float]]:
    parts = library._parts
    found = Collapse(library.search)
    widened = Widen(found, parts.catalog.hits, parts.catalog.texts_of, parts.embedder.count, tokens)
    shares: dict[str, list[float]] = {"alone": [], "widened 8": [], "widened 4": []}
    for text, answers in asked:
        query = Query(text, limit=MOST)
        alone = _packed(found(query), parts.embedder.count, tokens)
        wide = {
            f"widened {n}": [hit.passage.text for hit in widened(replace(query, limit=n))] for n in (4, 8)
        }
        for way, shown in {"alone": alone, **wide}.items():
            have = set(analyse(" ".join(shown)))
            shares[way].append(max(_share(set(analyse(one)), have) for one in answers))
    return shares


def _packed(hits: list[Hit], count: Callable[[list[str]], list[int]], tokens: int) -> list[str]:
    """Return the texts of the first hits that fit."""
    texts = [hit.passage.text for hit in hits]
    return [text for text, total in zip(texts, accumulate(count(texts)), strict=True) if total <= tokens]


def _share(wanted: set[str], have: set[str]) -> float:
    return len(wanted & have) / len(wanted) if wanted else 1.0


if __name__ == "__main__":
    main()
