"""Many collections in one library: through the library, the REST API and the command line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from citewell import filters
from citewell.access import Access
from citewell.assemble import assemble
from citewell.client import Remote
from citewell.collection import Collection
from citewell.errors import BadInput
from citewell.incoming import Added, Blob, Failure
from citewell.library import Library
from citewell.model import Document, FieldUse, Query
from citewell.settings import Config
from tests.cli.conftest import Cli, cli, docs, filled, home
from tests.failure.worker import open_library
from tests.server.conftest import served

__all__ = ["cli", "docs", "filled", "home"]
OWNER = Access.all()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with open_library(tmp_path / "library", create=True) as made:
        made.add(Document("lamp", "The lamp glows blue at night."))
        made.add(Document("tax", "The lamp tax is due in May.", fields={"collection": "law", "year": 2024}))
        made.add(
            Document("fee", "The lamp fee is due in June.", fields={"collection": "law", "year": "soon"})
        )
        yield made


def found(library: Library | Remote, collection: str = "", text: str = "lamp", **more: object) -> set[str]:
    query = Query(text, collection=collection, **more)  # type: ignore[arg-type]
    return {hit.passage.document_id for hit in library.search(query)}


@pytest.mark.parametrize("mode", ["hybrid", "dense", "keyword", "tfidf"])
def test_a_question_is_put_to_one_collection_or_to_all(library: Library, mode: str) -> None:
    assert found(library, "law", mode=mode) == {"tax", "fee"}
    assert found(library, "main", mode=mode) == {"lamp"}
    assert found(library, "", mode=mode) == found(library, "*", mode=mode) == {"lamp", "tax", "fee"}
    assert found(library, "nowhere", mode=mode) == set()
    where = filters.parse("year = 2024")
    assert found(library, "law", mode=mode, where=where) == {"tax"}


def test_lists_counts_answers_and_why_keep_to_it(library: Library) -> None:
    assert [one.id for one in library.list(collection="law")] == ["fee", "tax"]
    assert [one.id for one in library.list("year = 2024", collection="main")] == []
    answer = library.ask(Query("When is the lamp tax due?", collection="law"))
    assert {hit.passage.document_id for hit in answer.hits} <= {"tax", "fee"}
    assert library.ask(Query("zebra?", collection="main")).verdict == "refused"
    why = library.why(Query("lamp", collection="law"), "lamp").document
    assert why is not None
    assert why.stage == "filter"


def test_each_has_its_own_counts_and_typed_fields(library: Library) -> None:
    library.add(Document("secret", "Nobody reads this.", fields={"collection": "law", "readers": []}), OWNER)
    law, main = library.collections()
    assert (main.name, main.documents, main.passages) == ("main", 1, 1)
    assert (law.name, law.documents) == ("law", 2)
    assert law.fields == (FieldUse("year", "number", ("2024",)), FieldUse("year", "text", ("soon",)))
    assert library.collections(OWNER)[0].documents == 3


def test_a_document_stays_where_it_is_until_it_is_put_elsewhere(library: Library) -> None:
    library.add(Document("tax", "The lamp tax is due in July."))
    assert found(library, "law", "July", mode="keyword") == {"tax"}
    library.add(Document("tax", "The lamp tax is due in July.", fields={"collection": "main"}))
    assert found(library, "main", "July", mode="keyword") == {"tax"}
    assert "collection" not in library.get("tax")[0].fields
    assert library.check() == []


def test_a_document_cannot_say_where_it_belongs(library: Library) -> None:
    outcomes: list[Added | Failure] = []
    library.ingest([Blob("a.md", b"---\ncollection: law\n---\n# Lamp\n\nMine.\n")], outcomes.append)
    assert "a.md" in found(library, "main")
    for wrong in (" law", "*", "a\nb", "x" * 101, 7):
        with pytest.raises(BadInput, match="collection is"):
            library.add(Document("b", "text", fields={"collection": wrong}))


def test_a_library_may_have_a_usual_one(tmp_path: Path) -> None:
    config = Config()
    folder = replace(config.library, path=tmp_path / "library", collection="law")
    config = replace(config, library=folder, embed=replace(config.embed, model="hash"))
    with assemble(config, create=True) as library:
        library.add(Document("tax", "The lamp tax is due in May."))
        library.add(Document("lamp", "The lamp glows blue.", fields={"collection": "main"}))
        assert (found(library), found(library, "*")) == ({"tax"}, {"tax", "lamp"})
        assert [one.id for one in library.list()] == ["tax"]


def test_over_rest_a_body_a_parameter_and_a_field_name_it(library: Library) -> None:
    with served(library) as url, Remote(url) as remote:
        headers = {"Citewell-Fields": '{"collection": "law"}'}
        assert (
            httpx.put(f"{url}/documents/act.txt", content=b"The lamp act.", headers=headers).status_code
            == 201
        )
        assert found(remote, "law") == {"tax", "fee", "act.txt"}
        assert [one.id for one in remote.list(collection="main")] == ["lamp"]
        assert remote.collections() == library.collections()
        assert isinstance(remote.collections()[0], Collection)
        assert remote.ask(Query("When is the lamp tax due?", collection="main")).text.count("May") == 0


def test_on_the_command_line_an_option_names_it(filled: Cli, home: Path) -> None:
    (home / "law").mkdir()
    (home / "law" / "tax.md").write_text("# Tax\n\nThe lamp tax is due in May.\n")
    assert filled("add", "law", "--collection", "law").code == 0
    assert filled("sync").code == 0
    assert "tax.md" in filled("search", "lamp", "--collection", "law", "--json").out
    assert "tax.md" not in filled("search", "lamp", "--collection", "main", "--json").out
    assert filled("list", "--collection", "law", "--json").json["documents"][0]["id"] == "tax.md"
    shown = filled("collections", "--json").json["collections"]
    assert [(one["name"], one["documents"]) for one in shown] == [("law", 1), ("main", 3)]
    assert "path" in filled("collections", "law").out
    assert filled("collections", "nothing").code == 3
    assert "May" in filled("ask", "When is the lamp tax due?", "--collection", "law").out
