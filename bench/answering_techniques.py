"""Every technique that asks a model × a few sets, with a real local model, to docs/rag-techniques/measured.md.

    python -m bench.answering_techniques MODEL.gguf --data DATA [--sets ray_docs ...] [--questions 20] [--seconds 600]

What a model would be shown is measured, and what finding it took; the answer itself is not written, but where a
technique writes one on the way. A technique that has taken `--seconds` on a set stops there: n says how far it came,
and "plain" is what no technique finds for the same questions. Rows that are there already are kept, unless `--anew`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bench.retrieval import collect
from citewell.assemble import assemble
from citewell.errors import ProviderError
from citewell.evaluate import Dataset, load
from citewell.evaluate.bootstrap import estimate
from citewell.library import Library
from citewell.model import Found, Query, Usage
from citewell.settings import Config

ROOT = Path(__file__).resolve().parents[1]
TECHNIQUES = (
    "multi-query",
    "rag-fusion",
    "step-back",
    "hyde",
    "query-structuring",
    "adaptive",
    "decomposition",
    "decomposition-recursive",
    "crag",
    "self-rag",
)
SETS = ("ray_docs", "scifact")
HEAD = """# Techniques that ask a model, measured

Written by `{command}`: do not edit.

With {model}, on the CPU of a machine that other work shared: seconds are upper bounds. Of each set, a random sample of
the judged questions (seed 0), cut where a technique's time was up: n. {shown} passages are shown; a document counts at
its first passage. "plain" is the same questions without a technique; the intervals are 95 % bootstrap (BCa) over
questions of the paired difference in hit@5. calls, tokens (read / written) and seconds are means a question, what a
technique has written on the way included, the answer itself not. Samples this small tell large effects only.
"""
FEWEST = 10
"""Questions below which no interval is told: it would look sure of itself."""
HEADS = ("technique", "n", "hit@5", "plain", "difference", "recall", "plain", "calls", "tokens", "s")


@dataclass(frozen=True)
class Row:
    """What a technique did for one question, what it found, and what that took."""

    did: str
    hit: float
    recall: float
    calls: int
    read: int
    written: int
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="a GGUF file")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--techniques", nargs="+", default=list(TECHNIQUES))
    parser.add_argument("--questions", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=600.0, help="most for one technique on one set")
    parser.add_argument("--work", type=Path, default=Path(".bench/retrieval"))
    parser.add_argument("--anew", action="store_true", help="measure again what is there already")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "rag-techniques" / "measured.md")
    chosen = parser.parse_args()
    command = "python -m bench.answering_techniques MODEL.gguf --data DATA --sets " + " ".join(chosen.sets)
    command += f" --questions {chosen.questions} --seconds {chosen.seconds:g}"
    if chosen.techniques != list(TECHNIQUES):
        command += " --techniques " + " ".join(chosen.techniques)
    shown = Config().chat.passages
    parts = [HEAD.format(command=command, model=chosen.model.stem, shown=shown)]
    for name in chosen.sets:
        collect(chosen.data, name, chosen.work)
        found = _measured(chosen, name)
        left_out = [one for one in TECHNIQUES if not found.get(one)]
        parts.append(f"## {name}\n\n{_table(found)}")
        if left_out:
            parts.append(f"Not measured: {', '.join(left_out)}.\n")
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        chosen.out.write_text("\n".join(parts), encoding="utf-8")
        print(_table(found), flush=True)


def _measured(chosen: argparse.Namespace, name: str) -> dict[str, list[Row]]:
    """Rows by technique, "" for none; kept beside the library as they come."""
    kept = chosen.work / f"{name}.techniques.{chosen.model.stem}.json"
    known = {} if chosen.anew or not kept.exists() else json.loads(kept.read_text())
    found = {technique: [Row(**row) for row in rows] for technique, rows in known.items()}
    dataset = load(chosen.data / name)
    asked = dataset.judged()
    random.Random(0).shuffle(asked)
    config = Config()
    chat = replace(config.chat, model="local", path=chosen.model, max_tokens=256)
    config = replace(config, library=replace(config.library, path=chosen.work / name), chat=chat)
    with assemble(config) as library:
        for technique in ["", *chosen.techniques]:
            if technique not in found:
                found[technique] = _rows(
                    library, dataset, technique, asked[: chosen.questions], chosen.seconds
                )
                kept.write_text(
                    json.dumps({one: [asdict(row) for row in rows] for one, rows in found.items()})
                )
                print(name, technique or "plain", len(found[technique]), flush=True)
    return {technique: found[technique] for technique in ["", *chosen.techniques]}


def _rows(library: Library, dataset: Dataset, technique: str, asked: Sequence[str], most: float) -> list[Row]:
    rows: list[Row] = []
    began = time.monotonic()
    for identity in asked:
        started = time.monotonic()
        if started - began > most:
            break
        names = (technique,) if technique else ()
        try:
            found = asyncio.run(_found(library, Query(dataset.queries[identity], techniques=names)))
        except ProviderError as error:  # too slow, mostly: what it has measured is kept
            print(f"{technique} stopped: {error}", flush=True)
            break
        gold = {one for one, grade in dataset.qrels[identity].items() if grade > 0}
        rows.append(_row(found, gold, time.monotonic() - started))
    return rows


async def _found(library: Library, query: Query) -> Found:
    query = replace(query, limit=library._parts.shown)
    return await library._parts.answering.finding(query, library._read)(query)


def _row(found: Found, gold: set[str], seconds: float) -> Row:
    documents = list(dict.fromkeys(hit.document.id for hit in found.hits))
    usage = sum((step.usage for step in found.steps), found.answer.usage if found.answer else Usage())
    calls = sum(step.calls for step in found.steps) + bool(found.answer)
    return Row(
        " / ".join(step.did for step in found.steps),
        float(bool(gold & set(documents[:5]))),
        len(gold & set(documents)) / len(gold),
        calls,
        usage.prompt_tokens,
        usage.completion_tokens,
        seconds,
    )


def _table(found: dict[str, list[Row]]) -> str:
    plain = found[""]
    lines = ["| " + " | ".join(HEADS) + " |", "|" + "---|" * len(HEADS)]
    lines += [_line(name, rows, plain[: len(rows)]) for name, rows in found.items() if name and rows]
    return "\n".join(lines) + "\n"


def _line(name: str, rows: Sequence[Row], plain: Sequence[Row]) -> str:
    gain = estimate([one.hit - other.hit for one, other in zip(rows, plain, strict=True)])
    tokens = f"{_mean([one.read for one in rows]):.0f} / {_mean([one.written for one in rows]):.0f}"
    cells = [
        name,
        str(len(rows)),
        f"{_mean([one.hit for one in rows]):.2f}",
        f"{_mean([one.hit for one in plain]):.2f}",
        f"{gain.mean:+.2f} ({gain.low:+.2f} to {gain.high:+.2f})" if len(rows) >= FEWEST else "–",
        f"{_mean([one.recall for one in rows]):.2f}",
        f"{_mean([one.recall for one in plain]):.2f}",
        f"{_mean([one.calls for one in rows]):.1f}",
        tokens,
        f"{_mean([one.seconds for one in rows]):.0f}",
    ]
    return "| " + " | ".join(cells) + " |"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


if __name__ == "__main__":
    main()
