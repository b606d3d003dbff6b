"""Every way to search × every set, to docs/techniques.md.

    python -m bench.techniques --data DATA [--sets ray_docs ...] [--questions 150] [--work .bench/retrieval]

Runs on the libraries that `bench/retrieval.py` makes, and makes those that are missing.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.retrieval import SETS, collect
from citewell.assemble import assemble, retrievers
from citewell.evaluate import Dataset, Report, ingest, load, report, run
from citewell.evaluate.experiment import pages
from citewell.library import Library
from citewell.model import Query
from citewell.protocols import Retriever
from citewell.retrieve import Dense, Fuse, Join, Lexical, Pool
from citewell.retrieve.constants import BALANCE, DEPTH, RRF_K
from citewell.settings import Config, EmbedConfig, SearchConfig

ROOT = Path(__file__).resolve().parents[1]
HEAD = """# Techniques, measured

Written by `{command}`: do not edit.

Documents are ranked by their best passage; 100 passages a question; the first {questions} judged questions of each
set; 95 % intervals are bootstrap (BCa) over questions. ms is the median of a whole search, one at a time. "default" is
`mode = "hybrid"` as it ships; the rows below it add one setting each. `late_interaction` embeds 50 passages for each
question, so it is measured on the first {late} only: compare it with the default's row of as many. Rows with something
"indexed" are of a second library of the same set.
"""


@dataclass(frozen=True)
class Technique:
    """A row: its name, what makes it of a library, and how many questions it may take."""

    name: str
    make: Callable[[Library], Retriever]
    questions: int = 10_000


@dataclass(frozen=True)
class Indexing:
    """A way to index: its name, the setting that asks for it, and the rows to measure on a library made with it."""

    name: str
    embed: EmbedConfig
    rows: tuple[Technique, ...]


def configured(**search: object) -> Callable[[Library], Retriever]:
    """Return what makes the retriever of a configuration."""
    config = SearchConfig(**search)  # type: ignore[arg-type]

    def make(library: Library) -> Retriever:
        parts = library._parts
        return retrievers(parts.index, parts.embedder, parts.catalog, config)[config.mode]

    return make


def fused(votes: bool, balance: float, k: float) -> Callable[[Library], Retriever]:
    def make(library: Library) -> Retriever:
        parts = library._parts
        legs = (Dense(parts.index, parts.embedder), Lexical(parts.index))
        pooled = tuple(Pool(leg) for leg in legs) if votes else legs
        return Join(Fuse(pooled, (1.0, 1.0), DEPTH, k, balance), parts.catalog.hits)

    return make


def techniques(late: int) -> list[Technique]:
    """Return the rows, in the order of the table."""
    return [
        Technique("tfidf", configured(mode="tfidf")),
        Technique("keyword (BM25)", configured(mode="keyword")),
        Technique("dense", configured(mode="dense")),
        Technique("plain RRF, k = 60", fused(False, 0.0, 60)),
        Technique("+ documents vote", fused(True, 0.0, 20)),
        Technique("+ ranks and scores", fused(True, BALANCE, RRF_K)),
        Technique("default: + word pairs", configured()),
        Technique("+ feedback (RM3)", configured(feedback=True)),
        Technique("+ diversity 0.3 (MMR)", configured(diversity=0.3)),
        Technique(f"default, first {late}", configured(), late),
        Technique(f"+ late_interaction, first {late}", configured(late_interaction=True), late),
    ]


def indexings() -> list[Indexing]:
    """Return the ways to index that are measured, each on a library of its own."""
    rows = (
        Technique("dense, + sentences indexed", configured(mode="dense")),
        Technique("default, + sentences indexed", configured()),
    )
    return [Indexing("sentences", EmbedConfig(sentences=True), rows)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--questions", type=int, default=150)
    parser.add_argument("--late", type=int, default=10)
    parser.add_argument("--indexings", nargs="*", default=[one.name for one in indexings()])
    parser.add_argument("--work", type=Path, default=Path(".bench/retrieval"))
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "techniques.md")
    chosen = parser.parse_args()
    command = f"python -m bench.techniques --data DATA --sets {' '.join(chosen.sets)}"
    parts = [HEAD.format(command=command, questions=chosen.questions, late=chosen.late)]
    for name in chosen.sets:
        collect(chosen.data, name, chosen.work)
        config = Config()
        config = replace(config, library=replace(config.library, path=chosen.work / name))
        with assemble(config) as library:
            rows = list(
                measured(library, load(chosen.data / name), chosen.questions, techniques(chosen.late))
            )
            size = sum(file.stat().st_size for file in (chosen.work / name).rglob("*") if file.is_file())
            passages = library.status()["passages"]
        said = f"{passages:,} passages, {size / 1e6:.0f} MB on disk"
        for one in indexings():
            if one.name in chosen.indexings:
                with made(chosen.data, name, chosen.work / f"{name}+{one.name}", one.embed) as library:
                    rows += measured(library, load(chosen.data / name), chosen.questions, list(one.rows))
                    said += f"; {library._parts.index.count():,} points with {one.name}"
        parts.append(f"## {name}\n\n{said}.\n\n{table(rows)}")
        chosen.out.write_text("\n".join(parts), encoding="utf-8")
        print(parts[-1], flush=True)


@contextmanager
def made(data: Path, name: str, folder: Path, embed: EmbedConfig) -> Iterator[Library]:
    """Open a library of a set, indexed in another way; what is there already costs nothing."""
    config = Config()
    config = replace(config, library=replace(config.library, path=folder), embed=embed)
    with assemble(config, create=True) as library:
        ingest(library, load(data / name))
        library.optimize()
        yield library


def measured(library: Library, dataset: Dataset, most: int, rows: list[Technique]) -> Iterator[Report]:
    for one in rows:
        kept = dataset.judged()[: min(most, one.questions)]
        some = replace(dataset, qrels={query: dataset.qrels[query] for query in kept})
        search = one.make(library)
        yield report(
            run(lambda text, search=search: pages(search(Query(text, limit=100))), some, one.name), some
        )


def table(rows: list[Report]) -> str:
    lines = ["| technique | nDCG@10 | hit@5 | recall@20 | ms |", "|---|---|---|---|---|"]
    for one in rows:
        cells = [
            f"{m.mean:.3f} ({m.low:.3f}–{m.high:.3f})"
            for m in map(one.measures.get, ("nDCG@10", "hit@5", "recall@20"))
            if m
        ]
        lines.append(f"| {one.name} | {' | '.join(cells)} | {one.latency.p50:.1f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
