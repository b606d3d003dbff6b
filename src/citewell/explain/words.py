"""Plain words for ranks, scores and hits. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from citewell.model import Hit
from citewell.why import Place

STEPS: Final[Mapping[str, tuple[str, str]]] = {
    "dense": ("by meaning", "cosine"),
    "keyword": ("by words", "BM25"),
    "tfidf": ("by words", "TF-IDF"),
    "dense pooled": ("by meaning, with its document's other passages", "score"),
    "keyword pooled": ("by words, with its document's other passages", "score"),
    "fused": ("both together", "score"),
    "word pairs": ("counting the question's word pairs", "score"),
    "reranked": ("after reranking", "score"),
}
"""How each stage is called, and its score."""


def nth(rank: int | None) -> str:
    """Return 1 as "1st"; no rank is "nowhere"."""
    if rank is None:
        return "nowhere"
    ending = {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th") if rank % 100 not in (11, 12, 13) else "th"
    return f"{rank}{ending}"


def hit_text(hit: Hit) -> str:
    """Say how a hit came up: its rank and score at each stage."""
    parts = [_step(stage.name, stage.rank, stage.score) for stage in hit.stages]
    names = [stage.name for stage in hit.stages]
    if "fused" in names and not {"keyword", "tfidf"} & set(names):
        parts.insert(names.index("fused"), "not by words")
    if "fused" in names and "dense" not in names:
        parts.insert(names.index("fused"), "not by meaning")
    return "; ".join(parts)


def place_text(place: Place) -> str:
    """Say where a document's best passage came at a stage."""
    if place.score is None:
        return f"{STEPS.get(place.name, (place.name,))[0]}: not at all"
    return _step(place.name, place.rank, place.score)


def _step(name: str, rank: int | None, score: float) -> str:
    said, measure = STEPS.get(name, (name, "score"))
    return f"{said}: {nth(rank) if rank else 'far down'} ({measure} {score:.3g})"
