"""Sentences that lead to their passage, through the public door: durable, reused, erased, never shown."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest
from sqlalchemy import func, select

from citewell.assemble import assemble
from citewell.catalog import schema
from citewell.library import Library
from citewell.model import Document, Hit, Query
from citewell.represent import sentences
from citewell.sources.folder import Folder
from citewell.testing import HashEmbedder
from tests.stores import config_of

pytestmark = pytest.mark.usefixtures("catalogs")
FILLER = "The lamp on the table is green and old. Nobody knows who made it or when. It was sold twice."
NEEDLE = "Quartz hums at thirty two kilohertz."
TEXT = f"{FILLER} {NEEDLE} {FILLER.replace('lamp', 'clock')}"


def opened(folder: Path, with_sentences: bool = True) -> Library:
    return assemble(config_of(folder, sentences=with_sentences), create=True)


def dense(library: Library, text: str = NEEDLE, limit: int = 10) -> list[Hit]:
    return library.search(Query(text, limit=limit, mode="dense"))


def rows(library: Library) -> tuple[int, int, int]:
    """Return how many vectors and representations are stored, and how many points are indexed."""
    parts = library._parts
    with parts.catalog._engine.connect() as sql:
        stored = [
            sql.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (schema.vectors, schema.representations)
        ]
    return stored[0], stored[1], parts.index.count()


def test_sentences_are_each_once_plain_and_long_enough_to_say_something() -> None:
    assert sentences("Short.\n\nIt was sold\ntwice by him. It was sold twice by him.") == [
        "It was sold twice by him."
    ]


def test_a_sentence_brings_its_passage_up_and_the_passage_is_shown_once(tmp_path: Path) -> None:
    best = {}
    for on in (False, True):
        with opened(tmp_path / str(on), on) as library:
            library.add(Document("a", TEXT))
            for number in range(30):
                library.add(Document(f"d{number}", f"{FILLER} It was number {number}."))
            hits = dense(library, limit=31)
            best[on] = hits[0]
            assert hits[0].passage.document_id == "a"
            assert hits[0].passage.text == TEXT
            assert len(hits) == len({hit.passage.id for hit in hits}) == 31
    assert best[True].score > best[False].score + 0.1


def test_keyword_scores_are_the_same_with_sentences_and_without(tmp_path: Path) -> None:
    found = []
    for on in (False, True):
        with opened(tmp_path / str(on), on) as library:
            for number in range(8):
                library.add(Document(f"d{number}", f"{FILLER} Number {number} hums. {NEEDLE * (number % 3)}"))
            for mode in ("keyword", "tfidf"):
                hits = library.search(Query("quartz hums green", mode=mode))  # type: ignore[arg-type]
                found.append([(hit.passage.document_id, round(hit.score, 4)) for hit in hits])
    assert found[:2] == found[2:]


def test_only_new_sentences_are_embedded_and_what_nobody_refers_to_is_erased(tmp_path: Path) -> None:
    with opened(tmp_path / "library") as library:
        embedder, embedded = library._parts.embedder, []

        def embed(texts: Sequence[str], *, kind: Literal["query", "passage"]) -> object:
            embedded.append(len(texts))
            return HashEmbedder().embed(texts, kind=kind)

        object.__setattr__(embedder, "embed", embed)
        library.add(Document("a", TEXT))
        library.add(Document("b", TEXT))
        library.add(Document("a", TEXT.replace("thirty two", "forty")))
        assert embedded == [1 + 5, 1 + 1]  # of what changed: the passage and its one sentence
        assert rows(library) == (1 + 5 + 2, 10, 12)
        assert library.check() == []
        library.remove("b")
        assert rows(library) == (6, 5, 6)
        library.remove("a")
        assert rows(library) == (0, 0, 0)


def test_the_index_deleted_or_bereft_of_sentences_is_made_anew_and_nothing_is_embedded(
    tmp_path: Path,
) -> None:
    with opened(tmp_path / "library") as library:
        library.add(Document("a", TEXT, fields={"year": 2024}))
        before = dense(library)
    shutil.rmtree(tmp_path / "library" / "index")
    with opened(tmp_path / "library") as library:
        assert library.check() == []
        assert dense(library) == before
        points = list(library._parts.index.ids())
        library._parts.index.drop([one for one in points if one != before[0].passage.id])
        assert "5 points are not in the index" in library.check()[0]
    with opened(tmp_path / "library") as library:
        assert library.check() == []
        assert dense(library) == before


def test_a_write_that_was_cut_off_after_its_drop_was_journaled_leaves_no_sentence_behind(
    tmp_path: Path,
) -> None:
    library = opened(tmp_path / "library")
    library.add(Document("a", TEXT))
    library.add(Document("b", TEXT.replace("lamp", "stove")))
    library._parts.catalog.remove("a")  # killed before the index heard of it
    library._parts.holder.release()  # type: ignore[union-attr]
    library._parts.catalog.workers.leave()
    crashed = tmp_path / "crashed"
    library._parts.index.flush()
    shutil.copytree(tmp_path / "library", crashed)
    with opened(crashed) as reopened:
        assert reopened.check() == []
        assert rows(reopened) == (6, 5, 6)
        assert [hit.passage.document_id for hit in dense(reopened)] == ["b"]
    library.close()


@pytest.mark.parametrize("on", [True, False])
def test_another_setting_counts_at_the_next_sync_though_no_file_changed(tmp_path: Path, on: bool) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.txt").write_text(TEXT)
    for setting, expected in ((not on, 1 + 5 * (not on)), (on, 1 + 5 * on)):
        with opened(tmp_path / "library", setting) as library:
            outcomes: list[object] = []
            library.sync(Folder(folder), outcomes.append)
            assert len(outcomes) == 1
            assert rows(library)[2] == expected
            assert library.check() == []
            library.sync(Folder(folder), outcomes.append)
            assert len(outcomes) == 1


def test_why_counts_passages_and_not_sentences(tmp_path: Path) -> None:
    with opened(tmp_path / "library") as library:
        library.add(Document("a", TEXT))
        library.add(Document("b", f"{NEEDLE} {NEEDLE}"))
        why = library.why(Query(NEEDLE, limit=1), "a", local=False)
        assert "2" in str(why)
