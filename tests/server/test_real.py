"""The whole way with the real catalog, index and reader: put, search, ask, remove, check."""

from __future__ import annotations

from pathlib import Path

import httpx

from citewell import wire
from citewell.client import Remote
from citewell.model import Document, Query
from tests.failure.worker import open_library
from tests.server.conftest import served

TEXT = b"""---
product: kettle
---
# Tea

## Green

Green tea steeps for two minutes.

## Black

Black tea steeps for four minutes.
"""


def test_a_real_library_is_served(tmp_path: Path) -> None:
    with open_library(tmp_path / "library", create=True) as library, served(library) as url:
        client = httpx.Client(base_url=url)
        headers = {"Citewell-Fields": '{"year": 2024}'}
        added = client.put("/documents/drinks%2Ftea.md", content=TEXT, headers=headers)
        assert (added.status_code, added.json()["status"]) == (201, "added")
        wanted = {"text": "black tea", "mode": "keyword", "where": "year = 2024 AND product = 'kettle'"}
        (first, *_) = wire.load_hits(client.post("/search", json=wanted).json()["hits"])
        assert "four minutes" in first.passage.text
        answer = wire.load_answer(
            client.post("/ask", json={"question": "How long does black tea steep?"}).json()
        )
        _, document = wire.load_document(client.get("/documents/drinks%2Ftea.md").json())
        assert all(document.text[one.start : one.end] == one.quote for one in answer.citations)
        assert client.put("/documents/broken.pdf", content=b"%PDF-1.7 nothing").status_code == 422
        assert client.delete("/documents/drinks%2Ftea.md").status_code == 204
        assert client.post("/search", json={"text": "black tea"}).json()["hits"] == []
        assert client.post("/check", headers={"Citewell-As": "*"}).json() == {"drift": []}


def test_why_is_answered_over_the_wire(tmp_path: Path) -> None:
    with open_library(tmp_path / "library", create=True) as library, served(library) as url:
        library.add(Document("tea", "Green tea steeps for two minutes."))
        library.add(Document("milk", "Milk is white."))
        with Remote(url) as remote:
            query = Query("how long does green tea steep", limit=1, mode="keyword")
            assert remote.why(query) == library.why(query)
            assert remote.why(query, "milk") == library.why(query, "milk", local=False)
            assert remote.why(query, "milk").document.stage == "keyword"  # type: ignore[union-attr]
            assert remote.why(query, "coffee").document.stage == "not_ingested"  # type: ignore[union-attr]
