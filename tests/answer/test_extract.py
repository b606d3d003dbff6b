"""`extract` quotes the sentences that answer, verbatim, and is silent when nothing answers."""

import asyncio

import pytest
from shelf import hit, shelf

from citewell.answer import answer_of, judge, prompt_of
from citewell.answer.extract import Extract
from citewell.model import Answer, Found, Hit, Query

QUESTIONS = [
    ("Who built the lighthouse on Corran Point?", "Agnes Mallory"),
    ("How tall is the tower of the lighthouse?", "38 metres"),
    ("When was the lamp converted to electricity?", "1931"),
    ("How long does the ferry to Inish Rua take?", "45 minutes"),
    ("How many entries does the cache hold?", "12,500"),
    ("Are dogs allowed in the tower?", "dogs are not allowed"),
]
FOREIGN = [
    "Who won the chess championship in Oslo?",
    "How do I bake sourdough bread?",
    "What is the boiling point of mercury?",
    "Which enzyme unwinds DNA during replication?",
]


def ask(question: str, hits: list[Hit]) -> Answer:
    query = Query(question)

    async def drain() -> str:
        return "".join([delta.text async for delta in Extract().stream(prompt_of(Found(query, tuple(hits))))])

    return answer_of(query, hits, asyncio.run(drain()), (3, 3), judge(question, hits).likely)


@pytest.mark.parametrize(("question", "expected"), QUESTIONS)
def test_the_first_quote_answers(question: str, expected: str) -> None:
    answer = ask(question, shelf())
    assert answer.verdict == "answered"
    assert expected in answer.citations[0].quote
    assert answer.text.startswith(answer.citations[0].quote + " [1]")
    assert answer.confidence > 0.5


@pytest.mark.parametrize("question", FOREIGN)
def test_a_question_that_the_documents_do_not_answer_is_refused(question: str) -> None:
    answer = ask(question, shelf())
    assert answer.verdict == "refused"
    assert answer.citations == ()
    assert "3 documents (3 passages, hybrid search)" in answer.text


def test_a_how_to_answer_brings_the_code_that_follows() -> None:
    answer = ask("How do I enable the cache?", shelf())
    assert answer.verdict == "answered"
    assert "```\n    [cache]\n    cache_size = 64\n```" in answer.text
    assert answer.citations[1].quote == "    [cache]\n    cache_size = 64"


def test_a_sentence_that_announces_a_list_brings_the_list() -> None:
    text = (
        "Three kinds of boats serve the islands:\n\n- The ferry.\n- The mail boat.\n- A barge.\n\nAll float."
    )
    answer = ask("What kinds of boats serve the islands?", [hit(text, "Boats")])
    assert answer.text.startswith(
        "Three kinds of boats serve the islands: [1]\n- The ferry. [2]\n- The mail boat. [3]\n- A barge. [4]"
    )
    assert answer.unsupported == ()


def test_headings_directives_and_bare_links_are_never_quoted() -> None:
    text = """Enable the cache
================

.. versionadded:: 2.0 enable the cache

- `Enable the cache <#cache>`_
- [Enable the cache](#cache)
- Enable the cache ........ 12

Enable the cache with the switch ``--cache`` at the start."""
    answer = ask("How do I enable the cache?", [hit(text, "Manual")])
    assert [one.quote for one in answer.citations] == [
        "Enable the cache with the switch ``--cache`` at the start."
    ]


def test_the_same_sentence_in_two_documents_is_quoted_once() -> None:
    text = "The harbour of Kilbeg is closed between November and March."
    answer = ask("When is the harbour of Kilbeg closed?", [hit(text, "Notice"), hit(text, "Copy of notice")])
    assert len(answer.citations) == 1


def test_no_hits_no_answer() -> None:
    assert ask("Anything?", []).verdict == "refused"
