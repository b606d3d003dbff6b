"""What a chat model writes at ingest, through the public doors: it helps to find, is paid once, and is never shown."""

from __future__ import annotations

import shutil
import signal
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from citewell.errors import ProviderError, Unsupported
from citewell.incoming import Added, Blob, Failure
from citewell.model import Document, Query
from citewell.money import Quote
from citewell.sources.folder import Folder
from tests.stores import unrevised
from tests.writing.model import PARTS, Model, failing, open_with, passage_of, rows, shown, text_of

pytestmark = pytest.mark.usefixtures("catalogs")
APPLIANCES = Document("guide.md", text_of("kettle", "lamp", "toaster"), "Guide")


def situated(asked: str) -> str:
    return f"Acme   appliance of the\nkind {shown(asked).split('.')[0].split()[-1]}zq."


def test_a_context_is_found_by_words_and_meaning_and_is_never_shown_or_cited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model(situated)
    with open_with(tmp_path / "library", model, monkeypatch, "context") as library:
        assert library.add(APPLIANCES).passages == len(model.asked) == 3
        assert all(
            "It is about the kettle." in asked and "It is about the toaster." in asked
            for asked in model.asked
        )
        for mode in ("keyword", "dense", "hybrid"):
            hit = library.search(Query("which is lampzq", mode=mode))[0]  # type: ignore[arg-type]
            assert hit.passage.text == passage_of("lamp")
            assert hit.passage.written == "Acme appliance of the kind lampzq."
            assert hit.passage.context == ""
        model.reply = lambda asked: "An Acme appliance of the kind lampzq [1]."
        answer = library.ask(Query("which is lampzq"))
        assert "zq" not in model.asked[-1].split("Question:")[0]
        assert answer.citations == ()
        before = library.search(Query("which is lampzq"))
        assert library.check() == []
    shutil.rmtree(tmp_path / "library" / "index")
    with open_with(tmp_path / "library", model, monkeypatch, "context") as library:
        assert library.search(Query("which is lampzq")) == before
        assert library.check() == []


@pytest.mark.parametrize(
    ("kind", "reply"),
    [
        ("summaries", lambda asked: f"{shown(asked).split('.')[0].split()[-1]} summed up"),
        (
            "questions",
            lambda asked: f"1. Huh?\n2. Where is the {shown(asked).split('.')[0].split()[-1]}?\n\n- Huh?",
        ),
        ("tree", lambda asked: " ".join(sorted({one for one in PARTS if f"the {one}." in asked}))),
    ],
)
def test_what_leads_to_a_passage_brings_it_up_and_is_no_hit_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, reply: object
) -> None:
    best = {}
    for on in (False, True):
        model = Model(reply)  # type: ignore[arg-type]
        with open_with(tmp_path / str(on), model, monkeypatch, *([kind] if on else [])) as library:
            library.add(APPLIANCES)
            asked = {
                "summaries": "lamp summed up",
                "questions": "Where is the lamp?",
                "tree": "kettle lamp toaster",
            }
            hits = library.search(Query(asked[kind], mode="dense"))
            assert {hit.passage.text for hit in hits} == set(map(passage_of, ("kettle", "lamp", "toaster")))
            best[on] = next(hit.score for hit in hits if "lamp" in hit.passage.text)
            found = rows(library)
            assert library.check() == []
            library.remove("guide.md")
            assert set(rows(library).values()) == {0}
    assert best[True] > best[False] + 0.1
    assert found["representations"] == {"summaries": 3, "questions": 6, "tree": 3}[kind]
    assert len(model.asked) == {"summaries": 3, "questions": 3, "tree": 1}[kind]


def test_nothing_is_paid_twice_and_an_edit_costs_its_neighbours_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model()
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "all.txt").write_text(text_of(*PARTS))

    def synced(*kinds: str) -> int:
        model.asked.clear()
        with open_with(tmp_path / "library", model, monkeypatch, *kinds) as library:
            library.sync(Folder(folder), lambda outcome: None)
            assert library.check() == []
        return len(model.asked)

    assert synced("context", "summaries") == 20
    assert synced("context", "summaries") == 0
    assert synced() == 0
    assert synced("context", "summaries") == 0  # switched off and on again
    (folder / "all.txt").write_text(text_of(*PARTS).replace("clock7", "changed"))
    assert synced("context", "summaries") == 3 + 1
    assert synced("context", "summaries", "questions") == 10
    model.name = "another"
    assert synced("context", "summaries", "questions") == 0  # another model writes what is new
    (folder / "all.txt").write_text(text_of(*PARTS))
    assert synced("context", "summaries", "questions") == 30


def test_a_renamed_document_is_written_of_once_and_one_that_was_removed_leaves_no_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model()
    with open_with(tmp_path / "library", model, monkeypatch, "context", "tree") as library:
        library.add(APPLIANCES)
        calls = len(model.asked)
        library.add(Document("moved/guide.md", APPLIANCES.text, "Guide"))
        assert len(model.asked) == calls == 4
        library.remove("guide.md")
        assert rows(library)["written"] == 4
        library.remove("moved/guide.md")
        assert set(rows(library).values()) == {0}


def test_a_call_that_fails_is_one_failure_and_what_came_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model(failing("lamp"))
    blobs = [
        Blob(f"{name}.txt", text_of(name, f"{name}s", "iron").encode()) for name in ("fan", "lamp", "stove")
    ]
    with open_with(tmp_path / "library", model, monkeypatch, "context", concurrency=1) as library:
        outcomes: list[Added | Failure] = []
        library.ingest(blobs, outcomes.append)
        assert [type(one) for one in outcomes] == [Added, Failure, Added]
        assert outcomes[1] == Failure("lamp.txt", "the service is overloaded; try again later")
        with pytest.raises(ProviderError):
            library.add(Document("lamp.txt", text_of("iron", "lamp", "fan")))
        assert len(library.list()) == 2
        model.asked.clear()
        model.reply = lambda asked: "A sentence."
        library.ingest(blobs, outcomes.append)
        library.add(Document("lamp.txt", text_of("iron", "lamp", "fan")))
        assert [one.status for one in outcomes[3:] if isinstance(one, Added)] == [
            "unchanged",
            "added",
            "unchanged",
        ]
        assert len(model.asked) == 3 + 2  # the first to fail ended its document; of the other, one had come


def test_calls_overlap_within_bounds_and_the_outcomes_stay_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model()
    model.pause = 0.02
    blobs = [Blob(f"{name}.txt", text_of(name, "x", "y").encode()) for name in PARTS]
    with open_with(tmp_path / "library", model, monkeypatch, "context", concurrency=4) as library:
        outcomes: list[Added | Failure] = []
        library.ingest(blobs, outcomes.append)
    assert model.most == 4
    assert [one.document_id for one in outcomes if isinstance(one, Added)] == [blob.name for blob in blobs]


def test_ctrl_c_ends_the_calls_and_keeps_what_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model()
    model.pause = 0.05
    blobs = [Blob(f"{number}.txt", text_of(f"a{number}", "b", "c").encode()) for number in range(60)]
    with open_with(tmp_path / "library", model, monkeypatch, "context", concurrency=2) as library:
        threading.Timer(1.0, lambda: signal.raise_signal(signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            library.ingest(blobs, lambda outcome: None)
        time.sleep(0.2)
        calls = len(model.asked)
        time.sleep(0.3)
        assert len(model.asked) == calls < 180
        kept = rows(library)["written"]
        assert kept >= calls - 2
        model.pause = 0
        library.ingest(blobs, lambda outcome: None)
        assert len(model.asked) - calls == 180 - kept


def test_two_documents_that_ask_the_same_at_once_pay_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model()
    model.pause = 0.1
    with open_with(tmp_path / "library", model, monkeypatch, "summaries") as library:
        adds = [
            threading.Thread(target=library.add, args=(Document(f"{n}.md", passage_of("fan"), "Fan"),))
            for n in range(4)
        ]
        for one in adds:
            one.start()
        for one in adds:
            one.join()
        assert len(library.list()) == 4
    assert len(model.asked) == 1


def test_what_will_be_asked_is_known_before_the_first_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model()
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "all.txt").write_text(text_of(*PARTS))
    (folder / "one.txt").write_text(passage_of("kettle"))
    kinds = ("context", "summaries", "questions", "tree")
    with open_with(tmp_path / "library", model, monkeypatch, *kinds) as library:
        expected = library.quote(Folder(folder))
        assert not model.asked
        library.sync(Folder(folder), lambda outcome: None)
        assert expected.calls == len(model.asked) == 10 + 11 + 11 + 3
        with library._parts.catalog._engine.connect() as sql:
            read = sql.execute(text("SELECT sum(prompt_tokens) FROM written")).scalar_one()
        assert abs(expected.prompt_tokens - read) < 0.1 * read
        assert library.quote(Folder(folder)) == Quote()


def test_extract_cannot_write_and_says_so_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_with(tmp_path / "library", Model(), monkeypatch, "context", chat="extract") as library:
        assert library.search(Query("kettle")) == []
        for attempt in (
            lambda: library.add(APPLIANCES),
            lambda: library.ingest([Blob("a.txt", b"A.")], lambda outcome: None),
            lambda: library.quote(Folder(tmp_path)),
        ):
            with pytest.raises(Unsupported, match=r"embed\.context.*set chat\.model"):
                attempt()


def test_a_library_of_an_older_citewell_gets_its_new_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_with(tmp_path / "library", Model(), monkeypatch) as library:
        library.add(APPLIANCES)
        with library._parts.catalog._engine.begin() as sql:
            sql.execute(text("ALTER TABLE passages DROP COLUMN written"))
    unrevised(tmp_path / "library")
    with open_with(tmp_path / "library", Model(situated), monkeypatch, "context") as library:
        assert library.search(Query("toaster"))[0].passage.written == ""
        library.add(APPLIANCES)
        assert library.search(Query("toasterzq", mode="keyword"))[0].passage.text == passage_of("toaster")
