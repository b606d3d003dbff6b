"""What a point is in Qdrant, in the shard and on a server alike: named vectors, and a payload that filters speak of."""

from __future__ import annotations

from typing import Any, Final

from citewell.index import lexical
from citewell.language import ENGLISH, language_of
from citewell.model import Fields, Point

QUESTION: Final = {"bm25": lexical.bm25_query, "tfidf": lexical.tfidf_query}
LANGUAGE: Final = "lang"
"""Where a point says its language, if it is not English."""
MOST_LANGUAGES: Final = 8
"""That a question is looked up in."""
MOST_FIELD_INDEXES: Final = 64
OVERSAMPLING: Final = 2.0
"""Candidates by rounded vectors, for each that is asked for; then the best by the whole vectors."""


def payload_of(point: Point) -> dict[str, Any]:
    """Return the payload of a point."""
    language = language_of(point.fields)
    payload: dict[str, Any] = {"document_id": point.document_id, "f": payload_fields(point.fields)}
    return payload if language == ENGLISH else {**payload, LANGUAGE: language}


def payload_fields(fields: Fields) -> dict[str, Any]:
    """Return metadata as JSON has it."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in fields.items()}


def words_of(point: Point) -> dict[str, lexical.Sparse]:
    """Return the sparse vectors of a point; none without text, as it must not count where words are weighed."""
    if not point.text:
        return {}
    terms = lexical.analyse(point.text, language_of(point.fields))
    return {"bm25": lexical.bm25_passage(terms), "tfidf": lexical.tfidf_passage(terms)}
