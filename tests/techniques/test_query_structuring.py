"""A question becomes a filter over fields that are there; it is shown, it can be edited, it never costs an answer."""

from __future__ import annotations

import pytest

from citewell import filters, wire
from citewell.library import Library
from citewell.model import Document, Query
from citewell.testing import ScriptedChat
from tests.scripted import Open, opened

__all__ = ["opened"]
QUESTION = "What do guides since 2023 say of the fan?"
SAID = "The fan is quiet [1]."


def filled(library: Library) -> Library:
    for year in (2021, 2023, 2024):
        fields = {"year": year, "product": "router", "tags": ("home", "fan"), "text": "x" * 60}
        library.add(Document(f"d{year}", f"The fan is quiet. Written in {year}.", fields=fields))
    return library


def asked(
    said: str, opened: Open, where: str | None = None, **settings: object
) -> tuple[ScriptedChat, Query, Library]:
    chat = ScriptedChat(*([said] if said else []), SAID)
    tree = filters.parse(where) if where else None
    return (
        chat,
        Query(QUESTION, where=tree, techniques=("query-structuring",)),
        filled(opened(chat, **settings)),
    )


@pytest.mark.parametrize(
    "said",
    [
        "year >= 2023",
        "WHERE year >= 2023;",
        "```sql\nyear >= 2023\n```",
        "`year >= 2023`",
        "Filter: year >= 2023\nThis keeps newer ones.",
    ],
)
def test_the_filter_is_applied_and_shown_and_comes_back_as_one_that_can_be_asked_with(
    opened: Open, said: str
) -> None:
    _, query, library = asked(said, opened)
    answer = library.ask(query)
    assert {hit.document.id for hit in answer.hits} == {"d2023", "d2024"}
    assert answer.where == '"year" >= 2023'
    assert answer.steps[0].did == 'where "year" >= 2023'
    assert filters.parse(answer.where) == filters.parse("year >= 2023")
    assert wire.load_answer(wire.dump(answer)).where == answer.where


@pytest.mark.parametrize(
    "said", ['product = "router" AND year > 2023', 'product IN ("router", "x") AND year > 2023']
)
def test_text_in_double_quotes_is_understood(opened: Open, said: str) -> None:
    _, query, library = asked(said, opened)
    assert {hit.document.id for hit in library.ask(query).hits} == {"d2024"}


def test_the_model_is_told_the_fields_that_there_are(opened: Open) -> None:
    chat, query, library = asked("NONE", opened)
    library.ask(query)
    told = chat.prompts[0].messages[-1].content
    assert "year (number): 2021, 2023, 2024" in told
    assert 'product (text): "router"' in told
    assert 'tags (text): "fan", "home"' in told
    assert "xxx" not in told
    assert "\nid (" not in told


@pytest.mark.parametrize(
    ("said", "did"),
    [
        ("NONE", "no filter"),
        ("none.", "no filter"),
        ("colour = 'red'", "no filter: the model wrote \"colour = 'red'\", and no document has 'colour'"),
        (
            "DROP TABLE documents",
            "no filter: the model wrote 'DROP TABLE documents', this filter cannot be read",
        ),
        ("year > 2030", 'where "year" > 2030; nothing is there, so searched without it'),
        ("\n", "no filter"),
    ],
)
def test_what_is_no_use_as_a_filter_is_left_out_and_said(opened: Open, said: str, did: str) -> None:
    _, query, library = asked(said, opened)
    answer = library.ask(query)
    assert answer.verdict == "answered"
    assert len(answer.hits) == 4
    assert answer.where == ""
    assert answer.steps[0].did.startswith(did)


def test_who_edits_the_filter_asks_again_with_it(opened: Open) -> None:
    chat, query, library = asked("", opened, where="year = 2021")
    answer = library.ask(query)
    assert [hit.document.id for hit in answer.hits] == ["d2021"]
    assert answer.where == '"year" = 2021'
    assert (answer.steps[0].did, answer.steps[0].calls) == ("the question has its own filter", 0)
    assert len(chat.prompts) == 1


def test_the_names_in_a_filter_are_those_of_its_fields() -> None:
    tree = filters.parse("a = 1 AND NOT (b IN (1) OR c LIKE 'x%') OR \"d e\" IS NULL")
    assert filters.names(tree) == {"a", "b", "c", "d e"}
