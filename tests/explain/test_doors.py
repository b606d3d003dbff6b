"""What `why` says through the library's own door: names, files, filters, rerankers, and the real embedder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from citewell import filters
from citewell.access import OWNER
from citewell.assemble import assemble
from citewell.errors import BadInput
from citewell.library import Library
from citewell.model import Document, Query, Stage
from citewell.settings import Config
from citewell.sources.folder import Folder
from citewell.why import Followed
from tests.failure.worker import open_library


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with open_library(tmp_path / "library", create=True) as opened:
        yield opened


def followed(library: Library, query: Query, document: str, **options: Any) -> Followed:
    found = library.why(query, document, **options).document
    assert found is not None
    return found


def filled(library: Library, folder: Path) -> Path:
    """Take in a folder of four pages, of which `guide/reset.md` is about resetting."""
    texts = {
        "guide/reset.md": "Hold the button to reset the device.",
        "guide/lamp.md": "The lamp glows blue.",
    }
    for name, text in {**texts, "a/index.md": "Kettles boil.", "b/index.md": "Toasters pop."}.items():
        path = folder / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# Page\n\n{text}\n")
    library.sync(Folder(folder / "docs"), lambda outcome: None)
    return folder / "docs"


def test_each_hit_says_its_rank_and_score_at_each_stage_in_words(library: Library, tmp_path: Path) -> None:
    filled(library, tmp_path)
    why = library.why(Query("reset the device", limit=2))
    assert why.document is None
    assert [one.hit for one in why.hits] == library.search(Query("reset the device", limit=2))
    for part in ("by meaning: 1st (cosine", "by words: 1st (BM25", "both together: 1st (score"):
        assert part in why.hits[0].text


@pytest.mark.parametrize("name", ["guide/reset.md", "reset.md", "docs/guide/reset.md", "./guide/reset.md"])
def test_a_document_is_known_by_its_id_or_the_end_of_its_path(
    library: Library, tmp_path: Path, name: str
) -> None:
    filled(library, tmp_path)
    found = followed(library, Query("reset the device"), name)
    assert (found.document_id, found.stage, found.rank) == ("guide/reset.md", None, 1)


def test_an_end_that_several_have_is_refused_with_their_names(library: Library, tmp_path: Path) -> None:
    filled(library, tmp_path)
    with pytest.raises(BadInput, match=r"'a/index.md', 'b/index.md'"):
        library.why(Query("kettles"), "index.md")


def test_an_id_that_is_not_there_is_not_ingested_and_near_ones_are_named(
    library: Library, tmp_path: Path
) -> None:
    filled(library, tmp_path)
    found = followed(library, Query("reset"), "guide/rest.md")
    assert (found.stage, found.changes) == ("not_ingested", ())
    assert found.near[0] == "guide/reset.md"


def test_a_file_of_a_folder_that_could_not_be_read_says_why(library: Library, tmp_path: Path) -> None:
    docs = filled(library, tmp_path)
    (docs / "broken.pdf").write_bytes(b"%PDF-1.4 this is not a pdf")
    found = followed(library, Query("reset", access=OWNER), "broken.pdf")
    assert (found.stage, found.changes) == ("not_ingested", ())
    assert "cannot be read" in found.text


def test_asked_from_elsewhere_only_files_that_a_folder_brought_in_are_read(
    library: Library, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("the password is walrus")
    library.add(Document("mine", "nothing here", source=str(secret)))
    for number in range(12):
        library.add(Document(f"d{number}", f"walrus number {number}"))
    query = Query("walrus", limit=3, mode="keyword")
    assert (
        followed(library, query, "mine", local=True).text
        != followed(library, query, "mine", local=False).text
    )
    assert followed(library, query, "mine", local=False).stage == "keyword"
    for name in (str(secret), "../secret.md", "docs/../../secret.md"):
        found = followed(library, query, name, local=False)
        # The end "secret.md" is that of the source that "mine" claims, so it may be found by it; never read.
        assert "walrus" not in found.text
        assert not any("add" in change.values for change in found.changes)


def test_a_filter_that_fails_is_named_with_what_the_document_has_and_loosened(library: Library) -> None:
    library.add(Document("old", "routers forward packets", fields={"year": 2019, "kind": "guide"}))
    query = Query("routers", where=filters.parse("year >= 2023 AND kind = 'guide'"))
    found = followed(library, query, "old")
    assert found.stage == "filter"
    assert "year is 2019" in found.text
    where = found.changes[0].values["where"]
    assert isinstance(where, str)
    assert "2019" in where
    assert "guide" in where
    assert library.search(replace(query, where=filters.parse(where)))


def test_a_filter_that_only_the_catalog_knows_is_explained_too(library: Library) -> None:
    for number in range(4):
        library.add(
            Document(
                f"d{number}/a.md", f"routers forward packets {number}", fields={"path": f"d{number}/a.md"}
            )
        )
    query = Query("routers forward", limit=2, where=filters.parse("path LIKE '%/a.md'"))
    lost = next(
        f"d{n}/a.md"
        for n in range(4)
        if f"d{n}/a.md" not in [hit.passage.document_id for hit in library.search(query)]
    )
    found = followed(library, query, lost)
    assert found.stage == "fused"
    assert found.changes


def test_a_document_that_word_pairs_put_below_the_limit_is_told_so(library: Library) -> None:
    library.add(Document("apart", "start cold engine start cold"))
    library.add(Document("together", "the cold start of an engine, once more"))
    for number in range(5):
        library.add(
            Document(f"far {number}", f"of another engine, number {number}, nothing else is told here")
        )
    asked = "cold start engine"
    fused = {
        hit.passage.document_id: next(stage.rank for stage in hit.stages if stage.name == "fused")
        for hit in library.search(Query(asked, limit=2))
    }
    assert fused == {"apart": 1, "together": 2}
    found = followed(library, Query(asked, limit=1), "apart")
    assert found.stage == "fused"
    assert (
        "it was 1st, before passages in which more of the question's words stand side by side" in found.text
    )


def test_a_reranker_that_puts_it_below_the_limit_is_named(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        library.add(Document(f"d{number}", f"routers forward packets {number}"))
    search = library._search

    def reranked(query: Query) -> list[Any]:
        found = search(replace(query, limit=100))[::-1]
        ranked = [
            replace(hit, stages=(*hit.stages, Stage("reranked", rank, 1 / rank)))
            for rank, hit in enumerate(found, 1)
        ]
        return ranked[: query.limit]

    query = Query("routers forward", limit=2)
    first = search(query)[0].passage.document_id
    monkeypatch.setattr(library, "_search", reranked)
    assert followed(library, query, first).stage == "reranked"


def test_an_empty_question_is_refused(library: Library) -> None:
    with pytest.raises(BadInput, match="ask something"):
        library.why(Query("  "), "a")


def test_a_real_embedder_misses_by_words_and_finds_by_meaning(tmp_path: Path) -> None:
    config = Config()
    config = replace(config, library=replace(config.library, path=tmp_path / "library"))
    with assemble(config, create=True) as library:
        library.add(Document("car", "An automobile needs its motor oil replaced every year."))
        for number in range(4):
            library.add(
                Document(f"d{number}", f"How often should one {('sing', 'dance', 'write', 'pray')[number]}?")
            )
        found = followed(
            library, Query("how often should car lubricant change", mode="keyword", limit=2), "car"
        )
        assert found.stage == "keyword"
        assert any(change.values == {"mode": "dense"} for change in found.changes)
