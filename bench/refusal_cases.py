"""Questions asked of a real library that it answers, or that it cannot answer, by why it cannot.

own       answerable questions of the set whose documents the library holds
near      questions that annotators called unanswerable from the same documents
foreign   questions of other sets
missing   own questions, without the documents that answer them
changed   own questions with another name or figure, the opposite word or a negation (bench.question_faults)
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from bench.question_faults import changed
from citewell import filters
from citewell.answer.support import plain
from citewell.assemble import assemble
from citewell.evaluate import ingest, load
from citewell.library import Library
from citewell.model import Query
from citewell.settings import Config

Why: TypeAlias = Literal["own", "near", "foreign", "missing", "changed"]

FOREIGN = {
    "squad2_mini": ("clapnq_dev", "mtrag_un", "ray_docs"),
    "clapnq_dev": ("squad2_mini", "xquad_en", "ray_docs"),
    "xquad_en": ("clapnq_dev", "mtrag_un", "ray_docs"),
    "ray_docs": ("squad2_mini", "clapnq_dev", "xquad_en"),
}
"""By set, those that share no source with it: SQuAD 2 and XQuAD, CLAP NQ and MTRAG do."""
MOST = 300
FROM_EACH = 100
"""Foreign questions of each other set."""
ONE_ANSWERS = ("squad2_mini", "clapnq_dev", "xquad_en")
"""Sets whose answers are strings or sentences of one document: pages of a documentation say things twice."""
SEED = 7


@dataclass(frozen=True)
class Case:
    """A question of a kind; `answers`: strings of which one must be said, [] where none or not known."""

    why: Why
    query: Query
    answers: tuple[str, ...] = ()

    def answered_by(self, sentence: str) -> bool:
        """Say whether a sentence holds an answer, or is part of one that annotators selected."""
        said = f" {plain(sentence).lower()} "
        return any(
            plain(one).lower() in said or (len(said) > 40 and said.strip() in plain(one).lower())
            for one in self.answers
        )


def opened(data: Path, work: Path, name: str) -> Library:
    """Open the library of a set's documents with the default configuration, made on first use."""
    config = Config()
    library = assemble(replace(config, library=replace(config.library, path=work / name)), create=True)
    ingest(library, load(data / name))  # what is there already costs nothing
    return library


def cases(data: Path, name: str) -> list[Case]:
    """Return every question that is asked of a set's library, always the same ones."""
    chance = random.Random(SEED)
    answering = _answering(data, name)
    texts = {record.id: record.text for record in load(data / name).documents()}
    found: list[Case] = []
    for row in _questions(data, name):
        if not row.get("answerable", True):
            found.append(Case("near", Query(row["text"])))
            continue
        found.append(Case("own", Query(row["text"]), _answers(row)))
        gold = answering.get(row["_id"], [])
        if gold and name in ONE_ANSWERS:
            found.append(Case("missing", Query(row["text"], where=_without(gold))))
        text = " ".join(texts.get(one, "") for one in gold)
        if gold and (question := changed(row["text"], text, chance)):
            found.append(Case("changed", Query(question)))
    return [*found, *_foreign(data, name)]


def _foreign(data: Path, name: str) -> Iterator[Case]:
    for other in FOREIGN[name]:
        rows = _questions(data, other)
        for row in random.Random(SEED).sample(rows, min(FROM_EACH, len(rows))):
            yield Case("foreign", Query(row["text"]))


def _questions(data: Path, name: str) -> list[dict[str, Any]]:
    """Questions that stand alone; of a documentation's, those whose page is there."""
    rows = [
        json.loads(line) for line in (data / name / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    kept = [
        row
        for row in rows
        if not row.get("history") and (row.get("metadata") or {}).get("gold_in_corpus", True)
    ]
    return random.Random(SEED).sample(kept, MOST) if len(kept) > 2 * MOST else kept


def _answers(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple((row.get("metadata") or {}).get("selected_sentences") or row.get("answers", ()))


def _answering(data: Path, name: str) -> dict[str, list[str]]:
    qrels = load(data / name).qrels
    return {query: [one for one, grade in graded.items() if grade > 0] for query, graded in qrels.items()}


def _without(ids: list[str]) -> filters.Filter:
    return filters.Not(filters.In("id", tuple(ids)))
