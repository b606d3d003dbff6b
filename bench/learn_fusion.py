"""Would a learned ranker order better than hybrid search? Leave-one-set-out; see docs/decisions/0008-learned-fusion.md.

    python -m bench.learn_fusion --data DATA [--sets ray_docs ...] [--work .bench/retrieval]

On what `bench/retrieval.py` keeps of every question. Each row is fitted on all sets but the one it is judged on: one
weight (word pairs, votes of sections) by a grid over nDCG@10, a linear ranker over all features by a softmax over
documents, each set counting the same; and LambdaMART, where lightgbm is installed. Prints nDCG@10 by document minus
that of fused ranks and scores without word pairs, what was the default before.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from bench.retrieval import MOST_QUERIES, SETS, Found, collect, given, ndcg
from citewell.catalog import Catalog
from citewell.evaluate import load
from citewell.index.lexical import words
from citewell.model import Passage, Query
from citewell.retrieve import Candidate, Fuse, Pool
from citewell.retrieve.constants import DEPTH, PAIR_DEPTH, WEIGHTS

FEATURES = (
    "default", "dense", "keyword", "dense pooled", "keyword pooled", "1/dense", "1/keyword", "both", "coverage",
    "heading", "pairs", "window", "length", "document", "section", "dense × coverage", "default × pairs",
)  # fmt: skip
GRID = tuple(step / 10 for step in range(-10, 11))
STRENGTH = 0.01
Array = Any
Judge = Callable[[Array], Array]


@dataclass(frozen=True)
class Question:
    """Its candidates in the order of the fused ranking: features, documents; and the gold."""

    features: Array
    documents: list[str]
    gold: Mapping[str, int]

    def ndcg(self, scores: Array) -> float:
        order = np.argsort(-scores, kind="stable")
        return ndcg(list(dict.fromkeys(self.documents[at] for at in order)), dict(self.gold))


def questions(data: Path, name: str, work: Path) -> Iterator[tuple[Question, float]]:
    """Yield each judged question, and the nDCG@10 of plain RRF (k = 60)."""
    found = collect(data, name, work)
    catalog = Catalog(work / name / "catalog.db")
    rarity = rarities(catalog)
    dataset = load(data / name)
    texts = [text for one, text in list(dataset.queries.items())[:MOST_QUERIES] if dataset.qrels.get(one)]
    for text, one in zip(texts, found, strict=True):
        dense, keyword = given("dense", one.dense[:DEPTH]), given("keyword", one.keyword[:DEPTH])
        fused = Fuse((Pool(dense), Pool(keyword)), WEIGHTS, DEPTH)(Query("", limit=DEPTH))
        plain = Fuse((dense, keyword), WEIGHTS, DEPTH, 60, 0.0)(Query("", limit=DEPTH))
        known = {key: passage for key, (passage, _) in catalog.hits([each.id for each in fused]).items()}
        fused = [each for each in fused if each.id in known]
        names = list(dict.fromkeys(one.documents[each.id] for each in plain if each.id in known))
        documents = [one.documents[each.id] for each in fused]
        yield (
            Question(features(text, fused, known, one, rarity), documents, one.gold),
            ndcg(names, one.gold),
        )


def rarities(catalog: Catalog) -> Callable[[str], float]:
    """Return BM25's IDF of a term over the passages of a library."""
    count, holding = 0, Counter[str]()
    for version in catalog.current():
        for _, passage, _ in catalog.points(version):
            count += 1
            holding.update(set(words(f"{passage.heading} {passage.text}")))
    return lambda term: math.log(1 + (count - holding[term] + 0.5) / (holding[term] + 0.5))


def features(
    text: str,
    fused: Sequence[Candidate],
    known: Mapping[str, Passage],
    found: Found,
    rarity: Callable[[str], float],
) -> Array:
    """Return candidates × FEATURES; most are 0 to 1."""
    asked = {term: rarity(term) for term in words(text)}
    pairs = {pair for pair in pairwise(words(text)) if pair[0] != pair[1]}
    ids = [one.id for one in fused]
    default = np.array([one.score for one in fused])
    dense, keyword = scaled(ids, found.dense[:DEPTH]), scaled(ids, found.keyword[:DEPTH])
    documents = [known[one].document_id for one in ids]
    sections = [f"{known[one].document_id} {known[one].heading}" for one in ids]
    own = [words(known[one].text) for one in ids]
    headings = [set(words(known[one].heading)) for one in ids]
    covered = np.array(
        [share(asked, {*terms, *heading}) for terms, heading in zip(own, headings, strict=True)]
    )
    paired = np.array([len(pairs & set(pairwise(terms))) / max(1, len(pairs)) for terms in own])
    columns = (
        default, dense, keyword, *(staged(fused, name) for name in ("dense pooled", "keyword pooled")),
        *(inverse(fused, name) for name in ("dense", "keyword")), (dense > 0) & (keyword > 0), covered,
        [share(asked, heading) for heading in headings], paired, [window(terms, asked) for terms in own],
        [math.log((len(terms) + 5) / 100) for terms in own], votes(dense + keyword, documents),
        votes(dense + keyword, sections), dense * covered, default * paired,
    )  # fmt: skip
    return np.column_stack([np.asarray(column, float) for column in columns])


def scaled(ids: Sequence[str], ranked: Sequence[tuple[str, float]]) -> Array:
    """Return each candidate's score in a ranking, the best having 1, the last and the absent 0."""
    scores = dict(ranked)
    low, high = min(scores.values(), default=0.0), max(scores.values(), default=0.0)
    return np.array([(scores.get(one, low) - low) / ((high - low) or 1.0) for one in ids])


def staged(fused: Sequence[Candidate], name: str) -> Array:
    ranked = [(one.id, stage.score) for one in fused for stage in one.stages if stage.name == name]
    return scaled([one.id for one in fused], ranked)


def inverse(fused: Sequence[Candidate], name: str) -> list[float]:
    ranks = [{stage.name: stage.rank for stage in one.stages} for one in fused]
    return [21 / (20 + one[name]) if name in one else 0.0 for one in ranks]


def share(asked: Mapping[str, float], held: set[str]) -> float:
    """Return how much of the question's IDF is held."""
    return sum(weight for term, weight in asked.items() if term in held) / (sum(asked.values()) or 1.0)


def window(terms: Sequence[str], asked: Mapping[str, float]) -> float:
    """Return how dense the shortest stretch with all asked terms that a passage has is, times their share."""
    places = [(at, term) for at, term in enumerate(terms) if term in asked]
    need = len({term for _, term in places})
    if need < 2:
        return 0.0
    count, first, best = Counter[str](), 0, len(terms)
    for at, term in places:
        count[term] += 1
        while len(count) == need:
            start, oldest = places[first]
            best = min(best, at - start + 1)
            count[oldest] -= 1
            count += Counter()  # drops what has none left
            first += 1
    return need / best * need / len(asked)


def votes(scores: Array, groups: Sequence[str]) -> list[float]:
    """Return the mean of the best three scores of each candidate's group, the largest score being 1."""
    found: dict[str, list[float]] = defaultdict(list)
    for score, group in sorted(zip(scores, groups, strict=True), reverse=True):
        found[group].append(score)
    return [sum(found[group][:3]) / 3 / (max(scores) or 1.0) for group in groups]


def one_weight(
    name: str, times: bool, signs: Sequence[float] = GRID
) -> Callable[[Sequence[list[Question]]], Judge]:
    """Return what fits default + weight × feature (× default), over the best PAIR_DEPTH, to the mean nDCG@10."""
    column = FEATURES.index(name)

    def judge(weight: float) -> Judge:
        def scores(x: Array) -> Array:
            change = weight * x[:, column] * (x[:, 0] if times else 1.0)
            change[PAIR_DEPTH:] = -9.0 if weight < 0 else 0.0
            return x[:, 0] + change

        return scores

    def fit(sets: Sequence[list[Question]]) -> Judge:
        return judge(max(signs, key=lambda weight: (mean_ndcg(sets, judge(weight)), -abs(weight))))

    return fit


def mean_ndcg(sets: Sequence[list[Question]], judge: Judge) -> float:
    return float(np.mean([np.mean([one.ndcg(judge(one.features)) for one in some]) for some in sets]))


def linear(sets: Sequence[list[Question]]) -> Judge:
    """Fit weights by a softmax over documents, each of which has its best passage's score (ListNet's loss)."""
    from scipy.optimize import minimize

    usable = [[one for one in some if gains(one).sum()] for some in sets]
    rows = np.vstack([one.features for some in usable for one in some])
    middle, spread = rows.mean(0), rows.std(0) + 1e-9
    cases = [
        ((one.features - middle) / spread, places(one), gains(one), 1 / len(some) / len(usable))
        for some in usable
        for one in some
    ]

    def loss(weights: Array) -> tuple[float, Array]:
        total, slope = STRENGTH * (weights[1:] ** 2).sum(), 2 * STRENGTH * np.r_[0.0, weights[1:]]
        for x, where, gain, importance in cases:
            scores = x @ weights
            best = np.array([at[np.argmax(scores[at])] for at in where])
            odds = np.exp(scores[best] - scores[best].max())
            odds /= odds.sum()
            total -= importance * float(gain @ np.log(odds + 1e-12))
            slope += importance * ((odds - gain) @ x[best])
        return total, slope

    fitted = minimize(loss, np.eye(len(FEATURES))[0], jac=True, method="L-BFGS-B", options={"maxiter": 40}).x
    return lambda x: (x - middle) / spread @ fitted


def places(one: Question) -> list[Array]:
    """Return the candidates of each document."""
    names = np.array(one.documents)
    return [np.flatnonzero(names == name) for name in dict.fromkeys(one.documents)]


def gains(one: Question) -> Array:
    """Return each found document's share of the gold's grades; all 0 when none is found."""
    grades = np.array([max(0, one.gold.get(name, 0)) for name in dict.fromkeys(one.documents)], float)
    return grades / (grades.sum() or 1.0)


def boosted(sets: Sequence[list[Question]]) -> Judge:
    """Fit LambdaMART (Burges 2010) on each document's best passage."""
    import lightgbm

    first = [[[at[0] for at in places(one)] for one in some] for some in sets]
    cases = [
        (one, at) for some, ats in zip(sets, first, strict=True) for one, at in zip(some, ats, strict=True)
    ]
    grades = [min(4, max(0, one.gold.get(one.documents[n], 0))) for one, at in cases for n in at]
    weight = [1000 / len(some) for some, ats in zip(sets, first, strict=True) for at in ats for _ in at]
    table = lightgbm.Dataset(
        np.vstack([one.features[at] for one, at in cases]),
        grades,
        group=[len(at) for _, at in cases],
        weight=weight,
    )
    settings = {
        "objective": "lambdarank", "num_leaves": 4, "learning_rate": 0.05, "min_data_in_leaf": 100, "max_bin": 63,
        "feature_fraction": 0.6, "lambda_l2": 5, "seed": 0, "verbose": -1, "num_threads": 1,
    }  # fmt: skip
    model = lightgbm.train(settings, table, 80)
    return lambda x: np.asarray(model.predict(x))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--work", type=Path, default=Path(".bench/retrieval"))
    chosen = parser.parse_args()
    asked = {name: list(questions(chosen.data, name, chosen.work)) for name in chosen.sets}
    sets = {name: [one for one, _ in some] for name, some in asked.items()}
    before = {name: np.array([one.ndcg(one.features[:, 0]) for one in some]) for name, some in sets.items()}
    print(f"{'':<22}", *(f"{name[:11]:>11}" for name in sets))
    say(
        "plain RRF",
        {name: np.array([plain for _, plain in some]) - before[name] for name, some in asked.items()},
    )
    rows = {
        "word pairs": one_weight("pairs", times=True),
        "votes of sections": one_weight("section", times=True, signs=GRID[10:]),
        "the same, either sign": one_weight("section", times=True),
        "linear": linear,
    } | ({"LambdaMART": boosted} if importlib.util.find_spec("lightgbm") else {})
    for label, fit in rows.items():
        gained = {}
        for name, some in sets.items():
            judge = fit([other for one, other in sets.items() if one != name])
            gained[name] = np.array([one.ndcg(judge(one.features)) for one in some]) - before[name]
        say(label, gained)


def say(label: str, gained: Mapping[str, Array]) -> None:
    """Print a row: each set's mean, theirs, and its 95 % interval (bootstrap over the questions of each set)."""
    random = np.random.default_rng(0)
    draws = [one[random.integers(0, len(one), (2000, len(one)))].mean(1) for one in gained.values()]
    low, high = np.percentile(np.mean(draws, axis=0), (2.5, 97.5))
    means = [float(one.mean()) for one in gained.values()]
    cells = " ".join(f"{mean:>+11.4f}" for mean in means)
    print(f"{label:<22} {cells}  mean {np.mean(means):+.4f} ({low:+.4f} to {high:+.4f})", flush=True)


if __name__ == "__main__":
    main()
