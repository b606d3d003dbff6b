"""Runs of sources: what is removed and what is held back, states and back-off, the clock, changes in a folder."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from citewell import Failure, Library, Query
from citewell.access import Access
from citewell.assemble import assemble
from citewell.config import load
from citewell.errors import BadInput, NotFound, Unreadable
from citewell.incoming import Added, Blob, Item
from citewell.schedule import LONGEST, Sources
from citewell.sourced import Run
from citewell.sources.folder import Folder

Open = Callable[..., Library]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Return a function that opens the library of a citewell.toml; all are closed at the end."""
    made: list[Library] = []

    def make(text: str = "") -> Library:
        (tmp_path / "citewell.toml").write_text(f'[embed]\nmodel = "hash"\n{text}')
        config = load({}, {}, tmp_path / "citewell.toml").config
        made.append(assemble(config, create=True))
        return made[-1]

    yield make
    for library in made:
        if not library.sources._stop.is_set():
            library.close()


class Shelf:
    """A source in memory: {id: text}; `broken` is raised by the listing."""

    name = "shelf"

    def __init__(self, **texts: str) -> None:
        self.texts = texts
        self.broken: Exception | None = None

    def items(self) -> Iterator[Item]:
        for name, text in self.texts.items():
            yield Item(name, text)
        if self.broken is not None:
            raise self.broken

    def fetch(self, item: Item) -> Blob:
        return Blob(item.id, self.texts[item.id].encode())


def taken(library: Library, source: Any, **options: Any) -> list[Any]:
    found: list[Any] = []
    library.sync(source, found.append, **options)
    return found


def ids(library: Library) -> list[str]:
    return [entry.id for entry in library.list(limit=1000)]


def test_a_source_that_lists_nothing_removes_nothing_until_that_is_allowed(opened: Open) -> None:
    library, shelf = opened(), Shelf(a="alpha", b="beta", c="gamma")
    taken(library, shelf)
    shelf.texts = {}
    (held,) = taken(library, shelf)
    assert isinstance(held, Failure)
    assert "lists 0 of the 3 items" in held.reason
    assert "--allow-removals" in held.reason
    assert ids(library) == ["a", "b", "c"]
    assert sorted(taken(library, shelf, prune=1)) == ["a", "b", "c"]
    assert ids(library) == []


def test_more_than_the_share_is_held_back_and_less_is_removed(opened: Open) -> None:
    library, shelf = opened(), Shelf(**{name: name for name in "abcdefgh"})
    taken(library, shelf)
    shelf.texts = {"a": "a", "new": "5"}
    assert [type(one) for one in taken(library, shelf)] == [Added, Failure]
    assert ids(library) == [*"abcdefgh", "new"]
    shelf.texts = {name: name for name in "abcdefgh"}
    assert taken(library, shelf, prune=0) == []
    assert taken(library, shelf) == ["new"]
    shelf.texts = {"a": "a", "b": "b"}
    assert isinstance(taken(library, shelf, prune=0.7)[0], Failure)
    assert sorted(taken(library, shelf, prune=0.75)) == list("cdefgh")


def test_a_few_documents_may_go_as_long_as_something_stays(opened: Open) -> None:
    library, shelf = opened(), Shelf(**{name: name for name in "abcdef"})
    taken(library, shelf)
    shelf.texts = {"f": "f"}
    assert sorted(taken(library, shelf)) == list("abcde")
    shelf.texts = {"g": "g"}
    assert [type(one) for one in taken(library, shelf)] == [Added, Failure]


def test_a_listing_that_breaks_off_changes_nothing(opened: Open) -> None:
    library, shelf = opened(), Shelf(a="1", b="2")
    taken(library, shelf)
    shelf.texts, shelf.broken = {"c": "3"}, Unreadable("shelf", "is down")
    with pytest.raises(Unreadable, match="is down"):
        library.sync(shelf, lambda outcome: None)
    assert ids(library) == ["a", "b"]


def test_documents_that_a_file_no_longer_holds_are_removed_and_a_long_one_keeps_all(opened: Open) -> None:
    library = opened()
    lines = [f'{{"id": {n}, "text": "note {n}"}}' for n in range(250)]
    shelf = Shelf(**{"rows.jsonl": "\n".join(lines), "z.md": "last"})
    taken(library, shelf)
    assert len(ids(library)) == 251
    shelf.texts["rows.jsonl"] = "\n".join(lines[:240])
    assert len([one for one in taken(library, shelf) if isinstance(one, str)]) == 10
    assert len(ids(library)) == 241
    del shelf.texts["rows.jsonl"]
    taken(library, shelf)
    assert ids(library) == ["z.md"]


FOLDER = '[[sources]]\nname = "docs"\nkind = "folder"\npath = "docs"\n'


def test_a_run_is_kept_with_its_counts_and_outlives_the_library(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name in ("a.md", "b.md", "c.png"):
        (tmp_path / "docs" / name).write_text(f"text of {name}")
    library = opened(FOLDER)
    assert [one.state for one in library.sources.list()] == ["new"]
    state = library.sources.run("docs")
    assert (state.state, state.items, dict(state.counts)) == ("ok", 2, {"added": 2, "skipped": 1})
    library.close()
    (again,) = opened(FOLDER).sources.list()
    assert again == state


def test_a_folder_that_was_synced_and_is_not_configured_is_shown_too(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("a")
    library = opened()
    taken(library, Folder(tmp_path / "docs"))
    (state,) = library.sources.list()
    assert (state.name, state.state, state.items) == (f"folder:{tmp_path / 'docs'}", "not configured", 1)


def test_a_source_that_is_not_there_is_failing_and_recovers(opened: Open, tmp_path: Path) -> None:
    library = opened(FOLDER)
    for failures in (1, 2):
        with pytest.raises(NotFound, match="no file or folder"):
            library.sources.run("docs")
        (state,) = library.sources.list()
        assert (state.state, state.failures, state.last_success) == ("failing", failures, "")
        assert "no file or folder" in state.error
    (tmp_path / "docs").mkdir()
    assert library.sources.run("docs").failures == 0
    with pytest.raises(NotFound, match=r"'nothing'.*'docs'"):
        library.sources.run("nothing")


def test_what_is_held_back_shows_in_the_state(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("a")
    library = opened(FOLDER)
    library.sources.run("docs")
    (tmp_path / "docs" / "a.md").unlink()
    held = library.sources.run("docs")
    assert (held.state, held.items, held.failures) == ("held", 1, 0)
    assert "nothing was removed" in held.error
    assert library.sources.run("docs", prune=1).state == "ok"
    assert ids(library) == []


def test_the_configured_share_counts(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("a")
    library = opened(FOLDER + "most_removed = 1.0\n")
    library.sources.run("docs")
    (tmp_path / "docs" / "a.md").unlink()
    assert library.sources.run("docs").counts["removed"] == 1


def due(library: Library, every: str, failures: int) -> float:
    """Return in how many seconds a source runs again that has just failed so many times."""
    sources: Sources = library.sources
    planned = sources._planned["docs"]
    now = datetime.now(UTC)
    sources._last = {
        planned.name: (Run(now.isoformat(), 0.0, {}, "x" if failures else "", False, failures), "")
    }
    config = replace(planned.config, every=float(every))
    return sources._due(replace(planned, config=config)) - now.timestamp()


def test_a_source_runs_when_it_is_due_and_less_often_while_it_fails(opened: Open) -> None:
    library = opened(FOLDER)
    assert due(library, "600", 0) == pytest.approx(600, abs=0.01)
    waits = [due(library, "600", failures) for failures in (1, 2, 3, 4)]
    for wait, least in zip(waits, (60, 120, 240, 480), strict=True):
        assert least <= wait <= least * 1.11
    assert LONGEST <= due(library, "600", 50) <= LONGEST * 1.11
    assert 7 * LONGEST <= due(library, str(7 * 86400), 50) <= 7 * LONGEST * 1.11
    assert 30 <= due(library, "30", 1) <= 33.5
    assert due(library, "0", 0) == float("inf")


def until(true: Callable[[], Any], seconds: float = 20.0) -> float:
    """Wait until something is so, and return how long that took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "it did not come"
        time.sleep(0.005)
    return time.monotonic() - began


def found(library: Library, word: str) -> list[str]:
    return [hit.passage.document_id for hit in library.search(Query(word, mode="keyword"))]


def test_a_change_in_a_watched_folder_is_searchable_within_a_second(opened: Open, tmp_path: Path) -> None:
    pytest.importorskip("watchfiles", reason="needs the extra watch")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "first.md").write_text("the walrus sings")
    (tmp_path / "docs" / "second.md").write_text("the whale sleeps")
    library = opened(FOLDER + "watch = true\n")
    library.sources.start()
    until(lambda: found(library, "walrus"))
    took = []
    for number in range(5):
        (tmp_path / "docs" / f"{number}.md").write_text(f"penguin{number} swims")
        took.append(until(lambda: found(library, f"penguin{number}")))  # noqa: B023
    assert sorted(took)[2] < 1.0, took
    (tmp_path / "docs" / "first.md").unlink()
    until(lambda: not found(library, "walrus"))
    (state,) = library.sources.list()
    assert (state.watch, state.next_run) == (True, "")


def test_a_watched_folder_that_goes_away_and_comes_back_is_watched_again(
    opened: Open, tmp_path: Path
) -> None:
    pytest.importorskip("watchfiles", reason="needs the extra watch")
    library = opened(FOLDER + "watch = true\nmost_removed = 1.0\n")
    library.sources.start()
    until(lambda: library.sources.list()[0].state == "failing")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("the walrus sings")
    until(lambda: found(library, "walrus"))
    until(lambda: library.sources.list()[0].state == "ok")


def test_a_source_runs_by_the_clock_until_the_library_is_closed(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("the walrus sings")
    library = opened(FOLDER + 'every = "1s"\n')
    library.sources.start()
    until(lambda: found(library, "walrus"))
    (tmp_path / "docs" / "b.md").write_text("the whale sleeps")
    until(lambda: found(library, "whale"))
    (state,) = library.sources.list()
    assert datetime.fromisoformat(state.next_run) - datetime.now(UTC) < timedelta(seconds=5)
    library.close()
    assert not [one for one in library.sources._threads if one.is_alive()]


def test_only_what_changed_in_a_repository_is_read(opened: Open, tmp_path: Path) -> None:
    repository = tmp_path / "book"
    repository.mkdir()

    def git(*words: str) -> None:
        command = [
            "git",
            "-C",
            str(repository),
            "-c",
            "user.name=A",
            "-c",
            "user.email=a@example.com",
            *words,
        ]
        subprocess.run(command, check=True, capture_output=True)

    git("init", "-q")
    for name in ("a.md", "b.md", "c.md"):
        (repository / name).write_text(f"text of {name}")
    git("add", "-A")
    git("commit", "-qm", "one")
    library = opened('[[sources]]\nname = "book"\nkind = "git"\nurl = "book"\n')
    assert library.sources.run("book").counts["added"] == 3
    (repository / "a.md").write_text("changed")
    git("rm", "-q", "b.md")
    git("commit", "-qam", "two")
    state = library.sources.run("book")
    assert dict(state.counts) == {"updated": 1, "removed": 1, "skipped": 0}
    assert ids(library) == ["book/a.md", "book/c.md"]
    memory = library._parts.catalog.runs.memory("git:book")
    head = subprocess.run(["git", "-C", str(repository), "rev-parse", "HEAD"], capture_output=True, text=True)
    assert memory == {"commit": head.stdout.strip()}


def test_a_secret_that_is_not_set_is_said_by_its_variable(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_SUCH_SECRET", raising=False)
    library = opened(
        '[[sources]]\nname = "x"\nkind = "sql"\nurl = "postgresql://h/x"\nquery = "SELECT 1"\n'
        'password_env = "NO_SUCH_SECRET"\n'
    )
    with pytest.raises(BadInput, match="'NO_SUCH_SECRET', which is not set"):
        library.sources.run("x")


def test_a_rows_columns_say_who_may_see_it_and_where_it_goes(opened: Open, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "notes.db") as sql:
        sql.execute("CREATE TABLE notes (id, text, readers, collection)")
        sql.execute(
            "INSERT INTO notes VALUES (1, 'walrus', 'group:sales', 'arctic'), (2, 'seal', NULL, NULL)"
        )
    library = opened(
        '[[sources]]\nname = "notes"\nkind = "sql"\nurl = "sqlite:///notes.db"\nquery = "SELECT * FROM notes"\n'
    )
    library.sources.run("notes")
    assert ids(library) == ["notes/2"]
    sales = library.list(access=Access(frozenset({"group:sales"})), collection="arctic")
    assert [entry.id for entry in sales] == ["notes/1"]
    with sqlite3.connect(tmp_path / "notes.db") as sql:
        sql.execute("UPDATE notes SET readers = 'nobody:x' WHERE id = 2")
    assert library.sources.run("notes").counts["updated"] == 1
    assert ids(library) == []
