"""How near are the tokens of a quote? `python -m bench.tokens --data DATA`; needs tiktoken and its files.

Prints, for each set and for this project's own source, the error of `cost.tokens.expected` against two real tokenizers,
over texts of 800 characters: of the whole set, which is what a quote is about, and of single texts (90th centile).
The weights were fitted to the same counts by non-negative least squares, each set weighing the same.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from citewell.cost.tokens import expected

SETS = ("clapnq_dev", "cranfield", "mtrag_un", "ray_docs", "scifact", "squad2_mini", "xquad_en")
MODELS = {"cl100k_base": "text-embedding-3-small", "o200k_base": "gpt-4o"}
SIZE, MOST = 800, 3000


def texts(path: Path) -> Iterator[str]:
    whole = [json.loads(line)["text"] for line in path.read_text("utf-8").splitlines()]
    yield from (text[at : at + SIZE] for text in whole for at in range(0, len(text), SIZE))


def source() -> Iterator[str]:
    for path in sorted(Path(__file__).parents[1].joinpath("src").rglob("*.py")):
        text = path.read_text("utf-8")
        yield from (text[at : at + SIZE] for at in range(0, len(text), SIZE))


def main() -> None:
    """Measure and print."""
    import tiktoken

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    sets = {name: list(texts(data / name / "corpus.jsonl"))[:MOST] for name in SETS} | {
        "code": list(source())
    }
    print("| set | " + " | ".join(f"{name}, all | 90 % of texts" for name in MODELS) + " |")
    print("|---" * (1 + 2 * len(MODELS)) + "|")
    for name, listed in sets.items():
        cells = [cell for encoding in MODELS for cell in errors(tiktoken.get_encoding(encoding), listed)]
        print(f"| {name} | " + " | ".join(cells) + " |")


def errors(encoding: Any, listed: list[str]) -> tuple[str, str]:
    """Return the error over all texts, and what nine of ten texts stay within."""
    counted = [len(encoding.encode(text, disallowed_special=())) for text in listed]
    guessed = [expected(text, MODELS[encoding.name]) for text in listed]
    pairs = zip(guessed, counted, strict=True)
    each = sorted(abs(guess / count - 1) for guess, count in pairs if count)
    return f"{sum(guessed) / sum(counted) - 1:+.1%}", f"{each[int(0.9 * len(each))]:.1%}"


if __name__ == "__main__":
    main()
