"""Sentences are exact spans that respect structure."""

from hypothesis import given
from hypothesis import strategies as st

from citewell.answer.sentences import sentences, units

GUIDE = """Install
=======

To install it, run one command. It takes
a while, e.g. 5 min. on a laptop::

    pip install shelf

    shelf start. Then wait.

.. versionadded:: 2.1

.. code-block:: python
   :linenos:

   import shelf
   shelf.open()

- one item. With two
  sentences.
1. three

| a | b |
|---|---|
| 1. x | 2 |

## Next
```python
x = 1. y

z
```
"""


def kinds(text: str) -> list[tuple[str, str]]:
    return [(unit.kind, text[unit.start : unit.end]) for unit in units(text)]


def test_prose_is_split_at_sentence_ends_but_not_at_abbreviations() -> None:
    text = "Dr. Weir paid $3.50 in Jan. 2004, i.e. early. She left.  He stayed!"
    assert [text[a:b] for a, b in sentences(text)] == [
        "Dr. Weir paid $3.50 in Jan. 2004, i.e. early.",
        "She left.",
        "He stayed!",
    ]


def test_dotted_names_of_code_are_not_sentence_ends() -> None:
    text = "Call :meth:`~shelf.data.Dataset.map`. Use shelf.data.Table, or `a. B`. Done."
    assert [text[a:b] for a, b in sentences(text)] == [
        "Call :meth:`~shelf.data.Dataset.map`.",
        "Use shelf.data.Table, or `a. B`.",
        "Done.",
    ]


def test_headings_items_rows_and_code_are_units_of_their_own() -> None:
    found = kinds(GUIDE)
    assert ("heading", "Install\n=======") in found
    assert ("paragraph", "It takes\na while, e.g. 5 min. on a laptop::") in found
    assert ("code", "    pip install shelf\n\n    shelf start. Then wait.") in found
    assert ("other", ".. versionadded:: 2.1") in found
    assert ("code", "   import shelf\n   shelf.open()") in found
    assert ("item", "With two\n  sentences.") in found
    assert ("item", "three") in found
    assert ("row", "| 1. x | 2 |") in found
    assert ("code", "```python\nx = 1. y\n\nz\n```") in found


def test_a_quotation_that_never_ends_does_not_make_one_sentence_of_a_page() -> None:
    said = (
        "They spoke of `` the mill and the river . "
        + "The mill was sold again . " * 40
        + "Nobody asked why ."
    )
    assert max(end - start for start, end in sentences(said)) < 60


def test_a_menu_without_stops_is_parted_at_its_lines_and_a_wrapped_sentence_is_not() -> None:
    menu = "\n".join(f"Chapter {n} of the Guide" for n in range(40))
    assert len(sentences(menu)) == 40
    assert len(sentences("It takes\na while on\na small laptop.")) == 1


@given(st.text(st.sampled_from("ab. \n`-#|=>1)A!\ud800é:") | st.characters(), max_size=300))
def test_spans_are_in_order_apart_and_never_blank(text: str) -> None:
    last = 0
    for start, end in sentences(text):
        assert last <= start < end <= len(text)
        assert text[start:end].strip()
        last = end


@given(st.lists(st.from_regex(r"[A-Z][a-z]{2,8} [a-z]{2,8}\.", fullmatch=True), min_size=1, max_size=6))
def test_no_word_of_plain_prose_is_lost(parts: list[str]) -> None:
    text = " ".join(parts)
    assert "".join(text[a:b] for a, b in sentences(text)).replace(" ", "") == text.replace(" ", "")
