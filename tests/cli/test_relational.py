"""`citewell schema` and `citewell sql`, as a person or a script uses them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli


@pytest.fixture
def shelved(cli: Cli, home: Path) -> Cli:
    """A library with three documents that have fields."""
    cli("init")
    (home / "shelf").mkdir()
    for name, product, year in (("a", "router", 2023), ("b", "router", 2024), ("c", "switch", 2024)):
        text = f"---\nproduct: {product}\nyear: {year}\n---\n# {name}\n\nHow to reset the {product}.\n"
        (home / "shelf" / f"{name}.md").write_text(text)
    assert cli("add", "shelf").code == 0
    return cli


def test_fields_are_shown_with_their_types(shelved: Cli) -> None:
    lines = [line.split("\t")[:3] for line in shelved("schema").out.splitlines()]
    assert ["product", "text", "3"] in lines
    assert ["year", "number", "3"] in lines
    found = {one["name"]: one for one in shelved("schema", "--where", "year = 2023", "--json").json["fields"]}
    assert found["product"]["documents"] == 1


@pytest.mark.parametrize(
    "command", [("schema",), ("sql", "select * from documents"), ("copy", "--to", "a.toml")]
)
def test_tables_are_the_owners(shelved: Cli, command: tuple[str, ...]) -> None:
    said = shelved(*command, "--as", "user:ann")
    assert (said.code, said.out) == (2, "")
    assert f"{command[0]} sees the whole library" in said.err


def test_documents_are_counted_by_a_field(shelved: Cli) -> None:
    query = "select product, count(*) as n from documents group by 1 order by 2 desc"
    assert shelved("sql", query).out == "router\t2\nswitch\t1\n"
    assert shelved("sql", query, "--json").json == {
        "columns": ["product", "n"],
        "rows": [["router", 2], ["switch", 1]],
        "more": False,
    }
    assert "more than 1 rows" in shelved("sql", query, "--limit", "1").err


def test_a_query_that_is_refused_is_one_line_and_exit_code_2(shelved: Cli) -> None:
    said = shelved("sql", "delete from documents")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: the query ")
    assert said.err.count("\n") == 1


def test_a_declared_type_that_is_none_is_an_error_in_the_settings(shelved: Cli, home: Path) -> None:
    (home / "citewell.toml").write_text('[catalog]\nfields = "year integer"\n')
    said = shelved("schema")
    assert said.code == 2
    assert "catalog.fields has 'year integer'" in said.err
