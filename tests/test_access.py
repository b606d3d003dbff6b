"""Who may see what: through the library, the REST API, the client and the command line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from citewell.access import NOBODY, Access, reach, readers_of
from citewell.client import Remote
from citewell.errors import BadInput, NotFound
from citewell.filters import matches
from citewell.incoming import Added, Blob, Failure
from citewell.library import Library
from citewell.model import Document, Query
from tests.cli.conftest import Cli, cli, docs, filled, home
from tests.failure.worker import open_library
from tests.scripted import Open, opened
from tests.server.conftest import served
from tests.test_conversations import written

__all__ = ["cli", "docs", "filled", "home", "opened"]

ANN, BOB, NOBODY_IN_PARTICULAR = Access.parse("user:ann"), Access.parse("user:bob,group:sales"), Access()
OWNER = Access.all()
MODES = ("hybrid", "dense", "keyword", "tfidf")


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with open_library(tmp_path / "library", create=True) as made:
        made.add(Document("open", "The lamp glows blue at night.", "Lamp"))
        made.add(Document("ann", "The lamp glows red for walruses.", fields={"readers": ["user:ann"]}), OWNER)
        made.add(
            Document("sales", "The lamp glows green for penguins.", fields={"readers": ["group:sales"]}),
            OWNER,
        )
        made.add(Document("none", "The lamp glows black for ostriches.", fields={"readers": []}), OWNER)
        yield made


def found(
    library: Library | Remote, access: Access, text: str = "What does the lamp do?", **more: object
) -> set[str]:
    hits = library.search(Query(text, access=access, **more))  # type: ignore[arg-type]
    return {hit.passage.document_id for hit in hits}


SEES = {
    ANN: {"open", "ann"},
    BOB: {"open", "sales"},
    NOBODY_IN_PARTICULAR: {"open"},
    OWNER: {"open", "ann", "sales", "none"},
}


@pytest.mark.parametrize("access", SEES, ids=str)
def test_every_way_to_look_shows_what_is_for_who_asks_and_nothing_else(
    library: Library, access: Access
) -> None:
    sees = SEES[access]
    for mode in MODES:
        assert found(library, access, mode=mode) == sees
    assert {one.id for one in library.list(access=access)} == sees
    assert {one.id for one in library.list("id IN ('ann', 'sales', 'none')", access=access)} == sees - {
        "open"
    }
    status = library.status(access)
    assert (status["documents"], status["passages"]) == (len(sees), len(sees))
    answer = library.ask(Query("What does the lamp do?", access=access))
    assert {hit.passage.document_id for hit in answer.hits} <= sees
    fields = library._parts.answering.means.fields(Query("lamp", access=access))
    assert "readers" not in {one.name for one in fields}
    for name in SEES[OWNER] - sees:
        absent = str(refused(library, "absent", access)).replace("absent", name)
        assert str(refused(library, name, access)) == absent
        why = library.why(Query("lamp", access=access), name).document
        assert why is not None
        assert why.stage == "not_ingested"
        assert not SEES[OWNER] - sees & set(why.near)


def refused(library: Library, name: str, access: Access) -> NotFound:
    calls = (
        library.get,
        library.suspicious,
        library.remove,
        lambda one, who: library.release(one, None, who),
    )
    said = set()
    for call in (*calls, lambda one, who: library.share(one, None, who)):
        with pytest.raises(NotFound) as error:
            call(name, access)  # type: ignore[operator]
        said.add(str(error.value))
    assert len(said) == 1
    return NotFound(said.pop())


def test_a_change_of_who_may_see_is_in_force_for_the_very_next_request(library: Library) -> None:
    for _ in range(20):
        library.share("sales", ["user:ann"], OWNER)
        assert (found(library, ANN), found(library, BOB)) == ({"open", "ann", "sales"}, {"open"})
        library.share("sales", ["group:sales"], OWNER)
        assert (found(library, ANN), found(library, BOB)) == ({"open", "ann"}, {"open", "sales"})
    library.share("none", None, OWNER)
    assert "none" in found(library, NOBODY_IN_PARTICULAR)
    library.share("open", [], OWNER)
    assert found(library, ANN) == {"ann", "none"}
    assert library.get("open", OWNER)[0].version == 1
    assert library.check() == []


def test_it_is_the_index_that_looks_only_among_what_is_for_who_asks(library: Library) -> None:
    for n in range(300):
        text = f"The lamp glows in room {n}, and what the lamp does there is secret."
        library.add(Document(f"secret{n}", text, fields={"readers": ["user:eve"]}), OWNER)
    for mode in MODES:
        assert found(library, ANN, limit=2, mode=mode) == {"open", "ann"}
    where = reach(ANN)
    vector = library._parts.embedder.embed(["what the lamp does there"], kind="query")[0]
    assert len(library._parts.index.dense(vector, 10, where)) == 2
    assert len(library._parts.index.lexical("lamp", 10, where, "bm25")) == 2


def test_a_document_cannot_say_who_may_see_it(library: Library) -> None:
    outcomes: list[Added | Failure] = []
    text = b"---\nreaders: ['group:everyone']\nteam: lamps\n---\n# Plan\n\nThe plan is made of cheese.\n"
    fields = {"readers": ["user:ann"]}
    library.ingest([Blob("plan.md", text, fields=fields)], outcomes.append, access=OWNER)
    library.ingest([Blob("other.md", text)], outcomes.append)
    assert library.get("plan.md", OWNER)[0].fields["readers"] == ("user:ann",)
    assert library.get("plan.md", OWNER)[0].fields["team"] == "lamps"
    assert "readers" not in library.get("other.md", OWNER)[0].fields


def test_bringing_a_document_again_changes_its_list_only_by_saying_another(library: Library) -> None:
    def held() -> object:
        return library.get("ann", OWNER)[0].fields.get("readers")

    library.add(Document("ann", "The lamp glows pink now."), OWNER)
    assert held() == ("user:ann",)
    library.share("ann", ["user:bob"], OWNER)
    library.add(Document("ann", "The lamp glows violet now.", fields={"readers": ["user:ann"]}), OWNER)
    assert held() == ("user:bob",)  # what the source has always said undoes nobody's change
    library.add(Document("ann", "The lamp glows violet now.", fields={"readers": ["user:cid"]}), OWNER)
    assert held() == ("user:cid",)
    assert library.check() == []


def test_nobody_changes_what_they_may_not_see(library: Library) -> None:
    with pytest.raises(NotFound, match=r"'ann' cannot be added.*choose another"):
        library.add(Document("ann", "Mine now."), BOB)
    outcomes: list[Added | Failure] = []
    library.ingest(
        [Blob("ann", b"Mine now.", "text/plain"), Blob("new.txt", b"Fine.")], outcomes.append, access=BOB
    )
    assert [isinstance(one, Failure) for one in outcomes] == [True, False]
    assert "walruses" in library.get("ann", OWNER)[1].text


def test_what_is_stored_for_others_is_new_to_who_may_not_see_it(library: Library) -> None:
    text = "A sentence that only one other document has, word for word."
    library.add(Document("theirs", text, fields={"readers": ["user:ann"]}), OWNER)
    assert library.add(Document("mine", text, fields={"readers": ["user:bob"]}), BOB).embedded == 1
    assert library.add(Document("hers", text, fields={"readers": ["user:ann"]}), ANN).embedded == 0


def test_words_of_hidden_documents_are_no_suggestions(library: Library) -> None:
    query = Query("walrusses", mode="keyword")
    assert library.search(replace(query, access=ANN))
    assert library.search(query) == []
    assert library.why(query).meant == {}
    assert library.why(replace(query, access=ANN)).meant != {}
    # A word that only hidden documents have is no word: the nearest one that is there stands in for it.
    library.add(Document("typo", "Their bootlace was long.", fields={"readers": ["user:ann"]}), OWNER)
    library.add(Document("plain", "Their shoelace was long."))
    assert {hit.passage.document_id for hit in library.search(Query("bootlace", mode="keyword"))} == set()


def test_conversations_belong_to_whoever_began_them(library: Library) -> None:
    id = library.ask(
        Query("What does the lamp do for walruses?", access=ANN, conversation="new")
    ).conversation
    assert [one.id for one in library.conversations.list(access=ANN)] == [id]
    assert library.conversations.list(access=BOB) == []
    for access in (BOB, NOBODY_IN_PARTICULAR):
        with pytest.raises(NotFound, match="no conversation"):
            library.conversations.get(id, access)
        with pytest.raises(NotFound, match="no conversation"):
            library.conversations.delete(id, access)
        with pytest.raises(NotFound, match="no conversation"):
            library.ask(Query("And now?", access=access, conversation=id))
    assert library.conversations.get(id, OWNER).access == "user:ann"
    with pytest.raises(BadInput, match="belongs to 'user:ann'"):
        library.ask(Query("And now?", access=OWNER, conversation=id))


def test_what_is_no_longer_for_them_is_not_read_again_in_a_conversation(library: Library) -> None:
    query = Query("What does the lamp do for walruses?", access=ANN, conversation="new")
    answer = library.ask(query)
    assert "walruses" in answer.text
    library.share("ann", ["user:bob"], OWNER)
    (turn,) = library.conversations.get(answer.conversation, ANN).turns
    assert "walruses" not in turn.answer.text
    assert turn.answer.citations == ()
    library.share("ann", ["user:ann"], OWNER)
    assert "walruses" in library.conversations.get(answer.conversation, ANN).turns[0].answer.text


def test_what_a_removed_document_said_is_gone_from_conversations_and_files(library: Library) -> None:
    library.add(Document("secret", "The qqsecret of the lamp is zzhelium."))
    answer = library.ask(Query("What is the secret of the lamp?", conversation="new"))
    assert "zzhelium" in answer.text
    assert b"zzhelium" in written(library)
    library.remove("secret")
    (turn,) = library.conversations.get(answer.conversation).turns
    assert "zzhelium" not in str(turn)
    assert b"zzhelium" not in written(library)


def test_the_answer_cache_knows_who_asked_and_forgets_what_was_removed(opened: Open) -> None:
    class Same:
        """A model that counts how often it is asked."""

        name, asked = "same-stub", 0

        async def stream(self, prompt):  # type: ignore[no-untyped-def]
            from citewell.model import Delta

            self.asked += 1
            known = "zzhelium " if any("zzhelium" in one.content for one in prompt.messages) else ""
            yield Delta(f"The lamp glows {known}blue at night. [1]")

    chat = Same()
    library = opened(chat, cache=100)
    library.add(Document("open", "The lamp glows zzhelium blue at night."))

    def asked(access: Access) -> int:
        before = chat.asked
        library.ask(Query("How does the lamp glow at night?", access=access))
        return chat.asked - before

    assert [asked(ANN), asked(ANN), asked(BOB), asked(OWNER), asked(BOB)] == [1, 0, 1, 1, 0]
    library.share("open", ["user:ann"], OWNER)
    assert [asked(BOB), asked(ANN)] == [1, 1]  # he is shown less now; and what was written is forgotten
    library.remove("open", OWNER)
    assert b"zzhelium" not in written(library)


def test_over_rest_who_asks_is_a_header(library: Library) -> None:
    with served(library) as url, Remote(url) as remote:
        for access, sees in SEES.items():
            assert found(remote, access) == sees
            assert {one.id for one in remote.list(access=access)} == sees
            assert remote.status(access)["documents"] == len(sees)
        with pytest.raises(NotFound):
            remote.get("sales", ANN)
        remote.share("sales", ["user:ann", "user:dörte"], OWNER)
        assert remote.get("sales", Access.parse("user:dörte"))[0].id == "sales"
        with pytest.raises(NotFound, match="'none' cannot be added"):
            remote.add(Document("none", "Mine now."), ANN)
        with pytest.raises(BadInput, match="'ann' is no name of a reader"):
            remote.share("sales", ["ann"], OWNER)
        response = remote._http.get(
            f"{url}/documents", headers=[("Citewell-As", "user:ann"), ("Citewell-As", "*")]
        )
        assert (response.status_code, response.json()["code"]) == (400, "BadInput")


def test_on_the_command_line_who_asks_is_an_option(filled: Cli) -> None:
    assert filled("add", "docs", "--readers", "group:sales,user:ann").code == 0
    assert filled("list", "--as", "", "--json").json == {"documents": []}
    assert len(filled("list", "--as", "user:ann", "--json").json["documents"]) == 3
    name = "guide/lamp.md"
    assert name not in filled("search", "lamp glows blue", "--as", "user:eve", "--json").out
    assert name in filled("search", "lamp glows blue", "--as", "group:sales", "--json").out
    assert filled("show", name, "--as", "user:eve").code == 3
    assert filled("share", name, "--with", "user:eve").out == f"{name} is for user:eve\n"
    assert filled("show", name, "--as", "user:eve").code == 0
    assert filled("sync").code == 0  # a sync says nothing of who may see, and changes nothing of it
    assert filled("share", name, "--with-nobody").code == 0
    assert name not in filled("list", "--as", "user:eve,user:ann", "--json").out
    assert filled("share", name, "--with-everyone").code == 0
    assert name in filled("list", "--as", "", "--json").out
    assert filled("share", name).code == 2
    assert filled("doctor", "--check", "--as", "user:ann").code == 2


def test_names_are_kind_and_name() -> None:
    assert str(Access.parse(" user:b , group:a")) == "group:a,user:b"
    assert Access.parse("*") == Access.all()
    assert Access.parse("") == Access()
    for wrong in ("ann", "user:", ":ann", "User:ann", "user:a\nb", "user:" + "x" * 300, "*,user:ann", NOBODY):
        with pytest.raises(BadInput, match=r"is no name of a reader|give one of both"):
            Access.parse(wrong)
    with pytest.raises(BadInput, match="too many"):
        Access(frozenset(f"user:{n}" for n in range(1001)))
    assert readers_of([]) == (NOBODY,)
    assert readers_of(("user:b", "user:a", "user:a")) == ("user:a", "user:b")
    assert not matches({"readers": (NOBODY,)}, reach(ANN))  # type: ignore[arg-type]
