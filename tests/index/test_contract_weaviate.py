"""The adapter for Weaviate keeps the contract, by the official client, on a stub: not on Weaviate."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

pytest.importorskip("weaviate", reason="pip install 'citewell[weaviate]'")

from citewell.errors import BadInput
from citewell.filters import Filter, matches
from citewell.index import lexical
from citewell.index.constants import BM25_B, BM25_K1
from citewell.index.weaviate import WeaviateIndex
from citewell.language import language_of
from citewell.model import Point
from citewell.protocols import Index, Place, Scheme, Scored
from citewell.testing.index import DIMENSIONS, ESSENTIAL, IndexContract
from citewell.testing.made import WORDS, Made
from citewell.testing.oracle import Oracle
from tests.index.stubs.weaviate import StubWeaviate


class StoresOwn(Oracle):
    """By brute force, with the BM25 that Weaviate's source has: its length of a passage, and all points as N."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[str, Counter[str]] = {}

    def put(self, points: Sequence[Point]) -> None:
        super().put(points)
        for one in points:
            if one.text:
                self.counts[one.id] = Counter(lexical.analyse(one.text, language_of(one.fields)))

    def drop(self, ids: Sequence[str]) -> None:
        super().drop(ids)
        for one in ids:
            self.counts.pop(one, None)

    def lexical(self, text: str, limit: int, where: Filter | None, scheme: Scheme) -> Scored:
        average = sum(map(Counter.total, self.counts.values())) / max(1, len(self.counts))
        found: Counter[str] = Counter()
        for term, times in lexical.asked(text, self.languages()).items():
            holding = {one: counts[term] for one, counts in self.counts.items() if term in counts}
            idf = math.log(1 + (len(self.points) - len(holding) + 0.5) / (len(holding) + 0.5))
            for one, count in holding.items():
                norm = BM25_K1 * (1 - BM25_B + BM25_B * self.counts[one].total() / average)
                found[one] += times * idf * count / (count + norm)  # type: ignore[assignment]
        return [
            (one, float(score))
            for one, score in found.most_common()
            if where is None or matches(self.points[one].fields, where)
        ][:limit]


class TestStubbedWeaviate(IndexContract):
    """On the stub: nothing here says that Weaviate itself does the same."""

    expresses = (*ESSENTIAL, "a LIKE 'x'", "a LIKE '%'")

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def oracle(cls) -> Iterator[None]:
        """Words are compared with what Weaviate's own scorer should say."""
        with pytest.MonkeyPatch.context() as patch:
            for module in ("against", "index"):
                patch.setattr(f"citewell.testing.{module}.Oracle", StoresOwn)
            yield

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, weaviate: StubWeaviate) -> Callable[[str, int], Index]:
        return lambda name, dimensions: WeaviateIndex(Place(Path(), weaviate.url, name), dimensions)

    def test_keyword_search_scores_as_our_own_bm25_and_tfidf_do(self, rows: tuple[Index, Oracle]) -> None:
        """As Weaviate's BM25 does: it is not ours."""
        index, oracle = rows
        made = Made(DIMENSIONS, 11)
        for text in [*(made.text(4) for _ in range(20)), WORDS[0], f"{WORDS[0]} {WORDS[0]} {WORDS[300]}"]:
            for limit in (1, 10, 10_000):
                self.same(
                    index.lexical(text, limit, None, "bm25"),
                    oracle.lexical(text, 10_000, None, "bm25"),
                    limit,
                )

    def test_a_question_without_words_finds_nothing_by_words(self, rows: tuple[Index, Oracle]) -> None:
        index, _ = rows
        assert index.lexical("the of ??? ", 10, None, "bm25") == []
        assert index.lexical("wordthatnopassagehas", 10, None, "bm25") == []

    def test_there_is_no_tfidf(self, rows: tuple[Index, Oracle]) -> None:
        with pytest.raises(BadInput, match="mode keyword"):
            rows[0].lexical("zebra", 10, None, "tfidf")
