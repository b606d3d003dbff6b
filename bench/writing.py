"""What a chat model writes at ingest: does it help to find, and what does it take?

    python -m bench.writing --data DATA --model FILE.gguf [--articles Normans] [--kinds context questions] [--threads 2]
        [--most 0] [--work .bench/writing]

squad2_mini, its paragraphs put together again as the articles that they are from: a paragraph of an article is what
contexts and trees are for. A question's gold is its paragraph; a passage counts for the paragraph that it is most of.
Prints nDCG@10 and hit@5 without and with, the paired difference (95 % interval), and tokens and seconds a passage.
What is written is kept: run it again and no model is asked. `--most` takes the first paragraphs of each article only.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from citewell.assemble import assemble
from citewell.evaluate import load
from citewell.evaluate.bootstrap import difference
from citewell.evaluate.measures import measure
from citewell.incoming import Added, Blob, Failure
from citewell.library import Library
from citewell.model import Mode, Query
from citewell.settings import Config
from citewell.writing import KINDS

MEASURES = ("nDCG@10", "hit@5")
DEPTH = 30


@dataclass(frozen=True)
class Article:
    """Paragraphs, by id, and where each ends in the text that they make."""

    text: str
    ends: tuple[tuple[int, str], ...]

    def paragraph(self, start: int, end: int) -> str:
        middle = (start + end) // 2
        return next((one for stop, one in self.ends if middle < stop), self.ends[-1][1])


def articles(data: Path, chosen: Sequence[str], most: int) -> dict[str, Article]:
    """Return the articles by title."""
    found: dict[str, list[tuple[str, str]]] = {}
    for line in (data / "squad2_mini" / "corpus.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if not chosen or row["title"] in chosen:
            found.setdefault(row["title"], []).append((row["_id"], row["text"]))
    return {title: _article(rows[: most or None]) for title, rows in found.items()}


def _article(rows: Sequence[tuple[str, str]]) -> Article:
    ends, at = [], 0
    for one, text in rows:
        at += len(text) + 2
        ends.append((at, one))
    return Article("\n\n".join(text for _, text in rows), tuple(ends))


@contextmanager
def serving(model: Path, threads: int) -> Iterator[str]:
    """Serve a GGUF file on this machine; yields its address with /v1."""
    import xllamacpp

    settings = xllamacpp.CommonParams()
    settings.model.path = str(model)
    settings.n_ctx, settings.n_parallel = 8192, 1
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = threads
    settings.hostnames, settings.port = ["127.0.0.1"], 0
    settings.warmup, settings.verbosity = False, -1
    server = xllamacpp.Server(settings)
    yield f"{server.listening_address}/v1"
    del server


def opened(folder: Path, kind: str, url: str, name: str) -> Library:
    config = Config()
    written: dict[str, Any] = {kind: True} if kind else {}
    return assemble(
        replace(
            config,
            library=replace(config.library, path=folder),
            embed=replace(config.embed, **written),
            chat=replace(config.chat, model="openai", url=url, name=name, max_tokens=160, concurrency=1),
        ),
        create=True,
    )


def filled(library: Library, texts: dict[str, Article]) -> tuple[int, float]:
    """Take the articles in; return the number of passages and the seconds."""
    outcomes: list[Added | Failure] = []
    blobs = [Blob(f"{title}.txt", one.text.encode(), fields={"title": title}) for title, one in texts.items()]
    started = time.perf_counter()
    library.ingest(blobs, outcomes.append)
    seconds = time.perf_counter() - started
    for one in outcomes:
        if isinstance(one, Failure):
            raise SystemExit(f"{one.name}: {one.reason}; run it again, what came is kept")
    return sum(one.passages for one in outcomes if isinstance(one, Added)), seconds


def found(
    library: Library, texts: dict[str, Article], questions: dict[str, str], mode: Any
) -> dict[str, list[str]]:
    ranked = {}
    for one, question in questions.items():
        hits = library.search(Query(question, limit=DEPTH, mode=mode))
        passages = [hit.passage for hit in hits]
        ranked[one] = list(
            dict.fromkeys(
                texts[p.document_id.removesuffix(".txt")].paragraph(p.start, p.end) for p in passages
            )
        )
    return ranked


def spent(library: Library) -> tuple[int, int, int]:
    """Return the calls, and the tokens read and written."""
    from sqlalchemy import text

    query = (
        "SELECT count(*), coalesce(sum(prompt_tokens), 0), coalesce(sum(completion_tokens), 0) FROM written"
    )
    with library._parts.catalog._engine.connect() as sql:
        return tuple(sql.execute(text(query)).one())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--articles", nargs="*", default=[])
    parser.add_argument("--kinds", nargs="+", default=list(KINDS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--most", type=int, default=0)
    parser.add_argument("--work", type=Path, default=Path(".bench/writing"))
    chosen = parser.parse_args()
    texts = articles(chosen.data, chosen.articles, chosen.most)
    there = {one for article in texts.values() for _, one in article.ends}
    dataset = load(chosen.data / "squad2_mini")
    judged = [one for one in dataset.judged() if set(dataset.qrels[one]) <= there]
    questions = {one: dataset.queries[one] for one in judged}
    print(
        f"{len(texts)} articles, {len(there)} paragraphs, {len(questions)} questions, {chosen.model.stem}",
        flush=True,
    )
    before: dict[tuple[str, str], dict[str, float]] = {}
    with serving(chosen.model, chosen.threads) as url:
        for kind in ("", *chosen.kinds):
            with opened(chosen.work / (kind or "plain"), kind, url, chosen.model.stem) as library:
                passages, seconds = filled(library, texts)
                calls, read, written = spent(library)
                print(
                    f"\n{kind or 'plain'}: {passages} passages in {seconds:.0f} s, {calls} calls, "
                    f"{read} tokens read and {written} written: {read / passages:.0f} + "
                    f"{written / passages:.0f} tokens, {seconds / passages:.1f} s a passage",
                    flush=True,
                )
                for mode in get_args(Mode):
                    values = measure(dataset.qrels, found(library, texts, questions, mode))
                    for name in MEASURES:
                        mine = values[name]
                        base = before.setdefault((mode, name), mine)
                        paired = difference([base[one] for one in judged], [mine[one] for one in judged])
                        mean = sum(mine.values()) / len(mine)
                        print(
                            f"{mode:8} {name:8} {mean:.3f}  {paired.delta:+.3f} "
                            f"({paired.low:+.3f} to {paired.high:+.3f}, p = {paired.p:.3f})",
                            flush=True,
                        )


if __name__ == "__main__":
    main()
