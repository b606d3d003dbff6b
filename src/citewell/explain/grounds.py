"""What explaining works with: a library's parts, and the case of one question and one document."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from citewell.access import reach, within
from citewell.catalog import Catalog
from citewell.errors import Unsupported
from citewell.filters import Filter, In, matches
from citewell.incoming import Blob
from citewell.model import Entry, Fields, Hit, Mode, Passage, Query
from citewell.prepare import Prepare
from citewell.protocols import Embedder, Index, Retriever, Scored
from citewell.retrieve import nearest
from citewell.retrieve.join import Lookup
from citewell.retrieve.typos import respelled
from citewell.why import Place

if TYPE_CHECKING:
    from citewell.model import Vector

Scheme: TypeAlias = Literal["bm25", "tfidf"]
Sparse: TypeAlias = tuple[list[int], list[float]]
DEEPEST: Final = 10_000
"""How far down a list a document is looked for."""


@dataclass(frozen=True)
class Keywords:
    """How keyword search reads text: the terms of a question, and of a text of a document with these fields; their
    weights in a question and in a passage."""

    asked: Callable[[str], Collection[str]]
    terms: Callable[[str, Fields], list[str]]
    question: Mapping[Scheme, Callable[[str], Sparse]]
    passage: Mapping[Scheme, Callable[[list[str]], Sparse]]


@dataclass(frozen=True)
class Grounds:
    """The parts of a library. `retrievers` makes those of another index; `fetch` reads a file of this machine;
    `meant` says what stands in for the words that no passage has; `depth` is how many candidates hybrid search
    takes from each list; `shown` goes to the chat model."""

    catalog: Catalog
    index: Index
    embedder: Embedder
    prepare: Prepare
    retrievers: Callable[[Index, Lookup], Mapping[Mode, Retriever]]
    keywords: Keywords
    meant: Callable[[Query], Mapping[str, str]]
    fetch: Callable[[Path], Blob]
    depth: int
    shown: int


@dataclass(frozen=True)
class Asked:
    """A question put to a library: `search` is the library's own, `narrow` resolves a filter that an index
    cannot express, `local` allows reading any file that a document says it came from."""

    query: Query
    search: Retriever
    narrow: Callable[[Query], Query | None]
    local: bool

    def rank(self, document_id: str, **other: object) -> int | None:
        """Run the question again with something else; return the 1-based rank of a document's best hit."""
        return rank_of(self.search(replace(self.query, **other)), document_id)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Case:
    """One question and one document that the library has."""

    grounds: Grounds
    asked: Asked
    entry: Entry
    text: str

    @property
    def query(self) -> Query:
        return self.asked.query

    @cached_property
    def scheme(self) -> Scheme:
        return "tfidf" if self.query.mode == "tfidf" else "bm25"

    @cached_property
    def depth(self) -> int:
        """Candidates that each list contributes in this mode."""
        return max(self.grounds.depth, self.query.limit) if self.query.mode == "hybrid" else self.query.limit

    @cached_property
    def hits(self) -> list[Hit]:
        return self.asked.search(self.query)

    @cached_property
    def rank(self) -> int | None:
        return rank_of(self.hits, self.entry.id)

    @cached_property
    def admitted(self) -> bool:
        """Whether the question's filter lets the document through."""
        return self.query.where is None or matches(self.entry.fields, self.query.where)

    @cached_property
    def where(self) -> Filter | None:
        """The filter as the index can express it, who asks included; without the question's own when that excludes
        the document anyway."""
        if self.query.where is None or not self.admitted:
            return reach(self.query.access)
        where = within(self.query).where
        try:
            self.grounds.index.dense(self._vector, 1, where)
        except Unsupported:
            narrowed = self.asked.narrow(self.query)
            return within(narrowed).where if narrowed else reach(self.query.access)
        return where

    @property
    def indexed(self) -> Query:
        """The question, with its filter as the index can express it."""
        return replace(self.query, where=self.where)

    @cached_property
    def passages(self) -> list[Passage]:
        """The document's passages, in order."""
        known = self.grounds.catalog.hits([one for one, _ in self.own_dense])
        return sorted((passage for passage, _ in known.values()), key=lambda passage: passage.start)

    @cached_property
    def own_dense(self) -> Scored:
        """The document's own passages by meaning, best first."""
        return nearest(self.grounds.index, self._vector, max(1, self.entry.passages), self._mine)

    @cached_property
    def own_keyword(self) -> Scored:
        """The document's own passages by words, best first; those that share a word only."""
        most = max(1, self.entry.passages)
        return self.grounds.index.lexical(self.words, most, self._mine, self.scheme)

    @cached_property
    def dense(self) -> Place:
        """Where its best passage is by meaning, in the whole list."""
        index = self.grounds.index
        return self._place("dense", self.own_dense, lambda n: nearest(index, self._vector, n, self.where))

    @cached_property
    def keyword(self) -> Place:
        """Where its best passage is by words, in the whole list."""
        index, text = self.grounds.index, self.words
        name = "keyword" if self.scheme == "bm25" else "tfidf"
        found = self.own_keyword
        return self._place(name, found, lambda n: index.lexical(text, n, self.where, self.scheme))

    @cached_property
    def best(self) -> Passage | None:
        """The passage that came nearest: by words if it shares any and words count, else by meaning."""
        wanted = self.own_dense if self.query.mode == "dense" or not self.own_keyword else self.own_keyword
        ids = {passage.id: passage for passage in self.passages}
        return next((ids[one] for one, _ in wanted if one in ids), None)

    @cached_property
    def words(self) -> str:
        """The question as keyword search looks for it: with known words for those that no passage has."""
        meant = self.grounds.meant(self.indexed) if self.query.mode in ("hybrid", "keyword") else {}
        return respelled(self.query.text, meant)

    @cached_property
    def asked_terms(self) -> set[str]:
        return set(self.grounds.keywords.asked(self.words))

    def shared(self, text: str) -> set[str]:
        """Return the question's terms that a text has."""
        return self.asked_terms.intersection(self.grounds.keywords.terms(text, self.entry.fields))

    def embedded(self, passage: Passage) -> str:
        """Return what is embedded and indexed of a passage."""
        return self.grounds.prepare.text(self.entry.title, passage)

    def weight(self, word: str) -> float:
        """Return what one word finds the document with: its keyword score, 0 when it finds nothing."""
        found = self.grounds.index.lexical(word, 1, self._mine, "bm25")
        return found[0][1] if found else 0.0

    @property
    def _mine(self) -> Filter:
        return In("id", (self.entry.id,))

    @cached_property
    def _vector(self) -> Vector:
        vector: Vector = self.grounds.embedder.embed([self.query.text], kind="query")[0]
        return vector

    def _place(self, name: str, own: Scored, listed: Callable[[int], Scored]) -> Place:
        if not own:
            return Place(name, None, None)
        ids, depth = {one for one, _ in own}, self.depth
        while True:
            found = listed(depth)
            rank = next((n for n, (one, _) in enumerate(found, 1) if one in ids), None)
            if rank or len(found) < depth or depth >= DEEPEST:
                return Place(name, rank, own[0][1])
            depth = min(DEEPEST, depth * 10)


def rank_of(hits: Sequence[Hit], document_id: str) -> int | None:
    """Return the 1-based rank of a document's best hit."""
    return next((n for n, hit in enumerate(hits, 1) if hit.passage.document_id == document_id), None)
