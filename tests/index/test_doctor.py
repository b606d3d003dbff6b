"""What `citewell doctor` says of the store that is configured: it asks, and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from citewell.cli import app
from citewell.testing.network import free_port


def examined(tmp_path: Path, **settings: str) -> str:
    values = {f"CITEWELL_INDEX_{name.upper()}": value for name, value in settings.items()}
    values["CITEWELL_LIBRARY_PATH"] = str(tmp_path / "library")
    return CliRunner().invoke(app, ["doctor"], env=values).output


@pytest.mark.parametrize(("store", "server"), [("pgvector", "postgres"), ("chroma", "chroma")])
def test_it_says_what_answers_what_scores_words_and_whence_idf(
    request: pytest.FixtureRequest, tmp_path: Path, store: str, server: str
) -> None:
    said = examined(tmp_path, store=store, url=request.getfixturevalue(server))
    (index,) = [line for line in said.splitlines() if "  index: " in line]
    assert index.startswith("ok")
    assert any(letter.isdigit() for letter in index)
    (keyword,) = [line for line in said.splitlines() if "keyword: " in line]
    assert "BM25" in keyword
    assert "IDF comes from" in keyword


@pytest.mark.parametrize("store", ["qdrant", "pgvector", "chroma"])
def test_a_store_that_is_not_there_is_said_to_be_missing(tmp_path: Path, store: str) -> None:
    port = free_port()
    scheme = "postgresql" if store == "pgvector" else "http"
    said = examined(tmp_path, store=store, url=f"{scheme}://127.0.0.1:{port}", timeout="2")
    (index,) = [line for line in said.splitlines() if f"index: {store}" in line]
    assert index.startswith("missing")
    assert str(port) in index


def test_a_password_in_an_address_is_refused_and_not_repeated(tmp_path: Path) -> None:
    said = examined(tmp_path, store="pgvector", url="postgresql://me:hunter2@127.0.0.1/db")
    assert "index.key_env" in said
    assert "hunter2" not in said
