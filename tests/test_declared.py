"""[[sources]]: what can be declared, and what is refused with the key and the remedy."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from citewell.config import load
from citewell.declared import KINDS, FolderPlace, GitPlace, SourceConfig, SqlPlace
from citewell.errors import BadInput


def declared(folder: Path, text: str) -> tuple[SourceConfig, ...]:
    (folder / "citewell.toml").write_text(text)
    return load({}, {}, folder / "citewell.toml").config.sources


def test_sources_are_read_with_their_defaults_and_paths_start_at_the_file(tmp_path: Path) -> None:
    docs, book, notes = declared(
        tmp_path,
        """
        [[sources]]
        name = "docs"
        kind = "folder"
        path = "docs"
        watch = true
        [[sources]]
        name = "book"
        kind = "git"
        url = "../book"
        every = "10m"
        most_removed = 1
        [[sources]]
        name = "notes"
        kind = "sql"
        url = "sqlite:///notes.db"
        query = "SELECT 1"
        every = "1d"
        """,
    )
    assert docs == SourceConfig("docs", "folder", FolderPlace(tmp_path / "docs", watch=True))
    assert (book.every, book.most_removed, book.place) == (600.0, 1.0, GitPlace(str(tmp_path / "../book")))
    assert (docs.watch, book.watch) == (True, False)
    assert isinstance(notes.place, SqlPlace)
    assert (notes.place.url, notes.every) == (f"sqlite:///{tmp_path / 'notes.db'}", 86400.0)


FOLDER = '[[sources]]\nname = "a"\nkind = "folder"\npath = "x"\n'
WEB = '[[sources]]\nname = "a"\nkind = "web"\nurl = "https://example.com/"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[sources]\nname = 'a'\n", r"write \[\[sources\]\]"),
        ('[[sources]]\nname = "a"\n', "kind is None"),
        ('[[sources]]\nname = "a"\nkind = "ftp"\n', "'ftp'.*folder, git, web, s3, sql"),
        ('[[sources]]\nname = "a"\nkind = "folder"\n', "path is missing"),
        ('[[sources]]\nkind = "folder"\npath = "x"\n', "name is None"),
        ('[[sources]]\nname = "../a"\nkind = "folder"\npath = "x"\n', "name is '../a'"),
        (FOLDER + "url = 'x'\n", "unknown key 'url'"),
        (FOLDER + "watsch = true\n", "unknown key 'watsch'"),
        (FOLDER + "watch = 'yes'\n", "true or false"),
        (FOLDER + "include = '*.md'\n", "a list of patterns"),
        (FOLDER + "every = '0s'\n", "every is '0s'"),
        (FOLDER + "every = 10\n", "every is 10"),
        (FOLDER + "most_removed = 2\n", "from 0 to 1"),
        (FOLDER + FOLDER, "two sources"),
        (WEB + "pages = 0\n", "a number from 1"),
        (WEB + "pages = 1.5\n", "a whole number"),
        ('[[sources]]\nname = "a"\nkind = "git"\nurl = "x"\ntoken_env = "a-secret-pasted"\n', "not the name"),
        (
            '[[sources]]\nname="a"\nkind="sql"\nurl="x"\nquery="SELECT 1"\nformat="pdf"\n',
            "plain, markdown, html",
        ),
    ],
)
def test_what_is_not_right_is_refused_with_the_key(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said) as raised:
        declared(tmp_path, text)
    assert "secret" not in str(raised.value)


def test_every_key_says_what_it_is_about_and_is_in_the_documentation() -> None:
    page = (Path(__file__).parents[1] / "docs" / "sources.md").read_text("utf-8")
    for kind, place in KINDS.items():
        for key in fields(place):
            assert key.metadata["about"], (kind, key.name)
            assert f"`{key.name}`" in page, (kind, key.name)
