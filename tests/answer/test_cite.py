"""A citation exists only if its quote is found and says what the sentence says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shelf import CACHE, FERRY, LIGHTHOUSE, hit, shelf

from citewell.answer import answer_of, cite, verdict
from citewell.answer.prompt import REFUSAL
from citewell.model import Query

TEXTS = {"Corran Point": "\n" * 100 + LIGHTHOUSE, "Server settings": CACHE, "Ferries": FERRY}

SUPPORTED = [
    (
        "Agnes Mallory built the lighthouse on Corran Point in March 1874 [1].",
        "in March 1874 by the engineer",
    ),
    ("The tower is 38 metres tall and has 212 steps [1].", "Its tower is"),
    ("The cache holds at most 12500 entries and keeps each for 30 seconds [2].", "It holds 12,500"),
    ("Dogs are not allowed inside the tower [1].", "dogs are not allowed"),
    ("The lamp was “converted from oil to electricity” in 1931 [1].", "The lamp was converted"),
    ("Set `cache_size` in the configuration file to enable the cache [2].", "To enable the cache"),
    ("Children pay 9 euros for a return ticket, adults 18 euros [3].", "A return ticket"),
]

INVENTED = {
    "a swapped number": "The tower is 212 metres tall and holds 38 steps [1].",
    "a wrong number": "The cache holds 15,000 entries at most [2].",
    "a wrong year": "The lamp was converted from oil to electricity in 1913 [1].",
    "a number of something else": "A return ticket costs 9 euros for adults [3].",
    "a negation dropped": "Restarting the server does clear the cache [2].",
    "a negation flipped": "Dogs are allowed inside the tower [1].",
    "a negation added": "The lamp was never converted from oil to electricity [1].",
    "an opposite": "The cache is enabled by default [2].",
    "an invented source": "According to the Harbour Gazette, the ferry takes 45 minutes [3].",
    "another person": "The company was founded by Agnes Mallory after the old bridge fell into the sea [3].",
    "a fabricated quotation": 'The keeper said "the lamp was converted against my will" in 1931 [1].',
    "an invented option": "Set `cache_limit` in the configuration file to enable the cache [2].",
    "knowledge from elsewhere": "Lighthouses guide ships at night [1].",
}


@pytest.mark.parametrize(("text", "quote"), SUPPORTED)
def test_a_faithful_sentence_is_cited_with_the_words_that_say_it(text: str, quote: str) -> None:
    cited = cite(text, shelf())
    assert cited.unsupported == ()
    assert len(cited.citations) == 1
    assert quote in cited.citations[0].quote


@pytest.mark.parametrize("text", INVENTED.values(), ids=INVENTED.keys())
def test_an_invention_gets_no_citation(text: str) -> None:
    cited = cite(text, shelf())
    assert cited.citations == ()
    assert len(cited.unsupported) == 1
    assert "[" not in cited.text
    assert verdict(cited) == "refused"


def test_a_citation_says_where_its_quote_stands() -> None:
    (citation,) = cite("The lamp was converted from oil to electricity in 1931 [1].", shelf()).citations
    assert citation.document_id == "Corran Point"
    assert citation.version == 3
    assert TEXTS["Corran Point"][citation.start : citation.end] == citation.quote
    assert citation.line == 9


def test_citations_are_numbered_by_first_use_and_one_quote_has_one_number() -> None:
    text = "The cache is disabled by default [2]. It was never automated [1]. "
    text += "The cache is disabled by default [2]."
    cited = cite(text, shelf())
    assert cited.text.count("[1]") == 2
    assert cited.text.count("[2]") == 1
    assert [one.quote for one in cited.citations] == [
        "The cache is disabled by default.",
        "It was never automated.",
    ]


def test_a_wrong_mark_is_replaced_by_the_passage_that_says_it() -> None:
    cited = cite("The ferry to Inish Rua takes 45 minutes [1][9].", shelf())
    assert cited.text == "The ferry to Inish Rua takes 45 minutes [1]."
    assert cited.citations[0].document_id == "Ferries"


@pytest.mark.parametrize("mark", ["[0]", "[999]", "[-1]", "[١]", "[1](http://evil.example)", "[^1]", "【1】"])
def test_hostile_marks_neither_survive_nor_break_the_text(mark: str) -> None:
    cited = cite(f"The cache is disabled by default {mark}.", shelf())
    assert cited.text == "The cache is disabled by default [1]."
    assert cited.citations[0].document_id == "Server settings"


def test_brackets_in_code_are_code() -> None:
    cited = cite("Here is how:\n\n```\n[cache]\ncache_size = 64\n```\n[2]\n\nUse `argv[1]`.", shelf())
    assert "`argv[1]`" in cited.text
    assert cited.citations[0].quote == "    [cache]\n    cache_size = 64"


MARKS = ["[0]", "[999]", "[1][2]", "[1, 2]", "[-1]", "[١]", "[1-3]"]
NOISE = ["\n\n", "- ", "```\n", "`x[1]`", "Yes.", REFUSAL, '"', "**", "# Title\n", "\ud800", "ééééé"]
PIECES = st.sampled_from(
    [*(text for text, _ in SUPPORTED), *INVENTED.values(), *LIGHTHOUSE.split(". "), CACHE, *MARKS, *NOISE]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES | st.text(max_size=30), max_size=8).map(" ".join), st.permutations(shelf()))
def test_whatever_a_model_writes_every_quote_is_in_its_document(text: str, hits: list) -> None:  # type: ignore[type-arg]
    cited = cite(text, hits)
    assert [one.number for one in cited.citations] == list(range(1, len(cited.citations) + 1))
    for one in cited.citations:
        assert f"[{one.number}]" in cited.text
        assert TEXTS[one.document_id][one.start : one.end] == one.quote
        assert any(one.quote in shown.passage.text for shown in hits)


@settings(max_examples=100, deadline=None)
@given(
    st.text(st.sampled_from("Ab c.1\n-`|[]# \t"), min_size=1, max_size=200),
    st.text(max_size=20),
    st.integers(0, 9),
)
def test_quotes_are_exact_in_any_document(passage: str, before: str, number: int) -> None:
    document = before + passage
    for text in (passage, f"{passage} [{number}]", f"[{number}] {passage[::2]} [1]"):
        for one in cite(text, [hit(passage, "d", start=len(before))]).citations:
            assert document[one.start : one.end] == one.quote


def test_an_answer_with_one_unsupported_sentence_is_partial_and_lists_it() -> None:
    text = "The cache is disabled by default [2]. It was invented by Tom Brannigan [2]."
    answer = answer_of(Query("Is the cache on?"), shelf(), text, (3, 3))
    assert answer.verdict == "partial"
    assert answer.unsupported == ("It was invented by Tom Brannigan.",)


def test_the_refusal_phrase_of_a_model_becomes_our_refusal() -> None:
    answer = answer_of(
        Query("Who painted it?"), shelf(), f"{REFUSAL} The ferry takes 45 minutes [3].", (3, 4)
    )
    assert answer.verdict == "refused"
    assert answer.citations == ()
    assert "3 documents (4 passages, hybrid search)" in answer.text
    assert "Corran Point" in answer.text
