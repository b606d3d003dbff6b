"""What holds for every document, however it is built."""

import time
from itertools import pairwise
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from citewell.model import Block, BlockKind, Document
from citewell.split import Span, embedded_text, split
from citewell.split.split import SMALLEST
from tests.split.words import count

KINDS: Final[tuple[BlockKind, ...]] = ("heading", "paragraph", "item", "row", "code", "other")
WRITTEN = st.text(
    st.sampled_from("aé字b. \n:!?1|\t") | st.characters(exclude_categories=("Cs",)), min_size=1, max_size=300
)
SENTENCES = st.lists(st.sampled_from(["one.", "two", "three:", "四。", "\n", "\n\n", "x" * 90]), max_size=400)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Random blocks with random space between them."""
    text, blocks, header = draw(st.sampled_from(["", "\n", "  "])), [], ""
    for _ in range(draw(st.integers(0, 12))):
        written = draw(WRITTEN | SENTENCES.map(" ".join).filter(bool))
        kind = draw(st.sampled_from(KINDS))
        level = draw(st.integers(1, 6)) if kind == "heading" else 0
        header = header if kind == "row" else ""
        name = written.strip() if kind == "heading" else header
        blocks.append(Block(len(text), len(text) + len(written), kind, level, name))
        header = header or (written if kind == "row" else "")
        text += written + draw(st.sampled_from(["", "\n", "\n\n", "   \n"]))
    return Document("one", text, draw(st.sampled_from(["", "A title", "long " * 100])), blocks=tuple(blocks))


def solid(text: str) -> str:
    return "".join(text.split())


def check(document: Document, spans: list[Span], size: int) -> None:
    text, at = document.text, 0
    kept = ""
    for span in spans:
        passage = text[span.start : span.end]
        assert at <= span.start < span.end
        assert passage == passage.strip()
        assert span.line == text.count("\n", 0, span.start) + 1
        at = span.end
        kept += passage
        embedded, front = count(
            [
                embedded_text(document.title, span.heading, span.context, passage),
                embedded_text(document.title, span.heading, span.context, ""),
            ]
        )
        assert embedded <= max(size, front + SMALLEST)
        assert front <= 130
    assert solid(kept) == solid(text)


@settings(max_examples=300, deadline=None)
@given(documents(), st.integers(32, 512))
def test_passages_are_exact_ordered_spans_that_lose_no_word(document: Document, size: int) -> None:
    check(document, split(document, count=count, tokens=size), size)


def test_a_table_of_nothing_but_space_has_no_passages() -> None:
    assert split(Document("one", "\r", blocks=(Block(0, 1, "row"),)), count=count) == []


@settings(max_examples=150, deadline=None)
@given(WRITTEN | SENTENCES.map(" ".join), st.integers(32, 512))
def test_a_text_without_structure_loses_no_word_either(text: str, size: int) -> None:
    check(Document("one", text), split(Document("one", text), count=count, tokens=size), size)


@settings(max_examples=100, deadline=None)
@given(documents(), st.integers(32, 512))
def test_a_passage_holds_one_section_at_most(document: Document, size: int) -> None:
    headings = [block for block in document.blocks if block.kind == "heading" and holds(document, block)]
    for span in split(document, count=count, tokens=size):
        inside = [block for block in headings if span.start <= block.start < span.end]
        levels = [block.level for block in inside]
        assert levels == sorted(set(levels))
        for block, below in pairwise(inside):
            assert not solid(document.text[block.end : below.start])


def holds(document: Document, block: Block) -> bool:
    return bool(solid(document.text[block.start : block.end]))


@settings(max_examples=50, deadline=None)
@given(documents())
def test_splitting_is_repeatable(document: Document) -> None:
    assert split(document, count=count) == split(document, count=count)


def test_five_megabytes_are_split_in_linear_time_however_they_look() -> None:
    long = {
        "prose": "It is so. Then it was not, for a while; and so on. " * 100_000,
        "lines": "one more line of a log file, nothing else\n" * 120_000,
        "one word": "x" * 5_000_000,
        "paragraphs": "A short paragraph.\n\n" * 250_000,
        "space": " \n" * 2_500_000,
        "quotes": ".'\"" * 1_600_000,
    }
    for name, text in long.items():
        spent = 0.0

        def counted(texts: list[str]) -> list[int]:
            nonlocal spent
            started = time.process_time()
            sizes = count(texts)
            spent += time.process_time() - started
            return sizes

        started = time.process_time()
        split(Document("one", text), count=counted)
        assert time.process_time() - started - spent < 60, name  # quadratic time would be hours


def test_counting_is_done_in_a_few_big_batches() -> None:
    calls = []

    def counted(texts: list[str]) -> list[int]:
        calls.append(len(texts))
        return count(texts)

    sections = "\n\n".join(f"word {n} " * 150 for n in range(500))
    split(Document("one", sections), count=counted)
    assert len(calls) <= 6
