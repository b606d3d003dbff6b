"""A whole library on the stubs of Pinecone and Weaviate: added, asked, changed, removed, opened again; and `doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import citewell

pytest.importorskip("pinecone", reason="pip install 'citewell[pinecone]'")
pytest.importorskip("weaviate", reason="pip install 'citewell[weaviate]'")

from citewell import doctor
from citewell.config import load
from tests.index.stubs.pinecone import KEY_ENV

GUIDE = "# Router\n\nThe reset button is on the back. Hold it for ten seconds.\n"
TABLE = "# Lamp\n\nThe lamp has three levels of light.\n"


@pytest.fixture(params=["pinecone", "weaviate"])
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Settings of a library whose index is on a stub."""
    stub = request.getfixturevalue(request.param)
    key = {"index.key_env": KEY_ENV} if request.param == "pinecone" else {"index.key_env": "NO_SUCH_KEY"}
    return {
        "index.store": request.param,
        "index.url": stub.url,
        "index.collection": "whole-library",
        "embed.model": "hash",
        **key,
    }


def test_a_library_lives_on_a_hosted_index(tmp_path: Path, settings: dict[str, Any]) -> None:
    with citewell.open(tmp_path / "library", create=True, settings=settings) as library:
        library.add(citewell.Document("guide.md", GUIDE, fields={"product": "router", "year": 2024}))
        library.add(citewell.Document("table.md", TABLE, fields={"product": "lamp", "year": 2020}))
        if settings["index.store"] == "weaviate":
            with pytest.raises(citewell.BadInput, match="mode keyword"):
                library.search(citewell.Query("reset", mode="tfidf"))
        for mode in ("hybrid", "dense", "keyword"):
            query = citewell.Query("where is the reset button", mode=mode)
            assert library.search(query)[0].passage.document_id == "guide.md", mode
        lamps = library.search(
            citewell.Query("reset button", where=citewell.parse_filter("product = 'lamp' AND year < 2024"))
        )
        assert {hit.passage.document_id for hit in lamps} == {"table.md"}
        # What the store cannot express is resolved by the catalog, never dropped.
        like = library.search(
            citewell.Query("reset button", where=citewell.parse_filter("product LIKE '%amp'"))
        )
        assert {hit.passage.document_id for hit in like} == {"table.md"}
        library.remove("guide.md")
        assert (
            library.search(citewell.Query("reset button", where=citewell.parse_filter("product = 'router'")))
            == []
        )
    with citewell.open(tmp_path / "library", settings=settings) as library:
        assert "stub" in str(library.status()["index"])
        assert library.search(citewell.Query("levels of light"))[0].passage.document_id == "table.md"


def test_doctor_says_that_the_adapter_was_only_run_on_a_stub(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    config = load({"library.path": str(tmp_path), **settings}, {}).config
    findings = {one.name: one for one in doctor.examine(config)}
    assert "this adapter was only ever run on a stub" in findings["index"].text
    assert "BM25" in findings["keyword"].text
