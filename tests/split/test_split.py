"""Where passages begin and end."""

import pytest

from citewell.model import Document
from citewell.split import embedded_text, split
from tests.split.words import count, document, texts

A = (("heading", "# A", 1), ("paragraph", "One."))
B = (("heading", "# B", 1), ("paragraph", "Two."))


def words(number: int, word: str = "word") -> str:
    return " ".join([word] * number)


def test_a_passage_never_crosses_a_heading() -> None:
    found = document(
        ("heading", "# A", 1), ("paragraph", "One."), ("heading", "# B", 1), ("paragraph", "Two.")
    )
    assert texts(found, split(found, count=count)) == ["# A\n\nOne.", "# B\n\nTwo."]


def test_a_heading_without_text_goes_with_its_subheading() -> None:
    found = document(("heading", "# A", 1), ("heading", "## B", 2), ("paragraph", "One."))
    spans = split(found, count=count)
    assert texts(found, spans) == ["# A\n\n## B\n\nOne."]
    assert [span.heading for span in spans] == ["A > B"]


def test_a_heading_without_text_stands_alone_before_its_sibling() -> None:
    found = document(("heading", "## A", 2), ("heading", "## B", 2), ("paragraph", "One."))
    assert [span.heading for span in split(found, count=count)] == ["A", "B"]


def test_the_heading_path_leaves_the_title_out() -> None:
    found = document(
        ("heading", "# Guide", 1), ("heading", "## Install", 2), ("paragraph", "Do it."), title="Guide"
    )
    assert [span.heading for span in split(found, count=count)] == ["Install"]


def test_neighbouring_paragraphs_are_packed_up_to_the_size() -> None:
    found = document(*[("paragraph", words(15))] * 4)
    assert [len(text.split()) for text in texts(found, split(found, count=count, tokens=40))] == [30, 30]


def test_a_list_stays_together_when_it_fits() -> None:
    found = document(("paragraph", words(25)), *[("item", f"- {words(9)}")] * 3)
    assert [text.split()[0] for text in texts(found, split(found, count=count, tokens=40))] == ["word", "-"]


def test_what_introduces_code_stays_with_it() -> None:
    found = document(
        ("paragraph", words(25)), ("paragraph", "Call it like this:"), ("code", words(20, "call()"))
    )
    assert texts(found, split(found, count=count, tokens=40))[1].startswith("Call it like this:")


def test_a_long_paragraph_is_cut_at_sentence_ends() -> None:
    found = document(("paragraph", " ".join([f"{words(9)} end."] * 10)))
    assert all(text.endswith("end.") for text in texts(found, split(found, count=count, tokens=45)))


def test_long_code_is_cut_at_blank_lines() -> None:
    found = document(("code", "\n\n".join([f"def f():\n    {words(13)}"] * 6)))
    assert all(text.startswith("def f():") for text in texts(found, split(found, count=count, tokens=40)))


def test_the_later_rows_of_a_table_carry_its_header() -> None:
    found = document(("row", "| name | size |"), *[("row", f"| a{n} | {n} |") for n in range(40)])
    spans = split(found, count=count, tokens=40)
    assert len(spans) > 3
    assert [span.context for span in spans] == [""] + ["| name | size |"] * (len(spans) - 1)
    assert all(text.endswith("|") and text.startswith("|") for text in texts(found, spans))


def test_a_word_without_end_is_cut_between_characters() -> None:
    found = Document("one", "x" * 10_000)
    assert max(map(len, texts(found, split(found, count=count, tokens=100)))) <= 1600


def test_lines_are_counted_from_one() -> None:
    found = document(
        ("heading", "# A", 1), ("paragraph", "One."), ("heading", "# B", 1), ("paragraph", "Two.")
    )
    assert [span.line for span in split(found, count=count)] == [1, 5]


def test_an_empty_document_has_no_passages() -> None:
    assert split(Document("one", ""), count=count) == []
    assert split(Document("one", " \n\n\t"), count=count) == []


def test_title_heading_and_header_stand_in_front_of_what_is_embedded() -> None:
    assert embedded_text("Guide", "A > B", "name | size", "x | 1") == "Guide > A > B\nname | size\nx | 1"
    assert embedded_text("", "", "", "text") == "text"


def test_a_long_prefix_keeps_the_innermost_heading() -> None:
    front = embedded_text("Title " * 50, f"{'Outer ' * 100}> Inner", "", "text").splitlines()[0]
    assert front.startswith("Title Title")
    assert front.endswith("> Inner")
    assert count([front])[0] <= 64


@pytest.mark.parametrize("label", [".. _b:", ".. _b:\n.. _c:", "(b)="])
def test_a_label_goes_with_the_heading_that_it_names(label: str) -> None:
    found = document(*A, ("other", label), *B)
    assert texts(found, split(found, count=count)) == ["# A\n\nOne.", f"{label}\n\n# B\n\nTwo."]
