"""What goes over the wire comes back equal."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citewell import errors, filters, wire
from citewell.incoming import Added
from citewell.model import (
    Answer,
    Citation,
    Delta,
    Document,
    Done,
    Entry,
    Event,
    Hit,
    HitsFound,
    Passage,
    Stage,
    Usage,
)
from citewell.prompted import PromptUsed
from citewell.why import Change, Explained, Followed, Place, Why

ENTRY = Entry(
    "a/ü.md", 2, "T", "s", "text/markdown", {"n": 1, "tags": ("x", "y"), "no": None}, 1, 9, "t0", "t1"
)
PASSAGE = Passage("p", "a/ü.md", 2, "text “q”", 0, 8, "A > B", 3, 4, "ctx")
HIT = Hit(PASSAGE, ENTRY, 0.5, (Stage("dense", 1, 0.9), Stage("keyword", 2, 7.0)))
CITATION = Citation(1, "a/ü.md", 2, 0, 4, "text", "T", "A > B", "s", 3, None)
ANSWER = Answer(
    "text [1]", (CITATION,), ("other",), (HIT,), Usage(3, 4), "partial", 0.5, "extract", {"total": 0.1}
)
PROMPTED = replace(ANSWER, prompt=PromptUsed("answer", 2, "0123456789ab"), reasoning="It says so.")


def sent(value: object) -> dict[str, object]:
    found = json.loads(json.dumps(value))
    assert isinstance(found, dict)
    return found


def test_answers_entries_and_hits_come_back_equal() -> None:
    assert wire.load_answer(sent(wire.dump(ANSWER))) == ANSWER
    assert wire.load_answer(sent(wire.dump(PROMPTED))) == PROMPTED
    assert wire.load_entry(sent(wire.dump(ENTRY))) == ENTRY
    assert wire.load_hit(sent(wire.dump(HIT))) == HIT
    added = Added("a", 1, 2, 3, "added")
    assert wire.load_added(sent(wire.dump(added))) == added


def test_an_explanation_comes_back_equal() -> None:
    place, change = Place("dense", None, 0.5), Change("ask for more", {"limit": 12, "where": None}, 12)
    followed = Followed("a", "Lost.", "fused", None, (place, Place("keyword", 3, 2.5)), (change,), ("b",))
    why = Why("q", "hybrid", 10, 8, (Explained(HIT, "by meaning: 1st"),), followed)
    assert wire.load_why(sent(wire.dump(why))) == why
    bare = Why("q", "dense", 1, 8)
    assert wire.load_why(sent(wire.dump(bare))) == bare


def test_a_document_comes_back_without_its_blocks() -> None:
    document = Document(ENTRY.id, "text", ENTRY.title, ENTRY.fields, ENTRY.source, ENTRY.media_type)
    assert wire.load_document(sent(wire.dump_document(ENTRY, document))) == (ENTRY, document)


@pytest.mark.parametrize(
    "event", [HitsFound((HIT,)), Delta("x"), Delta("", Usage(1, 2)), CITATION, Done(ANSWER)], ids=repr
)
def test_events_come_back_equal(event: Event) -> None:
    name, data = wire.dump_event(event)
    assert wire.load_event(name, sent(data)) == event


def test_members_that_a_newer_server_adds_are_ignored() -> None:
    assert wire.load_entry({**sent(wire.dump(ENTRY)), "colour": "red"}) == ENTRY


@pytest.mark.parametrize(
    "error",
    [
        errors.BadInput("wrong 'x'; do y"),
        errors.Unreadable("a.pdf", "is encrypted"),
        errors.NotFound("none"),
        errors.ProviderError("busy", retryable=True),
        errors.InUse("held"),
    ],
    ids=repr,
)
def test_an_error_comes_back_as_the_same_class_with_the_same_message(error: errors.CitewellError) -> None:
    found = wire.load_error(sent(wire.dump_error(error)))
    assert type(found) is type(error)
    assert str(found) == str(error)
    assert getattr(found, "retryable", None) == getattr(error, "retryable", None)


@pytest.mark.parametrize("problem", [{}, {"code": "sys"}, {"code": "annotations", "detail": "x"}])
def test_a_problem_that_is_none_of_ours_is_still_an_error(problem: dict[str, str]) -> None:
    assert type(wire.load_error(problem)) is errors.CitewellError


names = st.text("ab_ '.É", min_size=1, max_size=6).filter(lambda name: name.strip() == name)
ordered = st.one_of(
    st.text(max_size=8).filter(lambda text: "\0" not in text),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
)
scalars = st.one_of(ordered, st.booleans())
leaves = st.one_of(
    st.builds(filters.Compare, names, st.just("="), scalars),
    st.builds(filters.Compare, names, st.sampled_from(["<", "<=", ">", ">="]), ordered),
    st.builds(filters.In, names, st.lists(scalars, min_size=1, max_size=3).map(tuple)),
    st.builds(filters.Like, names, st.text("a%_'\\", max_size=5)),
    st.builds(filters.IsNull, names),
)
ROW = {"a": 1, "b": "x", "ab": ("a", "b"), "b_": True, "É": 2.5}


@given(leaves)
def test_a_condition_written_as_sql_parses_to_itself(where: filters.Filter) -> None:
    assert filters.parse(wire.dump_where(where)) == where


@given(
    st.recursive(
        leaves,
        lambda part: st.one_of(
            st.builds(filters.Not, part),
            st.lists(part, min_size=2, max_size=3).map(tuple).map(filters.And),
            st.lists(part, min_size=2, max_size=3).map(tuple).map(filters.Or),
        ),
        max_leaves=6,
    )
)
def test_a_filter_written_as_sql_means_the_same(where: filters.Filter) -> None:
    again = filters.parse(wire.dump_where(where))
    assert filters.matches(ROW, again) == filters.matches(ROW, where)
    assert filters.matches(ROW, filters.Not(again)) == filters.matches(ROW, filters.Not(where))
