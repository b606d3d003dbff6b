"""What a refusal says: what was searched, how, and what came closest. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from citewell.model import Hit, Query
from citewell.phrases import phrases


def refusal(query: Query, n_documents: int, n_passages: int, hits: Sequence[Hit]) -> str:
    """Return the words of a refusal: what was searched, how, and what came closest."""
    scope = f"{_counted(n_documents, 'document')} ({_counted(n_passages, 'passage')}, {query.mode} search"
    scope += ", narrowed by your filter)" if query.where is not None else ")"
    titles = list(dict.fromkeys(place_of(hit) for hit in hits))[:3]
    if not titles and (quoted := phrases(query.text)):
        wanted = " and ".join(f"“{phrase}”" for phrase in quoted)
        return f"I searched {scope} and found no passage that contains {wanted}."
    if not titles:
        return f"I searched {scope} and found nothing that matches this question."
    return (
        f"I searched {scope} and found no passage that answers this question. Closest: {'; '.join(titles)}."
    )


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def place_of(hit: Hit) -> str:
    """Return where a hit is, in words: its document's title, and the heading above it."""
    title = hit.document.title or hit.document.id
    last = hit.passage.heading.rpartition(" > ")[2]
    return f"{title} > {last}" if last and last != title else title
