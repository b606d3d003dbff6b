"""Near-duplicates collapse, in what the chat model is shown."""

from __future__ import annotations

import random
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from citewell.model import Query
from citewell.retrieve import Collapse
from citewell.retrieve.collapse import TELLING, WORD, distinct
from tests.retrieve.shelf import Ranked, found, hit, opened

NAMES = ["red fox runs", "blue dog sits", "green hen eats", "white cow naps", "black owl hops"]
SENTENCES = [f"{name} over the old bridge beside {name}" for name in NAMES]
TEXTS = st.lists(st.lists(st.sampled_from(SENTENCES), max_size=6).map(". ".join), max_size=8)


def runs(text: str) -> set[tuple[str, ...]]:
    words = WORD.findall(text.casefold())
    return {tuple(words[at : at + 5]) for at in range(max(1, len(words) - 4))}


@given(TEXTS)
def test_the_first_of_each_group_stays_and_no_two_that_stay_are_alike(texts: list[str]) -> None:
    hits = [hit(text, key) for key, text in enumerate(texts)]
    kept = [one.passage.text for one in distinct(hits, 0.8)]
    for at, text in enumerate(kept):
        for other in kept[:at]:
            assert len(runs(text) & runs(other)) < 0.8 * len(runs(text) | runs(other))
    for text in texts:
        assert any(len(runs(text) & runs(one)) >= 0.8 * len(runs(text) | runs(one)) for one in kept)
    assert kept == sorted(kept, key=texts.index)


def test_a_contradiction_is_not_a_duplicate() -> None:
    text = (
        "Workers are restarted by the scheduler when they exceed the limit of 10 failures in one hour. " * 2
    )
    others = [text.replace("10", "20"), text.replace("are restarted", "are not restarted")]
    again = text.upper().replace(". ", " !\n")
    kept = distinct([hit(one, key) for key, one in enumerate([text, again, *others])], 0.5)
    assert [one.passage.text for one in kept] == [text, *others]
    assert [(one.name, one.score) for one in kept[0].stages] == [("collapsed", 2.0)]
    assert TELLING.findall("v1.2 isn't -5 but now") == ["v1.2", "isn't", "-5"]


def test_what_collapsed_is_refilled_to_the_limit() -> None:
    hits = [hit("the same text in many places here", key) for key in range(30)]
    hits += [hit(f"something else of its own {key}", key) for key in range(30, 40)]
    inner = Ranked(hits)
    shown = Collapse(inner)(Query("x", limit=5))
    assert [one.document.id for one in shown] == ["d0", "d30", "d31", "d32", "d33"]
    assert inner.asked == [10, 40]
    assert len(Collapse(inner)(Query("x", limit=20))) == 11


def test_the_model_is_shown_one_of_two_and_a_search_finds_both(tmp_path: Path) -> None:
    said = "A router forwards packets between networks and keeps a routing table in memory."
    texts = {
        "a": said,
        "b": said.replace(" and", "\nand"),
        "c": "A switch forwards frames, a router packets.",
    }
    question = Query("What does a router forward?")
    with opened(tmp_path, texts) as library:
        assert set(found(library, question.text)) == {"a", "b", "c"}
        shown = library.ask(question).hits
        assert len(shown) == 2
        assert "collapsed" in [stage.name for one in shown for stage in one.stages]
    with opened(tmp_path, chat_collapse="off") as library:
        assert len(library.ask(question).hits) == 3


def test_twenty_hits_cost_little() -> None:
    from time import perf_counter

    choose = random.Random(1)
    words = [f"word{n}" for n in range(3000)]
    hits = [hit(" ".join(choose.choices(words, k=150)), key) for key in range(20)]
    times = []
    for _ in range(20):
        started = perf_counter()
        distinct(hits, 0.8)
        times.append(perf_counter() - started)
    assert min(times) < 0.2  # about 1 ms on a quiet core: far enough below this for a busy one
