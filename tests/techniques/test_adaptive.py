"""Adaptive: simple questions go the plain way, hard ones in parts; and techniques nest."""

from __future__ import annotations

import pytest

from citewell.errors import Unsupported
from citewell.model import Query
from citewell.plugins import TABLES
from citewell.testing import ScriptedChat
from tests.scripted import Open, opened

__all__ = ["opened"]
ASKED = Query("What colour is the lamp?", techniques=("adaptive",))
GOOD = "The lamp glows blue at night [1]."


@pytest.mark.parametrize(
    ("said", "did"), [("Simple", "simple"), ("", "simple: the model did not say how hard it is ('')")]
)
def test_a_simple_question_goes_the_plain_way(opened: Open, said: str, did: str) -> None:
    answer = opened(ScriptedChat(said, GOOD)).ask(ASKED)
    assert [(one.technique, one.did, one.calls) for one in answer.steps] == [("adaptive", did, 1)]
    assert answer.verdict == "answered"


def test_a_hard_question_is_answered_in_parts(opened: Open) -> None:
    chat = ScriptedChat("complex", "Which lamp?\nWhat colour?", GOOD, GOOD, GOOD)
    answer = opened(chat).ask(ASKED)
    assert [one.technique for one in answer.steps] == ["decomposition-recursive", "adaptive"]
    assert "Worked out before" in chat.prompts[-1].messages[-1].content


def test_techniques_nest_the_first_innermost(opened: Open) -> None:
    chat = ScriptedChat("Which hue?", "simple", GOOD, "yes")
    answer = opened(chat, techniques="multi-query, self-rag").ask(
        Query(ASKED.text, techniques=("step-back", "self-rag", "adaptive", "best-last"))
    )
    assert [one.technique for one in answer.steps] == ["step-back", "self-rag", "adaptive", "best-last"]


ALONE = {"semantic-routing", "best-last", "best-at-ends"}
ROUTED = {"logical-routing", "semantic-routing"}


@pytest.mark.parametrize("name", sorted(TABLES["techniques"].keys() - ALONE - ROUTED))
def test_what_asks_a_model_says_that_extract_is_none(opened: Open, name: str) -> None:
    with pytest.raises(Unsupported, match=r"extract is none; set chat\.model"):
        opened(ScriptedChat(""), model="extract").ask(Query("What colour is Zanzibar?", techniques=(name,)))
