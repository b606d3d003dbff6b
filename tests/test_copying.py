"""A library copied to another place: same rows, same answers, nothing embedded; stopped on the way, it goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random
from zlib import crc32

import pytest
from typer.testing import CliRunner

from citewell import filters
from citewell.access import OWNER, Access
from citewell.assemble import assemble
from citewell.catalog import copied
from citewell.cli import app
from citewell.copying import copy
from citewell.errors import BadInput, Corrupt, InUse
from citewell.model import Document, Query
from citewell.settings import Config
from citewell.testing import HashEmbedder
from tests.postgres import postgres

__all__ = ["postgres"]


def at(folder: Path, url: str = "", store: str = "edge") -> Config:
    config = Config()
    return replace(
        config,
        index=replace(
            config.index,
            store=store,
            url="" if store == "edge" else url.replace("+psycopg", ""),
            collection=f"copy_{crc32(bytes(folder)):x}",
        ),
        library=replace(config.library, path=folder),
        embed=replace(config.embed, model="hash"),
        catalog=replace(config.catalog, url=url, schema=f"copy_{crc32(bytes(folder)):x}"),
    )


def filled(config: Config, documents: int = 30) -> None:
    draw = Random(7)
    with assemble(config, create=True) as library:
        for n in range(documents):
            parts = [" ".join(f"w{draw.randrange(4000)}" for _ in range(120)) for _ in range(3)]
            text = "\n\n".join(f"Chapter {m} of book {n}. {part}." for m, part in enumerate(parts))
            fields = {"year": 1990 + n, "tags": ["a", f"t{n % 3}"]}
            library.add(Document(f"bücher/{n:03}.md", text, fields=fields))
        library.share(f"bücher/{min(9, documents - 1):03}.md", ["user:ann"], OWNER)
        library.ask(Query("What is in chapter 1 of book 5?", conversation="new", access=OWNER))
        library.remove(f"bücher/{min(3, documents - 1):03}.md", OWNER)


@pytest.fixture(params=[("sqlite", "edge"), ("postgres", "edge"), ("postgres", "pgvector")])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Config:
    catalog, store = request.param
    url = request.getfixturevalue("postgres") if catalog == "postgres" else ""
    return at(tmp_path / "there", url, store)


def test_the_copy_has_every_row_and_finds_the_same_and_nothing_is_embedded(
    tmp_path: Path, target: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = at(tmp_path / "here")
    filled(source)
    passages: list[str] = []
    embed = HashEmbedder.embed

    def counted(self: HashEmbedder, texts: list[str], *, kind: str) -> object:
        passages.extend(texts if kind == "passage" else [])
        return embed(self, texts, kind=kind)  # type: ignore[arg-type]

    monkeypatch.setattr(HashEmbedder, "embed", counted)
    said: list[tuple[str, int, int]] = []
    found = copy(source, target, lambda *one: said.append(one))
    assert not passages
    assert found.documents == 29
    assert found.rows["versions"] == 29
    assert found.rows["vectors"] == found.passages > 29
    assert found.rows["turns"] == 1
    assert found.questions == 20
    assert found.same >= 0.95
    assert ("passages", found.passages, found.passages) in said
    with assemble(source) as here, assemble(target) as there:
        assert [one.id for one in here.list(access=OWNER)] == [one.id for one in there.list(access=OWNER)]
        assert here.get("bücher/007.md", OWNER) == there.get("bücher/007.md", OWNER)
        words = here.get("bücher/007.md", OWNER)[1].text.split()[30:40]
        query = Query(" ".join(words), where=filters.parse("year >= 1995 AND 't1' = ANY(tags)"))
        assert here.search(query)[0].passage == there.search(query)[0].passage
        assert "bücher/009.md" not in [one.id for one in there.list()]
        assert "bücher/009.md" in [one.id for one in there.list(access=Access(frozenset({"user:ann"})))]
        there.add(Document("new", "A page of its own about quokkas."))
        assert there.search(Query("quokkas", mode="keyword"))
        assert not here.search(Query("quokkas", mode="keyword"))


def test_a_copy_that_stops_goes_on_and_until_then_nobody_opens_it(
    tmp_path: Path, target: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copied, "BATCH", 10)
    source = at(tmp_path / "here")
    filled(source)

    def stop(table: str, done: int, total: int) -> None:
        if table == "passages" and done >= 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy(source, target, stop)
    with pytest.raises(Corrupt, match="citewell copy"):
        assemble(target)
    with assemble(source) as library:  # what is there by now is copied, what is gone is not
        library.remove("bücher/001.md")
        library.add(Document("bücher/000.md", "It was written anew."))
    seen: list[int] = []
    found = copy(source, target, lambda table, done, _: seen.append(done) if table == "passages" else None)
    assert seen[0] >= 30
    assert found.documents == 28
    with assemble(target) as there:
        assert there.get("bücher/000.md", OWNER)[1].text == "It was written anew."
        assert "bücher/001.md" not in [hit.document.id for hit in there.search(Query("book 1", limit=100))]


def test_what_cannot_be_a_target_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    source, target = at(tmp_path / "here"), at(tmp_path / "there")
    filled(source, 3)
    with pytest.raises(BadInput, match="one place"):
        copy(source, source)
    with pytest.raises(BadInput, match=r"minilm.*\[embed\]"):
        copy(source, replace(target, embed=replace(target.embed, model="minilm")))
    with assemble(source), pytest.raises(InUse):
        copy(source, target)
    with assemble(target, create=True) as library:
        library.add(Document("mine", "It is mine."))
    with pytest.raises(BadInput, match="documents of its own"):
        copy(source, target)
    with assemble(target) as library:
        assert [one.id for one in library.list()] == ["mine"]


def test_the_command_copies_and_says_what_it_compared(tmp_path: Path) -> None:
    filled(at(tmp_path / "here"))
    (tmp_path / "here.toml").write_text('[library]\npath = "here"\n[embed]\nmodel = "hash"\n')
    (tmp_path / "there.toml").write_text('[library]\npath = "there"\n[embed]\nmodel = "hash"\n')
    arguments = ["copy", "--to", str(tmp_path / "there.toml"), "--config", str(tmp_path / "here.toml")]
    run = CliRunner().invoke(app, arguments)
    assert run.exit_code == 0, run.output
    assert "29 documents" in run.output
    assert "of the hits are the same" in run.output
    again = CliRunner().invoke(app, arguments)
    assert again.exit_code == 2
    assert "documents of its own" in again.output
    missing = CliRunner().invoke(app, ["copy", "--to", str(tmp_path / "nowhere.toml")])
    assert missing.exit_code == 2
    assert "nowhere.toml" in missing.output
