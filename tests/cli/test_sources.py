"""`citewell sync`, `citewell sources` and `serve` with sources: folders, repositories, sites, buckets and databases."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli, process, serving
from tests.sources.conftest import SECRET, Bucket, bucket, postgres, s3
from tests.sources.site import Site
from tests.sources.site import serving as site_serving

__all__ = ["bucket", "postgres", "s3"]  # fixtures that run real servers


@pytest.fixture
def configured(cli: Cli, home: Path) -> Callable[[str], Cli]:
    """Return a function that writes the sources of a new library, and returns `cli`."""

    def write(text: str) -> Cli:
        (home / "citewell.toml").write_text(text)
        assert cli("init").code == 0
        return cli

    return write


OWNER = {"Citewell-As": "*"}
FOLDER = '[[sources]]\nname = "handbook"\nkind = "folder"\npath = "docs"\n'


def ids(cli: Cli) -> list[str]:
    return [one["id"] for one in cli("list", "--json").json["documents"]]


def test_sync_runs_every_source_and_sources_shows_how_they_stand(
    configured: Callable[[str], Cli], docs: Path
) -> None:
    cli = configured(FOLDER + 'every = "1h"\n')
    said = cli("sync")
    assert (said.code, said.out.split(";")[0]) == (0, "3 added")
    assert cli("sync", "handbook").out.startswith("nothing to do")
    (state,) = cli("sources", "--json").json["sources"]
    assert (state["name"], state["kind"], state["state"], state["items"]) == ("handbook", "folder", "ok", 3)
    assert (state["every"], state["counts"], state["error"]) == (3600.0, {"skipped": 0}, "")
    assert cli("sources").out.split("\t")[:4] == ["handbook", "folder", "ok", "3"]


def test_what_is_mostly_gone_is_held_back_until_removals_are_allowed(
    configured: Callable[[str], Cli], docs: Path
) -> None:
    cli = configured(FOLDER)
    cli("sync")
    for path in docs.rglob("*.*"):
        path.unlink()
    assert cli("sync", "--keep").code == 0
    held = cli("sync")
    assert held.code == 11
    assert "lists 0 of the 3 items" in held.err
    assert cli("sources").code == 11
    assert cli("sources", "--json").json["sources"][0]["state"] == "held"
    assert len(ids(cli)) == 3
    assert cli("sync", "--allow-removals").out.startswith("3 removed")
    assert ids(cli) == []
    assert cli("sources").code == 0


def test_a_folder_that_was_added_is_guarded_too(filled: Cli, docs: Path) -> None:
    for path in docs.rglob("*.*"):
        path.unlink()
    held = filled("sync")
    assert (held.code, len(ids(filled))) == (11, 3)
    assert filled("sync", "docs", "--allow-removals").out.startswith("3 removed")


def test_a_source_that_fails_is_one_line_and_the_others_are_synced(
    configured: Callable[[str], Cli], docs: Path
) -> None:
    cli = configured('[[sources]]\nname = "gone"\nkind = "folder"\npath = "nothing"\n' + FOLDER)
    said = cli("sync")
    assert said.code == 11
    assert "failed: gone: there is no file or folder" in said.err
    assert len(ids(cli)) == 3
    states = {one["name"]: one["state"] for one in cli("sources", "--json").json["sources"]}
    assert states == {"gone": "failing", "handbook": "ok"}
    assert cli("sync", "nothing").code == 3


def test_a_mistake_in_a_source_is_said_by_every_command(cli: Cli, home: Path) -> None:
    (home / "citewell.toml").write_text(FOLDER + "pages = 3\n")
    said = cli("status")
    assert said.code == 2
    assert "unknown key 'pages' of [[sources]] 1" in said.err


def test_a_library_without_sources_says_what_to_do(cli: Cli) -> None:
    cli("init")
    said = cli("sync")
    assert (said.code, "[[sources]]" in said.err) == (2, True)
    assert cli("sources", "--json").json == {"sources": []}


@pytest.fixture
def site() -> Iterator[Site]:
    with site_serving() as found:
        found.pages = {
            "/": "<title>Home</title><a href='a.html'>a</a><a href='b.html'>b</a>",
            "/a.html": "<title>A</title><p>The walrus sings.</p>",
            "/b.html": "<title>B</title><p>The whale sleeps.</p>",
        }
        yield found


def test_a_repository_a_site_and_a_database_end_up_in_one_library(
    configured: Callable[[str], Cli], home: Path, site: Site
) -> None:
    pytest.importorskip("protego", reason="needs the extra web")
    (home / "book").mkdir()
    (home / "book" / "a.md").write_text("The kettle boils.")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        command = ["git", "-C", "book", "-c", "user.name=A", "-c", "user.email=a@example.com", *words]
        subprocess.run(command, check=True, capture_output=True)
    with sqlite3.connect(home / "notes.db") as sql:
        sql.execute("CREATE TABLE notes (id, body)")
        sql.execute("INSERT INTO notes VALUES (7, 'The lamp glows.')")
    cli = configured(
        f"""
        [[sources]]
        name = "book"
        kind = "git"
        url = "book"
        [[sources]]
        name = "site"
        kind = "web"
        url = "{site.url}/"
        delay = 0
        allow_private = true
        [[sources]]
        name = "notes"
        kind = "sql"
        url = "sqlite:///notes.db"
        query = "SELECT id, body AS text FROM notes"
        """
    )
    said = cli("sync")
    assert (said.code, said.err) == (0, "")
    pages = [f"{site.url}{path}" for path in ("/", "/a.html", "/b.html")]
    assert ids(cli) == ["book/a.md", *pages, "notes/7"]
    assert "notes/7" in cli("search", "lamp", "--mode", "keyword").out
    site.pages["/a.html"], site.pages["/"] = 404, site.pages["/"] + "<p>The owl sees.</p>"
    site.answers()
    assert cli("sync", "site").out.startswith("1 updated, 1 removed")
    assert site.answers()["/b.html"] == 304
    with sqlite3.connect(home / "notes.db") as sql:
        sql.execute("UPDATE notes SET body = 'The lamp is off.'")
    assert cli("sync").out.startswith("1 updated")


def test_a_bucket_and_a_postgresql_query_are_synced_and_no_secret_is_shown(
    configured: Callable[[str], Cli], bucket: Bucket, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    bucket.put(guide__a_md=b"The kettle boils.", guide__b_md=b"The lamp glows.")
    with psycopg.connect(postgres) as sql:
        sql.execute("DROP TABLE IF EXISTS tickets")
        sql.execute("CREATE TABLE tickets AS SELECT 1 AS id, 'The walrus sings.' AS text, true AS open")
    monkeypatch.setenv("BUCKET_KEY", "reader")
    monkeypatch.setenv("BUCKET_SECRET", SECRET)
    cli = configured(
        f"""
        [[sources]]
        name = "papers"
        kind = "s3"
        bucket = "{bucket.name}"
        endpoint = "{bucket.endpoint}"
        region = "us-east-1"
        key_env = "BUCKET_KEY"
        secret_env = "BUCKET_SECRET"
        allow_private = true
        [[sources]]
        name = "tickets"
        kind = "sql"
        url = "{postgres}"
        query = "SELECT * FROM tickets WHERE open"
        """
    )
    assert cli("sync").code == 0
    assert ids(cli) == [f"s3://{bucket.name}/guide/a.md", f"s3://{bucket.name}/guide/b.md", "tickets/1"]
    bucket.client.delete_object(Bucket=bucket.name, Key="guide/a.md")
    assert cli("sync", "papers").out.startswith("1 removed")
    with psycopg.connect(postgres) as sql:
        sql.execute(
            "UPDATE tickets SET open = false"
        )  # archived: most of what there was, so it has to be said
    assert cli("sync", "tickets").code == 11
    assert cli("sync", "tickets", "--allow-removals").out.startswith("1 removed")
    monkeypatch.setenv("BUCKET_SECRET", "wrong-word")
    failed = cli("sync", "papers")
    assert failed.code == 11
    shown = [
        failed.err,
        failed.out,
        cli("sources", "--json").out,
        cli("config", "--json").out,
        cli("status").out,
    ]
    assert not [text for text in shown if SECRET in text or "wrong-word" in text]


def searched(cli: Cli, word: str, seconds: float = 20.0) -> float:
    """Wait until a search finds a word, and return how long that took."""
    began = time.monotonic()
    while word not in cli("search", word, "--mode", "keyword").out:
        assert time.monotonic() - began < seconds, "it did not come"
    return time.monotonic() - began


def seen(cli: Cli, url: str) -> tuple[str, bool, int]:
    """What the server says of its only source."""
    (state,) = cli("sources", "--json", "--server", url).json["sources"]
    return state["state"], state["watch"], state["items"]


def test_serve_watches_and_answers_for_its_sources(configured: Callable[[str], Cli], docs: Path) -> None:
    pytest.importorskip("watchfiles", reason="needs the extra watch")
    cli = configured(FOLDER + "watch = true\n")
    with serving() as (url, _):
        searched(cli, "toaster")
        (docs / "new.md").write_text("The walrus sings.")
        searched(cli, "walrus")
        (docs / "new.md").unlink()
        assert cli("sync", "handbook").code == 0
        until = time.monotonic() + 20  # the watcher saw it too, and may be at it
        while seen(cli, url) != ("ok", True, 3) and time.monotonic() < until:
            time.sleep(0.2)
        assert seen(cli, url) == ("ok", True, 3)
        for path in docs.rglob("*.*"):
            path.unlink()
        assert cli("sync", "handbook").code == 11
        assert cli("sync", "handbook", "--allow-removals").code == 0
        assert ids(cli) == []


def test_sync_watch_takes_changes_into_the_library_of_a_server(filled: Cli, docs: Path) -> None:
    pytest.importorskip("watchfiles", reason="needs the extra watch")
    with serving():
        watcher = process("sync", "docs", "--watch")
        try:
            assert watcher.stdout is not None
            assert "unchanged" in watcher.stdout.readline()
            (docs / "new.md").write_text("The walrus sings.")
            searched(filled, "walrus")
        finally:
            watcher.send_signal(signal.SIGINT)
            _, said = watcher.communicate(timeout=30)
        assert said.strip().endswith("stopped")
        assert watcher.returncode == 0


def test_rest_lists_sources_and_syncs_one(configured: Callable[[str], Cli], docs: Path) -> None:
    import httpx

    configured(FOLDER)
    with (
        serving() as (url, _),
        httpx.Client(base_url=url, trust_env=False, timeout=30, headers=OWNER) as http,
    ):
        (state,) = http.get("/sources").json()["sources"]
        assert state["state"] == "new"
        synced = http.post("/sources/handbook/sync", json={}).json()
        assert (synced["state"], synced["counts"]["added"]) == ("ok", 3)
        for path in docs.rglob("*.*"):
            path.unlink()
        assert http.post("/sources/handbook/sync").json()["state"] == "held"
        gone: Any = http.post("/sources/handbook/sync", json={"most_removed": 1}).json()
        assert gone["counts"]["removed"] == 3
        missing = http.post("/sources/nothing/sync", json={})
        assert (missing.status_code, missing.json()["code"]) == (404, "NotFound")
        assert http.post("/sources/handbook/sync", json={"most_removed": 2}).status_code == 400
        assert http.get("/sources", headers={"Citewell-As": "user:ann"}).status_code == 400
        assert json.loads(http.get("/openapi.json").text)["paths"]["/sources/{name}/sync"]
