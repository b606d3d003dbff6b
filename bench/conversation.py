"""Follow-ups: what is found for the last turn alone, with carry-over, and as rewritten by a model or by hand.

    python -m bench.conversation --data DATA [--model FILE.gguf] [--questions N] [--work .bench/retrieval]

Four tables. (1) Retrieval on a set with `history`, against the last turn alone; a query that has a `rewrite` is asked
with that too. (2) The same by turn. (3) What carry-over does to questions that stand by themselves: those of the other
sets, each after the question before it in its file. (4) Which questions `extract` asks back about, by what is known of
them. What a model rewrote is kept in --work, so a run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.retrieval import SETS, collect
from citewell.assemble import assemble
from citewell.evaluate import Dataset, load
from citewell.evaluate.bootstrap import difference, estimate
from citewell.evaluate.experiment import pages
from citewell.library import Library
from citewell.model import Message, Query
from citewell.settings import Config
from citewell.techniques.carry import leans
from citewell.techniques.clarify import ASKING
from citewell.techniques.rewrite import Rewrite, by_carrying

MEASURES = {"nDCG@5": "nDCG@5", "nDCG@10": "nDCG@10", "recall@10": "R@10"}
Values = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Conversations:
    """Judged questions of a set, each with its history; `gold` are those rewritten by hand."""

    dataset: Dataset
    queries: Mapping[str, Query]
    gold: Mapping[str, str]

    def turn(self, identity: str) -> int:
        return 1 + sum(one.role == "user" for one in self.queries[identity].history)


def conversations(folder: Path, most: int) -> Conversations:
    """Read a set; `most` of its judged questions with a history are kept, spread evenly (0: all)."""
    dataset = load(folder)
    rows = {row["_id"]: row for row in map(json.loads, (folder / "queries.jsonl").open(encoding="utf-8"))}
    judged = dataset.judged()
    if most:
        later = [one for one in judged if rows[one].get("history")]
        judged = [later[at * len(later) // most] for at in range(min(most, len(later)))]
    queries = {one: Query(rows[one]["text"], 100, history=_history(rows[one])) for one in judged}
    gold = {one: rows[one]["rewrite"] for one in judged if rows[one].get("rewrite")}
    return Conversations(replace(dataset, qrels={one: dataset.qrels[one] for one in judged}), queries, gold)


def _history(row: Mapping[str, Any]) -> tuple[Message, ...]:
    return tuple(Message(turn["role"], turn["content"]) for turn in row.get("history") or ())


def opened(work: Path, name: str, model: Path | None = None) -> Library:
    config = Config()
    chat = replace(config.chat, model="local", path=model, max_tokens=96) if model else config.chat
    return assemble(replace(config, library=replace(config.library, path=work / name), chat=chat))


def rewritten(library: Library, asked: Conversations, kept: Path) -> dict[str, str]:
    """Ask the library's model for every follow-up, one at a time; what is kept already costs nothing."""
    known = dict(map(json.loads, kept.read_text().splitlines())) if kept.exists() else {}
    technique = Rewrite(inner=None, means=library._parts.answering.means, how="model")  # type: ignore[arg-type]
    with kept.open("a", encoding="utf-8") as file:
        for identity, query in asked.queries.items():
            if identity not in known and query.history:
                known[identity] = asyncio.run(technique._rewritten(query))[0]
                file.write(json.dumps([identity, known[identity]], ensure_ascii=False) + "\n")
                file.flush()
    return {one: known.get(one, query.text) for one, query in asked.queries.items()}


def found(library: Library, texts: Mapping[str, str], dataset: Dataset) -> Values:
    """Return {measure: {query: value}}, by ir_measures; documents are ranked by their best passage."""
    import ir_measures

    ranked = {one: pages(library.search(Query(text, limit=100))) for one, text in texts.items()}
    run = {one: {page: -float(at) for at, (page, _) in enumerate(of)} for one, of in ranked.items()}
    parsed = {ir_measures.parse_measure(theirs): ours for ours, theirs in MEASURES.items()}
    values: dict[str, dict[str, float]] = {ours: dict.fromkeys(texts, 0.0) for ours in MEASURES}
    qrels = {one: dict(dataset.qrels[one]) for one in texts}
    for metric in ir_measures.iter_calc(list(parsed), qrels, run):
        values[parsed[metric.measure]][metric.query_id] = float(metric.value)
    return values


def table(values: Mapping[str, Values]) -> str:
    """Return each way's means with intervals, and its paired differences from the first way."""
    first = next(iter(values.values()))
    head = " | ".join([*MEASURES, *(f"Δ {name}" for name in ("nDCG@10", "recall@10"))])
    lines = [f"| asked | n | {head} |", "|---" * (len(MEASURES) + 4) + "|"]
    for way, of in values.items():
        cells = [_interval(estimate(list(of[name].values()))) for name in MEASURES]
        for name in ("nDCG@10", "recall@10"):
            before = [first[name][one] for one in of[name]]
            cells.append("" if of is first else _interval(difference(before, list(of[name].values())), "+"))
        lines.append(f"| {way} | {len(of['nDCG@10'])} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def by_turn(asked: Conversations, values: Mapping[str, Values]) -> str:
    """Return each way's nDCG@10 by the turn that a question is."""
    turns: dict[str, list[str]] = defaultdict(list)
    for identity in sorted(asked.queries, key=asked.turn):
        turn = asked.turn(identity)
        turns[str(turn) if turn < 6 else "6–7" if turn < 8 else "8+"].append(identity)
    lines = [f"| nDCG@10 | {' | '.join(f'turn {turn} (n = {len(of)})' for turn, of in turns.items())} |"]
    lines.append("|---" * (len(turns) + 1) + "|")
    for way, of in values.items():
        means = [[of["nDCG@10"][one] for one in some if one in of["nDCG@10"]] for some in turns.values()]
        lines.append(f"| {way} | {' | '.join(_interval(estimate(one)) for one in means)} |")
    return "\n".join(lines) + "\n"


def standing_alone(data: Path, name: str, work: Path) -> str:
    """Return a row: questions of a set that stand by themselves, each after the one before it in the file."""
    dataset = load(data / name)
    texts = {one: dataset.queries[one] for one in dataset.judged()}
    before = dict(zip(texts, ["", *texts.values()], strict=False))
    said = {
        one: by_carrying(Query(text, history=_turns(before[one]) if before[one] else ()))
        for one, text in texts.items()
    }
    with opened(work, name) as library:
        alone, carried = (found(library, asked, dataset)["nDCG@10"] for asked in (texts, said))
    share = sum(map(leans, texts.values()))
    cells = _interval(difference(list(alone.values()), list(carried.values())), "+")
    return f"| {name} | {len(texts)} | {share} ({share / len(texts):.1%}) | {cells} |\n"


def asked_back(data: Path, name: str, work: Path) -> str:
    """Return rows: of a set's questions, by their kind, how many are refused and how many asked back about."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    with opened(work, name) as library:
        for row in map(json.loads, (data / name / "queries.jsonl").open(encoding="utf-8")):
            plain = "answerable" if row.get("answerable", True) else "unanswerable"
            kind = (row.get("metadata") or {}).get("answerability", plain).lower()
            answer = library.ask(Query(row["text"], history=_history(row)))
            said = (True, answer.verdict == "refused", answer.text.startswith(ASKING))
            counts[kind] = [a + b for a, b in zip(counts[kind], said, strict=True)]
    rows = (f"| {name} | {kind} | {n} | {refused} | {back} |" for kind, (n, refused, back) in counts.items())
    return "\n".join(rows) + "\n"


def _turns(question: str) -> tuple[Message, ...]:
    return Message("user", question), Message("assistant", "The documents do not answer this question.")


def _interval(one: Any, sign: str = "") -> str:
    middle = one.delta if sign else one.mean
    return f"{middle:{sign}.3f} ({one.low:{sign}.3f}–{one.high:{sign}.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--set", default="mtrag_un")
    parser.add_argument("--model", type=Path, nargs="*", default=[], help="GGUF files that rewrite")
    parser.add_argument("--questions", type=int, default=0, help="judged follow-ups, spread evenly; 0: all")
    parser.add_argument("--alone", nargs="*", default=[name for name in SETS if name != "mtrag_un"])
    parser.add_argument("--work", type=Path, default=Path(".bench/retrieval"))
    chosen = parser.parse_args()
    for name in (chosen.set, *chosen.alone):
        collect(chosen.data, name, chosen.work)
    asked = conversations(chosen.data / chosen.set, chosen.questions)
    ways: dict[str, Callable[[str, Query], str]] = {
        "the last turn alone": lambda _, query: query.text,
        "carry-over": lambda _, query: by_carrying(query),
        "the last two turns, always": lambda _, query: " ".join([*_users(query)[-1:], query.text]),
        "all turns, always": lambda _, query: " ".join([*_users(query), query.text]),
    }
    texts = {way: {one: say(one, query) for one, query in asked.queries.items()} for way, say in ways.items()}
    for model in chosen.model:
        with opened(chosen.work, chosen.set, model) as library:
            kept = chosen.work / f"{chosen.set}.rewrites.{model.stem}.jsonl"
            texts[f"rewritten by {model.stem}"] = rewritten(library, asked, kept)
    if asked.gold:
        texts["rewritten by hand"] = dict(asked.gold)
    with opened(chosen.work, chosen.set) as library:
        values = {way: found(library, of, asked.dataset) for way, of in texts.items()}
    print(f"## {chosen.set}\n\n{table(values)}\n{by_turn(asked, values)}")
    if not asked.gold:
        print("No query of this set has a rewrite by hand.\n")
    if chosen.alone:
        print("| questions by themselves | n | taken as leaning | Δ nDCG@10, carry-over |\n|---|---|---|---|")
    for name in chosen.alone:
        print(standing_alone(chosen.data, name, chosen.work), end="", flush=True)
    if chosen.alone:
        print("\n| set | questions | n | refused | asked back |\n|---|---|---|---|---|")
    for name in (chosen.set, *chosen.alone) if chosen.alone else ():
        print(asked_back(chosen.data, name, chosen.work), end="", flush=True)


def _users(query: Query) -> list[str]:
    return [turn.content for turn in query.history if turn.role == "user"]


if __name__ == "__main__":
    main()
