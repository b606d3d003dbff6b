"""Where in a long prompt the best passages stand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from citewell.model import Document, Query
from citewell.testing import ScriptedChat
from tests.scripted import Open, opened

__all__ = ["opened"]


@pytest.mark.parametrize(
    ("name", "places"), [("best-last", [5, 4, 3, 2, 1]), ("best-at-ends", [1, 3, 5, 4, 2])]
)
def test_passages_are_packed_in_the_order_asked_for(opened: Open, name: str, places: list[int]) -> None:
    chat = ScriptedChat("Lamp burns.", "Lamp burns.")
    library = opened(chat, passages=5, collapse=False)
    for number in range(8):
        library.add(Document(f"lamp{number}", f"Lamp {'at night ' * number}burns."))
    asked = Query("Which lamp burns at night?", techniques=())
    ranked = [one.passage.id for one in library.ask(asked).hits]
    answer = library.ask(replace(asked, techniques=(name,)))
    assert [ranked.index(one.passage.id) + 1 for one in answer.hits] == places
    assert [one.passage.id for one in chat.prompts[1].hits] == [one.passage.id for one in answer.hits]
    assert answer.steps[0].did == "ordered 5 passages for the model"
    assert answer.steps[0].calls == 0


def test_extract_reads_in_no_order(opened: Open) -> None:
    answer = opened(ScriptedChat("The lamp glows blue at night [1]."), model="extract").ask(
        Query("lamp", techniques=("best-last",))
    )
    assert answer.steps[0].did == "left as it was: extract reads in no order"
