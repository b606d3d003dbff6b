"""Quoted phrases are exact."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citewell.model import Query
from citewell.phrases import holds, phrases
from citewell.retrieve import Candidate, Phrases
from tests.retrieve.shelf import found, opened

WORDS = st.lists(st.text("abcé漢 \n", min_size=1).filter(str.strip), min_size=1, max_size=3)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ('what is a "routing  table"?', ("routing table",)),
        ("what is a “Routing Table” and «NAT»", ("routing table", "nat")),
        ("was ist „Kalter Start“ genau", ("kalter start",)),
        ('请问"路由表"是什么', ("路由表",)),
        ('"a" and "a"', ("a",)),
        ('who wrote "Moby-Dick?" and “Emma.”', ("moby-dick", "emma")),
        ('it says "does *not* call `run()`"', ("does not call run()",)),
        ('an unmatched " quote', ()),
        ('an empty "" or "  " phrase', ()),
        ('a 24" monitor beside a 27" one', ()),
        ('what does `{"CPU": 0}` mean', ()),
        ("it's the users' own", ()),
    ],
)
def test_what_counts_as_a_quoted_phrase(question: str, expected: tuple[str, ...]) -> None:
    assert phrases(question) == expected


@given(WORDS)
def test_a_text_holds_what_is_quoted_from_it_however_spaces_and_case_fall(parts: list[str]) -> None:
    text = " ".join(parts)
    wanted = phrases(f'say "{text.upper()}" again')
    assert holds(f"before {text.replace(' ', chr(10) * 2)} after", wanted)


TEXTS = {
    "near": "The table for routing is kept in memory, and routing reads the table often.",
    "exact": "Every router keeps a\nRouting Table, which it reads for each packet that it forwards.",
    "other": "Routing is not hard, a table is not a chair, and tables are for rows.",
}


@pytest.mark.parametrize("mode", ["hybrid", "dense", "keyword", "tfidf"])
def test_only_passages_with_the_phrase_come_back_in_every_mode(tmp_path: Path, mode: str) -> None:
    filler = {f"f{n}": f"routing table notes {n}: table of routing, routing of table" for n in range(150)}
    with opened(tmp_path, TEXTS | filler) as library:
        assert len(found(library, "routing table", mode=mode)) == 10
        assert found(library, 'what is a "routing table, which"', mode=mode) == ["exact"]
        assert set(found(library, "a “routing table” please", mode=mode, limit=200)) == {"exact", *filler}
        assert found(library, '"a" "to be or not to be"', mode=mode) == []
        assert found(library, '"reads the table often" "routing"', mode=mode, limit=1) == ["near"]


def test_a_refusal_says_which_phrase_was_not_there(tmp_path: Path) -> None:
    with opened(tmp_path, TEXTS) as library:
        answer = library.ask(Query('what is a "quantum routing table"?'))
    assert answer.verdict == "refused"
    assert "“quantum routing table”" in answer.text


def test_a_phrase_far_below_is_found_by_its_words_and_scores_never_rise() -> None:
    texts = {str(n): f"nothing {n}" for n in range(12_000)}
    texts |= {"far": "deep down is the magic word", "near": "magic word"}
    asked: list[int] = []

    def inner(query: Query) -> list[Candidate]:
        asked.append(query.limit)
        return [Candidate(str(n), 1 - n / 20_000, ()) for n in range(query.limit)]

    def words(query: Query) -> list[Candidate]:
        assert query.text == "magic word"
        return [Candidate("far", 17.0, ())]

    def only(names: Sequence[str]) -> dict[str, str]:
        return {name: texts[name] for name in names}

    assert Phrases(inner, words, only)(Query('a "magic word"')) == [Candidate("far", 17.0, ())]
    assert asked == [100, 1000]  # ten times deeper nothing more came up
    near = Candidate("near", 0.5, ())
    found = Phrases(lambda query: [near], words, only)(Query('"magic word"'))
    assert found == [near, Candidate("far", 0.5, ())]
