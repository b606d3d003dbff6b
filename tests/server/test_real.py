"""The whole way with the real catalog, index and reader: put, search, ask, remove, check."""

from __future__ import annotations

from pathlib import Path

import httpx

from citewell import wire
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
        assert client.post("/check").json() == {"drift": []}
