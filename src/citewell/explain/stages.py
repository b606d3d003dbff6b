"""The first stage that lost a document: one check for each, in the order of a document's and a question's way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from citewell import filters
from citewell.explain import trial
from citewell.explain.files import Again, source_of
from citewell.explain.grounds import Case, rank_of
from citewell.explain.words import nth
from citewell.filters import And, Filter, matches
from citewell.model import Document, Passage
from citewell.split import Span
from citewell.why import LostAt, Place
from citewell.wire import dump_where

FEW_WORDS: Final = 12
BYTES_PER_CHARACTER: Final = 40
"""A file with this many bytes for each character that was read from it, and few words, was hardly read."""
MOST_PAIRS: Final = 200


@dataclass(frozen=True)
class Loss:
    """A stage that lost the document, and why, in plain words; `again` is its file where that differs by now."""

    stage: LostAt
    text: str
    again: Again | None = None


def loss(case: Case) -> Loss | None:
    """Return the first stage that lost a document; None when it came up and is shown."""
    if case.rank is not None:
        return _budget(case, case.rank)
    checks = (_filter, _parse, _duplicate, _split, _truncated, _reranked)
    found = (check(case) for check in checks)
    return next((one for one in found if one is not None), None) or _missed(case)


def failing(where: Filter, case: Case) -> list[Filter]:
    """Return the conditions, joined by AND, that a document does not satisfy."""
    parts = list(conditions(where))
    return [part for part in parts if not matches(case.entry.fields, part)]


def conditions(where: Filter) -> Iterator[Filter]:
    """Yield what AND joins, however deep."""
    if isinstance(where, And):
        for part in where.parts:
            yield from conditions(part)
    else:
        yield where


def names_of(where: Filter) -> list[str]:
    """Return the fields that a filter speaks of, each once."""
    if isinstance(where, filters.Not):
        return names_of(where.part)
    if isinstance(where, filters.And | filters.Or):
        return list(dict.fromkeys(name for part in where.parts for name in names_of(part)))
    return [where.field]


def _budget(case: Case, rank: int) -> Loss | None:
    shown = case.grounds.shown
    if rank <= shown:
        return None
    return Loss("budget", f"It came up {nth(rank)}, and the chat model is shown the first {shown} only.")


def _filter(case: Case) -> Loss | None:
    if case.query.where is None or case.admitted:
        return None
    failed = failing(case.query.where, case)
    fields = case.entry.fields
    said = "; ".join(dict.fromkeys(
        f"{name} is {fields[name]!r}" if fields.get(name) is not None else f"it has no {name}"
        for part in failed for name in names_of(part)
    ))  # fmt: skip
    return Loss(
        "filter", f"The filter leaves it out: {' and '.join(map(dump_where, failed))} fails ({said})."
    )


def _parse(case: Case) -> Loss | None:
    again = source_of(case)
    stored = f"{case.entry.title}\n{case.text}"
    absent = case.asked_terms - case.shared(stored)
    now = next((one for one in again.documents if one.id == case.entry.id), None) if again else None
    if again and now and now.text != case.text and absent & case.shared(now.text):
        return Loss("not_ingested", f"Its file {str(again.path)!r} has changed since it was added.", again)
    words = len(case.text.split())
    if not words or not case.passages:
        return Loss("parse", "No text was found in it when it was read.")
    if again and words < FEW_WORDS and again.bytes > 1000 + BYTES_PER_CHARACTER * len(case.text):
        size = f"{words} words from {again.bytes} bytes"
        return Loss("parse", f"Reading it found very little text ({size}): it may be a scan or pictures.")
    lost = absent & case.shared(again.raw) if again and (now is None or now.text == case.text) else set()
    if lost:
        said = ", ".join(sorted(repr(word) for word in words_of(case, lost)))
        return Loss(
            "parse", f"The file holds {said}, and reading it left that out (markup, a comment or a script)."
        )
    return None


def words_of(case: Case, terms: set[str]) -> list[str]:
    """Return the words of the question that have these terms, each once."""
    found = trial.WORD.findall(case.words)
    return list(
        dict.fromkeys(word for word in found if terms.intersection(case.grounds.keywords.asked(word)))
    )


def _duplicate(case: Case) -> Loss | None:
    own = {_plain(passage.text) for passage in case.passages}
    for rank, hit in enumerate(case.hits, 1):
        if _plain(hit.passage.text) in own:
            other = hit.passage.document_id
            return Loss(
                "duplicate", f"The same text stands in {other!r}, which came up {nth(rank)} in its place."
            )
    return None


def _plain(text: str) -> str:
    return " ".join(text.split())


def _split(case: Case) -> Loss | None:
    """Two neighbours, joined, would come up, and have more of the question's words than any one passage."""
    passages = case.passages
    most = max((len(case.shared(case.embedded(one))) for one in passages), default=0)
    for one, other in list(pairwise(passages))[:MOST_PAIRS]:
        together = case.shared(case.embedded(one)) | case.shared(case.embedded(other))
        if len(together) > most and _joined(case, one, other):
            return Loss(
                "split",
                f"The question's words are spread over two passages (lines {one.line} and {other.line}): "
                "together they would come up, neither does alone.",
            )
    return None


def _joined(case: Case, one: Passage, other: Passage) -> bool:
    document = Document(case.entry.id, case.text, case.entry.title, case.entry.fields)
    spans = [
        Span(
            passage.start,
            passage.end,
            passage.heading,
            passage.line,
            passage.page,
            passage.context,
            passage.written,
        )
        for passage in case.passages
    ]
    at = next(n for n, span in enumerate(spans) if span.start == one.start)
    whole = Span(one.start, other.end, one.heading, one.line, one.page, one.context, one.written)
    joined = trial.prospect(document, [*spans[:at], whole, *spans[at + 2 :]])
    gone = [passage.id for passage in case.passages]
    idf = trial.rarities(case.grounds, case.words, case.scheme)
    hits = trial.run(case.grounds, case.indexed, joined, gone, idf)
    return rank_of(hits, case.entry.id) is not None


def _truncated(case: Case) -> Loss | None:
    """The embedder never saw the question's words: they stand behind what it takes of a passage."""
    if case.query.mode not in ("dense", "hybrid"):
        return None
    most = case.grounds.embedder.max_tokens
    texts = [case.embedded(passage) for passage in case.passages]
    counts = case.grounds.embedder.count(texts)
    seen: set[str] = set()
    unseen: set[str] = set()
    size = 0
    for text, count in zip(texts, counts, strict=True):
        cut = _seen(case, text, most) if count > most else len(text)
        seen |= case.shared(text[:cut])
        unseen |= case.shared(text[cut:])
        size = max(size, count)
    behind = words_of(case, unseen - seen)
    if not behind:
        return None
    return Loss(
        "truncated",
        f"The embedder takes {most} tokens of a passage and this one has {size}: "
        f"{', '.join(map(repr, behind))} stood behind that, so its vector does not know of it.",
    )


def _seen(case: Case, text: str, most: int) -> int:
    """Return how many characters of a text the embedder sees."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (
            (middle, high) if case.grounds.embedder.count([text[:middle]])[0] <= most else (low, middle - 1)
        )
    return low


def _reranked(case: Case) -> Loss | None:
    """A reranker, where there is one, says so in a stage of its own."""
    deeper = case.asked.search(replace(case.query, limit=case.depth))
    rank = rank_of(deeper, case.entry.id)
    stages = deeper[rank - 1].stages if rank else ()
    if len(stages) < 2 or stages[-1].name != "reranked" or stages[-2].rank > case.query.limit:
        return None
    before, after = stages[-2], stages[-1]
    return Loss(
        "reranked", f"It was {nth(before.rank)} ({before.name}); the reranker made it {nth(after.rank)}."
    )


def _missed(case: Case) -> Loss:
    """Which of the lists lost it; both had it when it is fusing that did."""
    mode, limit = case.query.mode, case.query.limit
    if mode == "dense":
        return _miss(case, case.dense)
    if mode in ("keyword", "tfidf"):
        return _miss(case, case.keyword)
    if not case.own_keyword:
        return _miss(case, case.keyword)
    absent = [place for place in (case.dense, case.keyword) if (place.rank or case.depth + 1) > case.depth]
    if absent:
        return _miss(case, max(absent, key=lambda place: place.rank or 10**9))
    return Loss(
        "fused",
        f"Both searches had it ({nth(case.dense.rank)} by meaning, {nth(case.keyword.rank)} by words), "
        f"and fused they put it below the first {limit}{_overtaken(case)}.",
    )


def _overtaken(case: Case) -> str:
    """Say so when only passages with more of the question's word pairs came above it."""
    deeper = case.asked.search(replace(case.query, limit=case.depth))
    rank = rank_of(deeper, case.entry.id)
    ranks = {stage.name: stage.rank for stage in deeper[rank - 1].stages} if rank else {}
    if "word pairs" not in ranks or ranks.get("fused", case.depth) > case.query.limit:
        return ""
    return f": it was {nth(ranks['fused'])}, before passages in which more of the question's words stand side by side"


def _miss(case: Case, place: Place) -> Loss:
    depth = case.depth
    if place.name == "dense":
        stood = f"it is {nth(place.rank)} by meaning" if place.rank else "it is far down by meaning"
        return Loss(
            "dense", f"Its vector is not near enough to the question's: {stood}, the first {depth} are taken."
        )
    if not case.own_keyword:
        return Loss("keyword", "It shares no word with the question, so keyword search cannot find it.")
    stood = f"it is {nth(place.rank)} by words" if place.rank else "it is far down by words"
    few = words_of(case, case.asked_terms)
    have = words_of(case, case.shared(case.embedded(case.best)) if case.best else set())
    return Loss(
        "keyword",
        f"It shares too little with the question ({len(have)} of {len(few)} words in its best passage): "
        f"{stood}, the first {depth} are taken.",
    )
