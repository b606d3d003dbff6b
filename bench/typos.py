"""What a typo costs, and what looking for the nearest known word wins back: one slip in one word of each question.

    python -m bench.typos --data DATA [--sets scifact ray_docs squad2_mini] [--work .bench/retrieval]

nDCG@10 by document. A slip is drawn with a fixed seed: a letter left out, doubled, replaced, or swapped with the next.
"""

from __future__ import annotations

import argparse
import random
import time
from dataclasses import replace
from pathlib import Path
from statistics import fmean, median

from bench.retrieval import ndcg
from citewell import assemble as assembly
from citewell.evaluate import ingest, load
from citewell.index.lexical import analyse
from citewell.model import Mode, Query
from citewell.protocols import Retriever
from citewell.retrieve.typos import ASCII, PLAIN, Typos
from citewell.settings import Config

SETS = ("scifact", "ray_docs", "squad2_mini")
MODES: tuple[Mode, ...] = ("hybrid", "keyword")
LETTERS = 5


def slip(question: str, draw: random.Random) -> str:
    """Return a question with one slip in one content word of at least five letters, if it has one."""
    words = [one for one in PLAIN.finditer(question) if len(one[0]) >= LETTERS and analyse(one[0])]
    if not words:
        return question
    one = draw.choice(words)
    word, at = one[0], draw.randrange(1, len(one[0]) - 1)
    letter = draw.choice(ASCII)
    made = draw.choice((
        word[:at] + word[at + 1 :], word[:at] + letter + word[at:], word[:at] + letter + word[at + 1 :],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
    ))  # fmt: skip
    return question[: one.start()] + made + question[one.end() :]


def measure(find: Retriever, asked: list[tuple[str, dict[str, int]]], mode: Mode) -> tuple[float, float]:
    """Return nDCG@10 by document and the median milliseconds of a question."""
    scores, times = [], []
    for text, gold in asked:
        started = time.perf_counter()
        hits = find(Query(text, limit=50, mode=mode))
        times.append((time.perf_counter() - started) * 1000)
        scores.append(ndcg(list(dict.fromkeys(hit.passage.document_id for hit in hits)), gold))
    return fmean(scores), median(times)


def compare(data: Path, name: str, work: Path, most: int) -> None:
    """Print one line for each mode: clean and with a slip, without and with looking for the nearest word."""
    config = replace(Config(), library=replace(Config().library, path=str(work / name)))
    dataset, draw = load(data / name), random.Random(name)
    pairs = [(text, dataset.qrels[key]) for key, text in dataset.queries.items() if dataset.qrels.get(key)][
        :most
    ]
    slipped = [(slip(text, draw), gold) for text, gold in pairs]
    with assembly.assemble(config, create=True) as library:
        ingest(library, dataset)
        parts = library._parts
        plain = assembly.retrievers(
            parts.index, parts.embedder, parts.catalog, replace(config.search, typos=False)
        )
        for mode in MODES:
            shown = [
                measure(one[mode], asked, mode)
                for asked in (pairs, slipped)
                for one in (plain, parts.retrievers)
            ]
            typos = Typos(lambda query: [], parts.index)
            changed = sum(bool(typos.meant(Query(text))) for text, _ in pairs)
            mended = sum(bool(typos.meant(Query(text))) for text, _ in slipped)
            print(
                f"{name:<12} {mode:<8}",
                *(f"{value:.3f} ({ms:4.1f} ms)" for value, ms in shown),
                changed,
                mended,
                len(pairs),
            )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--work", type=Path, default=Path(".bench/retrieval"))
    parser.add_argument("--most", type=int, default=300)
    arguments = parser.parse_args()
    print(
        f"{'set':<12} {'mode':<8} clean: without, with; slip: without, with; questions changed: clean, slip; of"
    )
    for name in arguments.sets:
        compare(arguments.data, name, arguments.work, arguments.most)


if __name__ == "__main__":
    main()
