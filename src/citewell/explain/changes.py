"""What would bring a document back? Each candidate is tried by asking again; what does not help is not said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from citewell.access import READERS
from citewell.collection import COLLECTION
from citewell.errors import Unsupported
from citewell.explain import trial
from citewell.explain.files import Again, source_of
from citewell.explain.grounds import Asked, Case, Grounds, rank_of
from citewell.explain.stages import Loss, conditions, failing
from citewell.filters import And, Compare, Filter, kind, matches
from citewell.model import Document, Mode, Query
from citewell.split import split
from citewell.why import Change, LostAt
from citewell.wire import dump_where

MOST_LIMIT: Final = 1000
MOST_SHOWN: Final = 100
MOST_WORDS: Final = 5
"""Words that a rephrased question gains."""
MOST_LOOKED_UP: Final = 40
MOST_PASSAGES: Final = 400
"""Passages of a document that is split and embedded again on trial."""
LEAST_TOKENS: Final = 16
STEPS: Final = (1.5, 1 / 1.5, 2.0, 0.5, 3.0, 1 / 3, 4.0, 0.25)
"""Times the tokens of a passage: what is tried, the smallest change first."""
MODES: Final[tuple[Mode, ...]] = ("hybrid", "keyword", "dense")
ORDER: Final[dict[LostAt, tuple[str, ...]]] = {
    "not_ingested": ("add",),
    "parse": ("question", "mode", "limit"),
    "filter": ("where",),
    "split": ("split", "limit", "mode", "question"),
    "truncated": ("split", "mode", "limit", "question"),
    "keyword": ("question", "mode", "limit"),
    "dense": ("mode", "question", "limit"),
    "fused": ("limit", "mode", "question"),
    "duplicate": ("limit", "mode"),
    "reranked": ("limit", "mode"),
    "budget": ("passages",),
}
"""What is tried for each stage; what mends the cause comes first."""


def changes(case: Case, loss: Loss) -> tuple[Change, ...]:
    """Return the changes that were tried and bring the document back, the fittest first."""
    tries: dict[str, Callable[[], Change | None]] = {
        "add": lambda: _renew(case, loss.again),
        "where": lambda: _where(case),
        "limit": lambda: _limit(case),
        "mode": lambda: _mode(case),
        "question": lambda: _question(case),
        "split": lambda: _resplit(case),
        "passages": lambda: _passages(case),
    }
    found = (tries[name]() for name in ORDER[loss.stage])
    return tuple(change for change in found if change is not None)


def least_limit(asked: Asked, document_id: str, depth: int, **other: Any) -> tuple[int, int] | None:
    """Return the smallest limit with which a document comes up, and its rank then; None when none does.

    Up to `depth` candidates are the same for every limit; beyond, the smallest is looked for by halving.
    """
    low = 0
    for top in (depth, MOST_LIMIT):
        rank = asked.rank(document_id, **{**other, "limit": top})
        if rank is not None:
            return _halved(asked, document_id, (low, rank, top), other)
        low = top
    return None


def _halved(
    asked: Asked, document_id: str, bounds: tuple[int, int, int], other: dict[str, Any]
) -> tuple[int, int] | None:
    low, rank, top = bounds
    again = asked.rank(document_id, **{**other, "limit": rank}) if rank > low else None
    if low == 0 and again is not None:
        return rank, again
    best = (rank, again) if again is not None else (top, rank)
    high = best[0]
    while high - low > 1:
        middle = (low + high) // 2
        found = asked.rank(document_id, **{**other, "limit": middle})
        if found is None:
            low = middle
        else:
            high, best = middle, (middle, found)
    return best


def _limit(case: Case) -> Change | None:
    found = least_limit(case.asked, case.entry.id, max(case.query.limit, case.grounds.depth))
    if found is None:
        return None
    limit, rank = found
    return Change(f"ask for more: --limit {limit}", {"limit": limit}, rank)


def _where(case: Case) -> Change | None:
    """Loosen each failing condition to what the document has; where that cannot be, drop it."""
    where = case.query.where
    assert where is not None
    failed = failing(where, case)
    parts: list[Filter] = []
    for part in conditions(where):
        loose = _loosened(part, case) if part in failed else part
        parts += [loose] if loose is not None else []
    new = And(tuple(parts)) if len(parts) > 1 else parts[0] if parts else None
    said = f"loosen the filter: --where {dump_where(new)!r}" if new else "leave out the filter"
    values: dict[str, str | int | None] = {"where": dump_where(new) if new else None}
    rank = case.asked.rank(case.entry.id, where=new)
    if rank is not None:
        return Change(said, values, rank)
    found = least_limit(case.asked, case.entry.id, max(case.query.limit, case.grounds.depth), where=new)
    if found is None:
        return None
    return Change(f"{said}, and ask for more: --limit {found[0]}", {**values, "limit": found[0]}, found[1])


def _loosened(part: Filter, case: Case) -> Filter | None:
    if not isinstance(part, Compare) or part.op == "=":
        return None
    has = case.entry.fields.get(part.field)
    if has is None or isinstance(has, tuple) or kind(has) != kind(part.value):
        return None
    loose = Compare(part.field, ">=" if part.op in (">", ">=") else "<=", has)
    return loose if matches(case.entry.fields, loose) else None


def _mode(case: Case) -> Change | None:
    others = [mode for mode in MODES if mode != case.query.mode]
    ranks = [(rank, mode) for mode in others if (rank := case.asked.rank(case.entry.id, mode=mode))]
    if not ranks:
        return None
    rank, mode = min(ranks, key=lambda pair: pair[0])
    return Change(f"search another way: --mode {mode}", {"mode": mode}, rank)


def _question(case: Case) -> Change | None:
    """Add the rarest words of the passage that came nearest, as few as bring it back."""
    words = list(_rare(case))[:MOST_WORDS]
    for many in range(1, len(words) + 1):
        text = " ".join([case.query.text, *words[:many]])
        rank = case.asked.rank(case.entry.id, text=text)
        if rank is not None:
            return Change(f"use words that it uses: {text!r}", {"text": text}, rank)
    return None


def _rare(case: Case) -> Iterator[str]:
    if case.best is None:
        return
    terms, fields = case.grounds.keywords.terms, case.entry.fields
    words = dict.fromkeys(trial.WORD.findall(case.best.text))
    known = case.asked_terms
    new = [word for word in words if len(found := terms(word, fields)) == 1 and not known.intersection(found)]
    # Longer words are mostly the rarer ones: look up those.
    some = sorted(new, key=len, reverse=True)[:MOST_LOOKED_UP]
    rarity = {word: case.weight(word) for word in some}
    yield from sorted(rarity, key=lambda word: -rarity[word])


def _passages(case: Case) -> Change | None:
    for many in range(case.grounds.shown + 1, MOST_SHOWN + 1):
        if case.rank is not None and many >= case.rank:
            rank = case.asked.rank(case.entry.id, limit=many)
            if rank is not None:
                text = f"show the chat model more: chat.passages = {many} in citewell.toml"
                return Change(text, {"chat.passages": many}, rank)
    return None


def _resplit(case: Case) -> Change | None:
    """Split the document again in memory, smaller and larger; its structure is read from its file."""
    now, most = case.grounds.prepare.tokens, case.grounds.embedder.max_tokens
    document = _structured(case)
    if document is None or len(case.passages) > MOST_PASSAGES:
        return None
    gone = [passage.id for passage in case.passages]
    idf = trial.rarities(case.grounds, case.words, case.scheme)
    for step in STEPS:
        tokens = max(LEAST_TOKENS, min(most, round(now * step)))
        if tokens == now:
            continue
        tried = trial.resplit(case.grounds, document, tokens)
        rank = rank_of(trial.run(case.grounds, case.indexed, tried, gone, idf), case.entry.id)
        if rank is not None:
            text = f"split it otherwise: split.tokens = {tokens} in citewell.toml, and add it again"
            return Change(text, {"split.tokens": tokens}, rank)
    return None


def _structured(case: Case) -> Document | None:
    """Return the document with its blocks; None when that would not give the passages that it has."""
    entry, file = case.entry, source_of(case)
    read = next((one for one in file.documents if one.id == entry.id), None) if file else None
    bare = Document(entry.id, case.text, entry.title, entry.fields, entry.source, entry.media_type)
    document = replace(bare, blocks=read.blocks) if read and read.text == case.text else bare
    spans = split(document, count=case.grounds.embedder.count, tokens=case.grounds.prepare.tokens)
    own = [(passage.start, passage.end) for passage in case.passages]
    return document if [(span.start, span.end) for span in spans] == own else None


def _renew(case: Case, again: Again | None) -> Change | None:
    document = next((one for one in again.documents if one.id == case.entry.id), None) if again else None
    if again is None or document is None:
        return None
    kept = {name: case.entry.fields[name] for name in (READERS, COLLECTION) if name in case.entry.fields}
    document = replace(document, fields={**document.fields, **kept})
    return added(case.grounds, case.indexed, again.path, document, [passage.id for passage in case.passages])


def added(
    grounds: Grounds, query: Query, path: Path, document: Document, gone: Sequence[str] = ()
) -> Change | None:
    """Try a document as if it were added in place of passages `gone`; with a higher limit where it needs one."""
    one = trial.resplit(grounds, document, grounds.prepare.tokens)
    idf = trial.rarities(grounds, query.text, "tfidf" if query.mode == "tfidf" else "bm25")
    for limit in dict.fromkeys((query.limit, max(query.limit, grounds.depth))):
        try:
            rank = rank_of(trial.run(grounds, replace(query, limit=limit), one, gone, idf), document.id)
        except Unsupported:  # a filter that only the catalog knows, and it does not know this document
            return None
        if rank is None:
            continue
        values: dict[str, str | int | None] = {"add": str(path)}
        if rank <= query.limit:
            return Change(f"citewell add {path}", values, rank)
        return Change(
            f"citewell add {path}, and ask for more: --limit {rank}", {**values, "limit": rank}, rank
        )
    return None
