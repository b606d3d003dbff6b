"""Other vectors that lead to a passage: which are worth storing? Measured before they are built.

    python -m bench.representations --data DATA [--sets squad2_mini ...] [--questions 150] [--work .bench/retrieval]

Prints nDCG@10, hit@5 and recall@20 by document, of dense search and of hybrid as it ships. Dense search is exact here.
Runs on the libraries that `bench/retrieval.py` makes. What came of it: docs/decisions/0010-indexing-techniques.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.retrieval import SETS, collect, given, metrics, pages
from citewell.answer.sentences import sentences as spans
from citewell.assemble import assemble
from citewell.evaluate import load
from citewell.library import Library
from citewell.model import Passage, Query
from citewell.providers.minilm import MiniLM
from citewell.represent import sentences
from citewell.retrieve import Candidate, Fuse, Lexical, Pool
from citewell.retrieve.constants import DEPTH, WEIGHTS
from citewell.settings import Config
from citewell.split import split
from citewell.split.prefix import prefix

if TYPE_CHECKING:
    from citewell.model import Matrix, Vector

SMALL, WINDOW = 100, 250
"""Tokens of the passages of late chunking, and of the text that is embedded in one pass."""


@dataclass(frozen=True)
class Shelf:
    """All passages of a library in order of document, the vector and the title of each, and every sentence of each."""

    passages: list[Passage]
    titles: list[str]
    vectors: Matrix
    texts: list[str]
    of: Vector  # the row in `passages` of each sentence
    sentences: Matrix


@dataclass(frozen=True)
class Also:
    """Further vectors, and for each the row of the passage that it leads to."""

    vectors: Matrix
    rows: Vector


def embed(embedder: MiniLM, texts: Sequence[str]) -> Matrix:
    once = list(dict.fromkeys(texts))
    matrix = np.vstack(
        [embedder.embed(once[at : at + 256], kind="passage") for at in range(0, len(once), 256)]
    )
    row = {text: at for at, text in enumerate(once)}
    return matrix[[row[text] for text in texts]]


def shelf(library: Library, embedder: MiniLM) -> Shelf:
    catalog = library._parts.catalog
    rows = [row for version in catalog.current() for row in catalog.points(version)]
    pairs = [(row, text) for row, (_, passage, _) in enumerate(rows) for text in sentences(passage.text)]
    return Shelf(
        [passage for _, passage, _ in rows],
        [entry.title for entry, _, _ in rows],
        np.array([vector for _, _, vector in rows]),
        [text for _, text in pairs],
        np.array([row for row, _ in pairs]),
        embed(embedder, [text for _, text in pairs]),
    )


def first(one: Shelf) -> Also:
    rows, at = np.unique(one.of, return_index=True)
    return Also(one.sentences[at], rows)


def central(one: Shelf) -> Also:
    """The sentence of each passage that is nearest to the mean of its sentences."""
    chosen = []
    for row in np.unique(one.of):
        mine = np.flatnonzero(one.of == row)
        chosen.append(mine[int(np.argmax(one.sentences[mine] @ one.sentences[mine].mean(0)))])
    return Also(one.sentences[chosen], one.of[chosen])


def headings(one: Shelf, embedder: MiniLM) -> Also:
    pairs = zip(one.titles, one.passages, strict=True)
    texts = [prefix(title, passage.heading) or passage.document_id for title, passage in pairs]
    return Also(embed(embedder, texts), np.arange(len(texts)))


def tree(one: Shelf, embedder: MiniLM, size: int, whole: bool) -> Also:
    """Clusters of about `size` passages, of a document or of the whole library; each is summed up by the four sentences
    nearest its mean, and leads to all its passages. One level of RAPTOR (Sarthi et al., ICLR 2024), extractive."""
    texts, leaves = [], []
    for _, group in groupby(
        range(len(one.passages)), lambda row: not whole and one.passages[row].document_id
    ):
        rows = np.array(list(group))
        for cluster in clusters(one.vectors[rows], max(1, round(len(rows) / size))):
            mine = np.flatnonzero(np.isin(one.of, rows[cluster]))
            if len(cluster) > 1 and len(mine):
                best = np.argsort(-(one.sentences[mine] @ one.sentences[mine].mean(0)))[:4]
                texts.append(" ".join(one.texts[at] for at in sorted(mine[best])))
                leaves.append(rows[cluster])
    vectors = embed(embedder, texts) if texts else one.vectors[:0]
    repeats = [len(some) for some in leaves]
    return Also(np.repeat(vectors, repeats, 0), np.concatenate(leaves) if leaves else np.zeros(0, int))


def clusters(vectors: Matrix, k: int) -> Iterator[Vector]:
    """Yield the rows of each of `k` clusters (spherical k-means, 12 rounds)."""
    centres = vectors[np.random.default_rng(1).choice(len(vectors), k, replace=False)]
    nearest = np.zeros(len(vectors), int)
    for _ in range(12 if k > 1 else 0):
        nearest = np.argmax(vectors @ centres.T, 1)
        for at in range(k):
            if (nearest == at).any():
                mean = vectors[nearest == at].mean(0)
                centres[at] = mean / np.linalg.norm(mean)
    yield from (np.flatnonzero(nearest == at) for at in range(k))


def late_sentences(one: Shelf, embedder: MiniLM) -> Also:
    """Each sentence as the mean of its own tokens' vectors in its whole passage: no pass of its own."""
    vectors, rows = [], []
    for row, (title, passage) in enumerate(zip(one.titles, one.passages, strict=True)):
        text = embedded(title, passage.heading, passage.text)
        at = len(text) - len(passage.text)
        mine = [(at + start, at + end) for start, end in spans(passage.text)]
        vectors += pooled(embedder, text, mine)
        rows += [row] * len(mine)
    return Also(np.array(vectors), np.array(rows))


def pooled(embedder: MiniLM, text: str, of: Sequence[tuple[int, int]]) -> list[Vector]:
    """Late chunking (Günther et al., 2024): the mean of the token vectors inside each span of a text."""
    encoding = embedder._tokenizer.encode(text)
    hidden = embedder._layers.run(None, {"input_ids": np.array([encoding.ids], np.int64)})[0][0]
    starts, ends = np.array(encoding.offsets).T
    means = []
    for start, end in of:
        inside = (ends > start) & (starts < end) & (ends > starts)
        mean = hidden[inside if inside.any() else slice(None)].mean(0)
        means.append(mean / np.linalg.norm(mean))
    return means


def embedded(title: str, heading: str, text: str) -> str:
    front = prefix(title, heading)
    return f"{front}\n{text}" if front else text


def small(library: Library, embedder: MiniLM) -> tuple[list[str], Matrix, Matrix]:
    """Split at SMALL tokens; return each passage's document, its vector alone, and by late chunking."""
    documents, texts, late = [], [], []
    for entry in library.list(limit=10_000):
        document = library.get(entry.id)[1]
        window: list[tuple[int, int]] = []
        for span in split(document, count=embedder.count, tokens=SMALL):
            documents.append(entry.id)
            texts.append(embedded(entry.title, span.heading, document.text[span.start : span.end]))
            whole = document.text[window[0][0] : span.end] if window else ""
            if embedder.count([embedded(entry.title, "", whole)])[0] > WINDOW:
                late += of_window(embedder, entry.title, document.text, window)
                window = []
            window.append((span.start, span.end))
        late += of_window(embedder, entry.title, document.text, window) if window else []
    return documents, embed(embedder, texts), np.array(late)


def of_window(embedder: MiniLM, title: str, text: str, window: list[tuple[int, int]]) -> list[Vector]:
    start, end = window[0][0], window[-1][1]
    whole = embedded(title, "", text[start:end])
    moved = len(whole) - (end - start) - start
    return pooled(embedder, whole, [(a + moved, b + moved) for a, b in window])


def scores(own: Vector, also: Also, asked: Vector, lift: float) -> Vector:
    """Lift each passage's score by a share of what its best further vector is better."""
    best = own.copy()
    np.maximum.at(best, also.rows, also.vectors @ asked)
    return own + lift * (best - own)


def top(found: Vector) -> list[int]:
    return [int(row) for row in np.argsort(-found, kind="stable")[:DEPTH]]


def measured(data: Path, name: str, work: Path, most: int) -> None:
    """Print the table of one set."""
    collect(data, name, work)
    config = Config()
    config = replace(config, library=replace(config.library, path=work / name))
    embedder, dataset = MiniLM(), load(data / name)
    asked = dataset.judged()[:most]
    questions = embedder.embed([dataset.queries[one] for one in asked], kind="query")
    with assemble(config) as library:
        one = shelf(library, embedder)
        words = Lexical(library._parts.index)
        keyword = [
            [(c.id, c.score) for c in words(Query(dataset.queries[question], limit=DEPTH))]
            for question in asked
        ]
        gold = [dataset.qrels[question] for question in asked]
        documents = {passage.id: passage.document_id for passage in one.passages}
        ids = [passage.id for passage in one.passages]

        def show(label: str, dense: Callable[[Vector], Vector]) -> None:
            rows = []
            for question, found, judged in zip(questions, keyword, gold, strict=True):
                score = dense(question)
                best = [(ids[row], float(score[row])) for row in top(score)]
                legs = (Pool(given("dense", best)), Pool(given("keyword", found)))
                fused = Fuse(legs, WEIGHTS, DEPTH)(Query("", limit=DEPTH))
                alone = [Candidate(row, value, ()) for row, value in best]
                rows.append([metrics(pages(ranked, documents), judged) for ranked in (alone, fused)])
            printed(label, np.mean(rows, 0))

        print(f"## {name}: {len(ids)} passages, {len(one.texts)} sentences, {len(asked)} questions")
        show("as shipped", lambda asked: one.vectors @ asked)
        for label, also in variants(one, embedder):
            for lift in (1.0, 0.5):
                show(f"{label}, lift {lift}", lambda q, a=also, s=lift: scores(one.vectors @ q, a, q, s))
        pages_of, alone, late = small(library, embedder)
        for label, matrix in ((f"passages of {SMALL} tokens", alone), ("the same, late chunking", late)):
            ranked = [list(dict.fromkeys(pages_of[row] for row in top(matrix @ q))) for q in questions]
            found = [metrics(pages, judged) for pages, judged in zip(ranked, gold, strict=True)]
            printed(label, np.mean([found], 1))


def variants(one: Shelf, embedder: MiniLM) -> Iterator[tuple[str, Also]]:
    yield "sentences", Also(one.sentences, one.of)
    yield "sentences, pooled in the passage", late_sentences(one, embedder)
    yield "first sentence", first(one)
    yield "central sentence", central(one)
    yield "title and headings", headings(one, embedder)
    for size in (4, 8):
        yield f"tree in a document, {size}", tree(one, embedder, size, whole=False)
        yield f"tree over all, {size}", tree(one, embedder, size, whole=True)


def printed(label: str, table: Matrix) -> None:
    print(
        f"| {label} | {' | '.join(' / '.join(f'{value:.3f}' for value in row) for row in table)} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--questions", type=int, default=150)
    parser.add_argument("--work", type=Path, default=Path(".bench/retrieval"))
    chosen = parser.parse_args()
    for name in chosen.sets:
        measured(chosen.data, name, chosen.work, chosen.questions)


if __name__ == "__main__":
    main()
