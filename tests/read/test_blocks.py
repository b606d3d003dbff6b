"""Blocks: exact, ordered, complete for any text; and what they say of real markup."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citewell.model import Block
from citewell.read.blocks import Syntax, blocks, sniff_syntax

SYNTAXES = st.sampled_from(("markdown", "rst", "plain", "code"))
MARKUP = r"""
# Head|## Sub|Title|=====|-----|~~~~|- item|  - nested|1. one|* a|```|~~~|    code|> quote|a | b
| a | b |
|-|-|
.. note::|   inside|.. code-block:: py|Example::|====  ===|+---+---+|+===+===+|.. _target:|:field: x|term
---|<div>|</div>|[a]: b|*open|`open|\|é|def f():|@d|***|+++
"""
SPACES = ("\t", "\x00", "\x0b", "\x0c", "\r", "\x85", "\u2028", "\ufeff")
FRAGMENTS = st.sampled_from((*MARKUP.split("\n"), *MARKUP.replace("\n", "|").split("|"), *SPACES))
MIXES = st.lists(st.tuples(FRAGMENTS, st.sampled_from(("\n", "\n\n", " ", "\n    ", "")))).map(
    lambda parts: "".join(a + b for a, b in parts)
)


def check(text: str, found: tuple[Block, ...]) -> None:
    at = 0
    for block in found:
        assert at <= block.start < block.end <= len(text)
        assert not text[at : block.start].strip()
        assert text[block.start : block.end].strip()
        assert block.kind != "heading" or (block.level >= 1 and block.title)
        at = block.end
    assert not text[at:].strip()


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(), MIXES), SYNTAXES)
def test_blocks_are_exact_ordered_spans_that_cover_all_text(text: str, syntax: Syntax) -> None:
    check(text, blocks(text, syntax))


def outline(text: str, syntax: Syntax) -> list[tuple[str, str]]:
    return [(block.kind, text[block.start : block.end]) for block in blocks(text, syntax)]


def test_markdown_headings_lists_tables_and_code_are_told_apart() -> None:
    text = "# The *big* `one`\n\nProse\nmore.\n\n- a\n\n  still a\n  - b\n\n```py\nx\n\n# no head\n```\n"
    text += "| h | i |\n|-|-|\n| 1 | 2 |\n"
    assert outline(text, "markdown") == [
        ("heading", "# The *big* `one`"),
        ("paragraph", "Prose\nmore."),
        ("item", "- a\n\n  still a"),
        ("item", "- b"),
        ("code", "```py\nx\n\n# no head\n```"),
        ("row", "| h | i |\n|-|-|"),
        ("row", "| 1 | 2 |"),
    ]
    found = blocks(text, "markdown")
    assert (found[0].title, found[0].level) == ("The big one", 1)
    assert found[-1].title == "| h | i |"


RST = """=====
Title
=====

.. _here:

Intro to :class:`~a.b.C` ::

    code one

    code two

``Sub`` of :ref:`this <that>`
=============================

.. note::

    Take care.

    * first
    * second

    .. code-block:: console

        $ run

====  =====
Name  Value
====  =====
a     1
      more
b     2
====  =====

Deeper
------

+---+---+
| x | y |
+===+===+
| 1 | 2 |
+---+---+
"""


def test_rst_levels_follow_the_order_of_adornments() -> None:
    found = [(block.level, block.title) for block in blocks(RST, "rst") if block.kind == "heading"]
    assert found == [(1, "Title"), (2, "Sub of this"), (3, "Deeper")]


def test_rst_code_items_and_rows_are_found_inside_directives_and_tables() -> None:
    found = outline(RST, "rst")
    assert ("code", "    code one\n\n    code two") in found
    assert ("paragraph", ".. note::\n\n    Take care.") in found
    assert [text for kind, text in found if kind == "item"] == ["* first", "* second"]
    assert ("code", "    .. code-block:: console\n\n        $ run") in found
    rows = [block for block in blocks(RST, "rst") if block.kind == "row"]
    assert [RST[row.start : row.end].split("\n")[0] for row in rows if row.title] == [
        "a     1",
        "b     2",
        "| 1 | 2 |",
    ]
    assert [row.title for row in rows if row.title] == ["Name Value", "Name Value", "x y"]


def test_code_is_cut_between_definitions_only() -> None:
    text = "import a\n\n\ndef f():\n    x\n\n    y\n\n\n@d\nclass C:\n    z\n"
    assert [one for _, one in outline(text, "code")] == [
        "import a",
        "def f():\n    x\n\n    y",
        "@d\nclass C:\n    z",
    ]


@pytest.mark.parametrize(
    ("text", "syntax"),
    [
        (RST, "rst"),
        ("Title\n=====\n\nSee :doc:`x`.\n", "rst"),
        ("# Title\n\nSee [x](y).\n", "markdown"),
        ("Some words.\n\nMore words - and so on.\n", "plain"),
    ],
)
def test_the_markup_of_a_text_is_guessed(text: str, syntax: str) -> None:
    assert sniff_syntax(text) == syntax


@pytest.mark.parametrize("syntax", ["markdown", "rst", "plain", "code"])
@pytest.mark.parametrize(
    "text",
    [
        "*a " * 200_000,
        "*a `b |c ``d [e]_ \n" * 5_000,
        "> " * 50_000,
        "\n".join(" " * n + "* x" for n in range(800)),
        "[a" * 50_000,
        "=\n" * 50_000,
        "|a" * 20_000 + "\n" + "|-" * 20_000,
        ".. note::\n\n" * 2_000,
    ],
    ids=["line", "inline", "quotes", "nesting", "links", "adornments", "table", "directives"],
)
def test_text_made_to_be_slow_is_read_in_seconds(text: str, syntax: Syntax) -> None:
    started = time.perf_counter()
    check(text, blocks(text, syntax))
    assert time.perf_counter() - started < 60  # a text that runs away takes hours
