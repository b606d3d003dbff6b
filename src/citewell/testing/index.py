"""What every index must do, as tests to inherit: `class TestMine(IndexContract)` with a fixture `store`.

    class TestMine(IndexContract):
        @pytest.fixture(scope="class")
        @classmethod
        def store(cls):
            return lambda name, dimensions: MyIndex(name, dimensions)

`store(name, dimensions)` opens the index of that name, with what it held when it was closed. Needs pytest and
hypothesis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import ClassVar, Final, TypeAlias

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citewell.errors import BadInput, Unsupported
from citewell.filters import Filter, In, parse
from citewell.model import Fields, Point
from citewell.protocols import Index, Scored
from citewell.testing import drawn
from citewell.testing.against import expected, filled, overlap, overlap_of_words, passing
from citewell.testing.made import WORDS, Made
from citewell.testing.oracle import Oracle

Store: TypeAlias = Callable[[str, int], Index]
DIMENSIONS: Final = 32
MANY: Final = 10_000
BATCH: Final = 500
ESSENTIAL: Final = (
    "a = 'x'", "a != 'x'", "a = 1", "a != 0.1", "a < 2", "a <= 1", "a > 0", "a >= 0.1", "a = TRUE", "a != FALSE",
    "a BETWEEN 0 AND 2", "a IN ('x', 1, FALSE)", "a NOT IN ('x', 'y')", "'x' = ANY(a)", "a IS NULL", "a IS NOT NULL",
    "NOT (a = 'x' OR b IS NULL)", "\"odd name\" = 'x' AND NOT b = 'é'", "größe = '日本' OR \"it's\" = 'x'",
)  # fmt: skip
"""Filters that every store can express."""
RELAXED: Final = settings(
    deadline=None, suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow]
)


class IndexContract:
    """Results equal brute force, filters mean what `matches` says, writes are seen at once, mistakes are clear."""

    tolerance: ClassVar[float] = 2e-3
    """How far a score may be from the exact one: float16 vectors and weights are near enough."""
    recall: ClassVar[float] = 0.95
    """Of the exact ten nearest among 10,000, after `optimize`."""
    threads: ClassVar[int] = 8
    """That share it."""
    expresses: ClassVar[Sequence[str]] = ESSENTIAL
    """Filters that must not be Unsupported; add what the store can do besides."""

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls) -> Store:
        """Override this: what opens the index of a name, for vectors of so many dimensions."""
        raise NotImplementedError("an index contract needs a fixture `store`")

    @pytest.fixture(scope="class")
    @classmethod
    def rows(cls, store: Store) -> Iterator[tuple[Index, Oracle]]:
        """An index with metadata of every kind."""
        with closing(store("rows", DIMENSIONS)) as index:
            yield filled(index, Made(DIMENSIONS).points(drawn.rows_of_all_kinds()))

    @pytest.fixture(scope="class")
    @classmethod
    def random(cls, store: Store) -> Iterator[Index]:
        """An index that is emptied for each example."""
        with closing(store("random", DIMENSIONS)) as index:
            yield index

    @pytest.fixture
    def index(self, store: Store, request: pytest.FixtureRequest) -> Iterator[Index]:
        """An index of its own for each test."""
        with closing(store(request.node.name[5:45].strip("_"), DIMENSIONS)) as index:
            yield index

    # -- results ------------------------------------------------------------------------------------

    def test_dense_search_finds_what_brute_force_finds(self, rows: tuple[Index, Oracle]) -> None:
        index, oracle = rows
        for vector in Made(DIMENSIONS, 11).vectors(20):
            for limit in (1, 10, 10_000):
                self.same(index.dense(vector, limit, None), oracle.dense(vector, 10_000, None), limit)

    def test_keyword_search_scores_as_our_own_bm25_and_tfidf_do(self, rows: tuple[Index, Oracle]) -> None:
        index, oracle = rows
        made = Made(DIMENSIONS, 11)
        for text in [*(made.text(4) for _ in range(20)), WORDS[0], f"{WORDS[0]} {WORDS[0]} {WORDS[300]}"]:
            for scheme in ("bm25", "tfidf"):
                for limit in (1, 10, 10_000):
                    expected = oracle.lexical(text, 10_000, None, scheme)
                    self.same(index.lexical(text, limit, None, scheme), expected, limit)

    def test_filtered_keyword_search_weighs_words_as_the_unfiltered_does(
        self, rows: tuple[Index, Oracle]
    ) -> None:
        index, oracle = rows
        made = Made(DIMENSIONS, 12)
        for where in map(parse, self.expresses[:8]):
            text = made.text(3)
            expected = oracle.lexical(text, 10_000, where, "bm25")
            self.same(index.lexical(text, 10, where, "bm25"), expected, 10)

    def test_a_question_without_words_finds_nothing_by_words(self, rows: tuple[Index, Oracle]) -> None:
        index, _ = rows
        assert index.lexical("the of ??? ", 10, None, "bm25") == []
        assert index.lexical("wordthatnopassagehas", 10, None, "tfidf") == []

    def test_it_knows_its_words_and_how_many_passages_have_them(self, rows: tuple[Index, Oracle]) -> None:
        index, oracle = rows
        words = [WORDS[0], WORDS[40], "nopassagehasthis", "the"]
        held = [len(oracle.lexical(word, 10_000, None, "bm25")) for word in words]
        assert index.knows(words) == [held[0] > 0, held[1] > 0, False, True]
        assert index.frequencies(words[:3], 10_000, None) == held[:3]
        assert index.frequencies(words, 2, None) == [min(2, held[0]), min(2, held[1]), 0, 2]
        where = parse("a = 'x'")
        filtered = [len(oracle.lexical(word, 10_000, where, "bm25")) for word in words[:3]]
        assert index.frequencies(words[:3], 10_000, where) == filtered

    def test_what_has_no_words_is_found_by_meaning_only_and_weighs_on_no_word(self, index: Index) -> None:
        made = Made(DIMENSIONS)
        rows = made.vectors(40)
        points = [made.point(row, {}) for row in rows[:20]]
        further = [made.point(row, {}, text="") for row in rows[20:]]
        _, oracle = filled(index, points + further)
        assert {one for one, _ in index.dense(rows[0], 100, None)} == set(oracle.points)
        self.same(
            index.lexical(WORDS[0], 100, None, "bm25"), oracle.lexical(WORDS[0], 100, None, "bm25"), 100
        )

    # -- filters ------------------------------------------------------------------------------------

    def test_every_operator_means_what_matches_says(self, rows: tuple[Index, Oracle]) -> None:
        index, oracle = rows
        for text in self.expresses:
            assert passing(index, parse(text)) == expected(oracle, parse(text)), text

    @settings(RELAXED, max_examples=100)
    @given(tree=drawn.filters)
    def test_random_filters_mean_what_matches_says(self, rows: tuple[Index, Oracle], tree: Filter) -> None:
        index, oracle = rows
        try:
            assert passing(index, tree) == expected(oracle, tree)
        except Unsupported:
            return

    @settings(RELAXED, max_examples=15)
    @given(
        metadata=st.lists(drawn.metadata, min_size=1, max_size=6),
        trees=st.lists(drawn.filters, min_size=5, max_size=5),
    )
    def test_random_metadata_is_filtered_as_matches_says(
        self, random: Index, metadata: list[dict[str, object]], trees: list[Filter]
    ) -> None:
        random.drop(list(random.ids()))
        _, oracle = filled(random, Made(DIMENSIONS).points(metadata))
        for tree in trees:
            try:
                assert passing(random, tree) == expected(oracle, tree), tree
            except Unsupported:
                continue

    def test_document_ids_of_any_letters_can_be_named(self, index: Index) -> None:
        ids = [
            "größe/水.md",
            '🦊 fox\'s "den".md',
            "a\\b%_*[0]",
            "é",
            "e\u0301",
            "'; DROP TABLE x; --",
            "x" * 900,
        ]
        _, oracle = filled(index, Made(DIMENSIONS).points([{"id": one} for one in ids]))
        for one in ids:
            assert passing(index, In("id", (one,))) == expected(oracle, In("id", (one,)))
        many = In("id", tuple(ids) + tuple(f"other {n}" for n in range(9_990)))
        assert passing(index, many) == set(oracle.points)

    # -- writes -------------------------------------------------------------------------------------

    def test_a_write_is_seen_by_the_next_call(self, index: Index) -> None:
        made = Made(DIMENSIONS)
        for point in made.points([{"n": n} for n in range(20)]):
            index.put([point])
            assert index.dense(point.vector, 1, None)[0][0] == point.id
            assert point.id in {one for one, _ in index.lexical(point.text, 100, None, "bm25")}
            assert point.id in set(index.ids())
        assert index.count() == 20
        index.drop([point.id])
        assert point.id not in {one for one, _ in index.dense(point.vector, 100, None)}
        assert point.id not in {one for one, _ in index.lexical(point.text, 100, None, "bm25")}
        assert point.id not in set(index.ids())
        assert index.count() == 19

    def test_a_put_replaces_all_of_a_point(self, index: Index) -> None:
        made = Made(DIMENSIONS)
        rows = made.vectors(2)
        before = made.point(rows[0], {"a": "x", "only before": True}, text="zebra")
        after = Point(before.id, before.document_id, rows[1], "giraffe", {"a": ("y", "z")})
        index.put([before])
        index.put([after])
        assert (index.count(), list(index.ids())) == (1, [before.id])
        assert index.dense(rows[1], 1, None)[0][1] == pytest.approx(1, abs=self.tolerance)
        assert index.lexical("zebra", 5, None, "bm25") == []
        assert [one for one, _ in index.lexical("giraffe", 5, None, "bm25")] == [before.id]
        assert passing(index, parse("a = 'z' AND \"only before\" IS NULL")) == {before.id}

    def test_fields_are_replaced_and_nothing_else(self, index: Index) -> None:
        points = Made(DIMENSIONS).points([{"id": "d", "a": "x", "b": 1}, {"id": "d", "a": "x"}, {"a": "x"}])
        _, oracle = filled(index, points)
        ids = [point.id for point in points[:2]]
        fields: Fields = {"id": "d", "a": False, "c": ("x", "é")}
        index.set_fields(ids, fields)
        oracle.set_fields(ids, fields)
        for text in ("a = 'x'", "a = FALSE", "b IS NULL", "c = 'é'", "id = 'd'"):
            assert passing(index, parse(text)) == expected(oracle, parse(text)), text
        text = points[0].text
        self.same(index.lexical(text, 3, None, "bm25"), oracle.lexical(text, 3, None, "bm25"), 3)

    def test_nothing_and_the_unknown_are_taken_calmly(self, index: Index) -> None:
        index.put([])
        index.drop([])
        index.drop(["00000000-0000-0000-0000-00000000ffff"])
        assert (index.count(), list(index.ids()), index.knows([]), index.frequencies([], 5, None)) == (
            0,
            [],
            [],
            [],
        )
        assert index.dense(Made(DIMENSIONS).vectors(1)[0], 5, None) == []
        assert index.lexical("zebra", 5, None, "bm25") == []
        index.flush()

    def test_what_was_flushed_is_there_when_it_is_opened_again(self, store: Store) -> None:
        made = Made(DIMENSIONS)
        points = made.points([{"n": n, "lang": "de" if n == 3 else "en"} for n in range(30)])
        german = made.point(made.vectors(1)[0], {"lang": "de"}, text="Die Einstellungen der Verbindungen")
        with closing(store("again", DIMENSIONS)) as index:
            filled(index, [*points, german])
            index.drop([points[0].id])
            index.flush()
        with closing(store("again", DIMENSIONS)) as index:
            assert set(index.ids()) == {point.id for point in [*points[1:], german]}
            assert index.languages() == ("en", "de")
            assert [one for one, _ in index.lexical("Verbindung", 3, None, "bm25")] == [german.id]
            assert index.knows(["verbindung", "nopassagehasthis"]) == [True, False]
            assert len(passing(index, parse("n < 10"))) == 9

    def test_ten_thousand_upserts_leave_ten_thousand_points_and_the_nearest_are_found(
        self, store: Store
    ) -> None:
        made, oracle = Made(DIMENSIONS), Oracle()
        with closing(store("many", DIMENSIONS)) as index:
            points = made.points([{"n": n % 50} for n in range(MANY)])
            for at in range(0, MANY, BATCH):
                index.put(points[at : at + BATCH])
            again = [Point(p.id, p.document_id, made.vectors(1)[0], p.text, p.fields) for p in points[:BATCH]]
            index.put(again)
            oracle.put(points)
            oracle.put(again)
            assert index.count() == MANY == len(set(index.ids()))
            index.flush()
            index.optimize()
            assert overlap(index, oracle, made) >= self.recall
            # Half of them go, others come: what is left is ranked as before.
            index.drop([point.id for point in points[: MANY // 2]])
            oracle.drop([point.id for point in points[: MANY // 2]])
            more = made.points([{"n": n % 50} for n in range(MANY // 2)])
            for at in range(0, len(more), BATCH):
                index.put(more[at : at + BATCH])
            oracle.put(more)
            assert index.count() == MANY
            assert overlap(index, oracle, made) >= 0.9
            assert overlap(index, oracle, made, parse("n = 7")) >= 0.9
            assert overlap_of_words(index, oracle, made) >= 0.9

    def test_threads_may_share_it(self, index: Index) -> None:
        made = Made(DIMENSIONS)
        points = made.points([{"n": n} for n in range(400)])
        filled(index, points[:200])

        def work(at: int) -> bool:
            if at % 4 == 0:
                index.put(points[200 + at : 204 + at])
            found = index.dense(points[at].vector, 3, None)
            return points[at].id in {one for one, _ in found} and bool(index.knows([WORDS[0]]))

        with ThreadPoolExecutor(self.threads) as pool:
            assert all(pool.map(work, range(200)))
        assert index.count() == 400

    # -- mistakes -----------------------------------------------------------------------------------

    def test_a_vector_of_another_length_is_refused_in_one_clear_line(self, index: Index) -> None:
        made = Made(DIMENSIONS)
        (good,) = made.points([{}])
        wrong = Point(good.id, good.document_id, np.ones(DIMENSIONS + 1, np.float32), good.text, good.fields)
        for call in (lambda: index.put([good, wrong]), lambda: index.dense(wrong.vector, 1, None)):
            with pytest.raises(BadInput, match=rf"{DIMENSIONS}\b.*{DIMENSIONS + 1}\b"):
                call()
        assert index.count() == 0

    def test_it_says_what_it_is_and_where_idf_comes_from(self, index: Index) -> None:
        health = index.health()
        assert all((health.store, health.scorer, health.idf))

    def same(self, found: Scored, exact: Scored, limit: int) -> None:
        """Scores are exact within the tolerance, in order, and nothing better was left out; ties in any order."""
        scores = dict(exact)
        assert len({one for one, _ in found}) == len(found) == min(limit, len(exact))
        for one, score in found:
            assert score == pytest.approx(scores[one], abs=self.tolerance, rel=self.tolerance)
        assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
        if found:
            least = exact[len(found) - 1][1]
            assert min(scores[one] for one, _ in found) >= least - self.tolerance * (1 + abs(least))
