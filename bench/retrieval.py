"""Choose the numbers in src/citewell/retrieve/constants.py: a grid over every set, judged leave-one-set-out.

    python bench/retrieval.py --data DATA [--sets scifact ray_docs ...] [--work .bench/retrieval]

Each set is ingested once; what the dense and the keyword ranker find is kept, and fusions are compared on that.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from citewell.assemble import assemble
from citewell.evaluate import ingest, load
from citewell.model import Query, Stage
from citewell.retrieve import Candidate, Dense, Fuse, Lexical, Pool
from citewell.retrieve.constants import DEPTH
from citewell.settings import Config

SETS = ("ray_docs", "scifact", "cranfield", "xquad_en", "clapnq_dev", "squad2_mini", "mtrag_un")
MOST_QUERIES = 400


@dataclass(frozen=True)
class Found:
    """One question: what each ranker found, which document each passage is of, and the gold."""

    dense: list[tuple[str, float]]
    keyword: list[tuple[str, float]]
    documents: dict[str, str]
    gold: dict[str, int]


def collect(data: Path, name: str, work: Path) -> list[Found]:
    """Ingest a set (once) and run both rankers over its questions (once)."""
    kept = work / f"{name}.json"
    if not kept.exists():
        config = Config()
        config = replace(config, library=replace(config.library, path=str(work / name)))
        with assemble(config, create=True) as library:
            dataset = load(data / name)
            ingest(library, dataset)  # what is there already costs nothing
            library.optimize()
            parts = library._parts
            rows = []
            for identity, text in list(dataset.queries.items())[:MOST_QUERIES]:
                gold = dataset.qrels.get(identity)
                if not gold:
                    continue
                query = Query(text, limit=200)
                dense = [(c.id, c.score) for c in Dense(parts.index, parts.embedder)(query)]
                keyword = [(c.id, c.score) for c in Lexical(parts.index)(query)]
                hits = parts.catalog.hits(list({one for one, _ in dense + keyword}))
                documents = {one: passage.document_id for one, (passage, _) in hits.items()}
                rows.append({"dense": dense, "keyword": keyword, "documents": documents, "gold": gold})
        kept.write_text(json.dumps(rows))
    return [Found(**row) for row in json.loads(kept.read_text())]


def ndcg(pages: list[str], gold: dict[str, int]) -> float:
    """nDCG@10 (Järvelin & Kekäläinen 2002) for the search loop; what is reported comes from ir_measures."""
    gain = sum(gold.get(page, 0) / math.log2(rank + 2) for rank, page in enumerate(pages[:10]))
    ideal = sum(g / math.log2(rank + 2) for rank, g in enumerate(sorted(gold.values(), reverse=True)[:10]))
    return gain / ideal if ideal else 0.0


def pages(ranked: list[Candidate], documents: dict[str, str]) -> list[str]:
    return list(dict.fromkeys(documents[c.id] for c in ranked if c.id in documents))


def given(name: str, scored: list[tuple[str, float]]) -> Callable[[Query], list[Candidate]]:
    candidates = [Candidate(i, s, (Stage(name, r, s),)) for r, (i, s) in enumerate(scored, 1)]
    return lambda query: candidates[: query.limit]


def metrics(ranked: list[str], gold: dict[str, int]) -> tuple[float, float, float]:
    """nDCG@10, hit@5 and recall@20 of pages, best first."""
    relevant = {page for page, gain in gold.items() if gain > 0}
    hit = bool(relevant & set(ranked[:5]))
    return ndcg(ranked, gold), float(hit), len(relevant & set(ranked[:20])) / max(1, len(relevant))


def score(found: list[Found], setting: dict[str, float]) -> tuple[float, float, float]:
    """Mean nDCG@10, hit@5 and recall@20 by document."""
    totals = [0.0, 0.0, 0.0]
    for one in found:
        legs = [given("dense", one.dense), given("keyword", one.keyword)]
        if setting["share"]:
            legs = [Pool(leg, int(setting["top"]), setting["share"]) for leg in legs]
        fuse = Fuse(tuple(legs), (1.0, setting["weight"]), DEPTH, setting["k"], setting["balance"])
        ranked = pages(fuse(Query("", limit=100)), one.documents)
        totals = [total + value for total, value in zip(totals, metrics(ranked, one.gold), strict=True)]
    return tuple(total / len(found) for total in totals)  # type: ignore[return-value]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--work", type=Path, default=Path(".bench/retrieval"))
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    sets = {name: collect(arguments.data, name, arguments.work) for name in arguments.sets}
    grid = [
        dict(zip(("k", "balance", "weight", "top", "share"), values, strict=True))
        for values in itertools.product((20, 60), (0.0, 0.5, 1.0), (1.0, 1.15), (3, 5), (0.0, 1.0, 1.5, 2.0))
    ]
    results = {name: [score(found, setting) for setting in grid] for name, found in sets.items()}
    plain = {
        name: score(found, {"k": 60, "balance": 0, "weight": 1, "top": 3, "share": 0})
        for name, found in sets.items()
    }
    report(grid, results, plain)


def report(
    grid: list[dict[str, float]],
    results: dict[str, list[tuple[float, ...]]],
    plain: dict[str, tuple[float, ...]],
) -> None:
    """Print the best setting on average, and for each set the one chosen on all the others."""

    def best(names: list[str]) -> int:
        return max(range(len(grid)), key=lambda i: sum(results[name][i][0] for name in names))

    overall = best(list(results))
    print("chosen on all:", grid[overall])
    print(
        f"{'set':<12} {'plain RRF':>10} {'chosen':>10} {'left out':>10}  hit@5  recall@20  setting chosen without it"
    )
    for name in results:
        out = best([other for other in results if other != name])
        chosen = results[name][overall]
        print(
            f"{name:<12} {plain[name][0]:>10.4f} {chosen[0]:>10.4f} {results[name][out][0]:>10.4f}"
            f"  {chosen[1]:.3f}  {chosen[2]:.3f}  {grid[out]}"
        )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
