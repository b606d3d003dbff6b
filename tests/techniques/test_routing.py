"""Which collection a question is about: a model says it, or the embedder; neither may cost an answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from citewell import filters
from citewell.errors import BadInput, CitewellError, NotFound, Unsupported
from citewell.library import Library
from citewell.model import Document, Query
from citewell.techniques import read_routes
from citewell.testing import ScriptedChat
from tests.scripted import Open, opened

__all__ = ["opened"]
ROUTES = """
[guide]
about = "How to install and reset the router."
where = "part = 'guide'"
[api]
about = "Classes and functions."
where = "part = 'api'"
[old]
about = "What was said long ago."
where = "part = 'old'"
"""
WORDS = "The router has a reset function."
RESET = Query("How do I reset the router?")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "routes.toml"
    path.write_text(ROUTES)
    return path


def filled(library: Library) -> Library:
    library.add(Document("g", f"{WORDS} Press the button.", fields={"part": "guide"}))
    library.add(Document("a", f"{WORDS} Call reset().", fields={"part": "api"}))
    return library


def asked(name: str, query: Query = RESET) -> Query:
    return Query(query.text, where=query.where, techniques=(name,))


@pytest.mark.parametrize(
    ("said", "found", "did"),
    [
        ("api", {"a"}, "api"),
        ("Collection: **Guide**.", {"g"}, "guide"),
        ("everything", {"a", "g", "lamp"}, "everything"),
        ("guide or api", {"a", "g", "lamp"}, "everything: the model named no collection ('guide or api')"),
        ("old", {"a", "g", "lamp"}, "old; nothing is there, so searched without it"),
    ],
)
def test_a_question_goes_where_the_model_says(
    opened: Open, file: Path, said: str, found: set[str], did: str
) -> None:
    chat = ScriptedChat(said, f"{WORDS} [1]")
    answer = filled(opened(chat, routes=file)).ask(asked("logical-routing"))
    assert {hit.document.id for hit in answer.hits} == found
    assert (answer.steps[0].did, answer.steps[0].calls) == (did, 1)
    assert "api: Classes and functions." in chat.prompts[0].messages[-1].content


@pytest.mark.parametrize("model", ["openai", "extract"])
def test_the_embedder_needs_no_model_to_choose(opened: Open, file: Path, model: str) -> None:
    library = filled(opened(ScriptedChat(f"{WORDS} [1]"), routes=file, model=model))
    answer = library.ask(asked("semantic-routing"))
    assert {hit.document.id for hit in answer.hits} == {"g"}
    assert answer.where == "\"part\" = 'guide'"
    assert answer.steps[0].did.startswith("guide (0.")
    assert answer.steps[0].calls == 0


def test_a_question_s_own_filter_stays_in_force(opened: Open, file: Path) -> None:
    library = filled(opened(ScriptedChat("api", f"{WORDS} [1]"), routes=file))
    own = Query(RESET.text, where=filters.parse("part = 'guide'"))
    answer = library.ask(asked("logical-routing", own))
    assert {hit.document.id for hit in answer.hits} == {"g"}
    assert answer.steps[0].did == "api; nothing is there, so searched without it"


@pytest.mark.parametrize("name", ["logical-routing", "semantic-routing"])
def test_without_collections_there_is_nothing_to_choose(opened: Open, name: str) -> None:
    with pytest.raises(BadInput, match=rf"{name}.*chat\.routes"):
        opened(ScriptedChat()).ask(asked(name))


def test_extract_cannot_choose_by_itself(opened: Open, file: Path) -> None:
    with pytest.raises(Unsupported, match=r"logical-routing.*set chat\.model"):
        opened(ScriptedChat(), routes=file, model="extract").ask(asked("logical-routing"))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", r"has no routes; write \[NAME\]"),
        ("guide = 1", r"\[guide\] is 1; write \[guide\]"),
        (
            "[guide]\nabout = 'x'\nwhere = 'a = 1'\nwhy = 2",
            r"\[guide\]: unknown key 'why'; there are about and where",
        ),
        ("[guide]\nabout = 'x'", r"\[guide\]: where is None; it must be text"),
        ("[guide]\nabout = 'x'\nwhere = 'year >'", r"\[guide\]: this filter cannot be read"),
        ("[everything]\nabout = 'x'\nwhere = 'a = 1'", "is not 'everything'"),
        ("[guide", "cannot be read as TOML"),
    ],
)
def test_a_wrong_file_of_routes_is_refused_when_the_library_opens(
    opened: Open, file: Path, text: str, error: str
) -> None:
    file.write_text(text)
    with pytest.raises(BadInput, match=error):
        opened(ScriptedChat(), routes=file)


def test_a_file_of_routes_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"none\.toml.*chat\.routes") as raised:
        read_routes(tmp_path / "none.toml")
    assert isinstance(raised.value, CitewellError)
