"""A real small model writes at ingest. It writes badly; that is what measuring is for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from citewell.assemble import assemble
from citewell.model import Document, Query
from citewell.settings import Config
from tests.providers.conftest import model
from tests.writing.model import PARTS, passage_of, rows

__all__ = ["model"]


@pytest.mark.timeout(900)
def test_a_local_model_writes_contexts_and_a_tree(tmp_path: Path, model: Path) -> None:
    config = Config()
    config = replace(
        config,
        library=replace(config.library, path=tmp_path / "library"),
        embed=replace(config.embed, model="hash", context=True, tree=True),
        split=replace(config.split, tokens=40),
        chat=replace(config.chat, model="local", path=model, max_tokens=12),
    )
    document = Document("guide.md", "\n\n".join(passage_of(name, 30) for name in PARTS[:2]), "Guide")
    with assemble(config, create=True) as library:
        added = library.add(document)
        assert added.passages == 2
        assert rows(library)["written"] == 2 + 1
        with library._parts.catalog._engine.connect() as sql:
            texts, read, written = sql.execute(
                text(
                    "SELECT count(nullif(text, '')), min(prompt_tokens), max(completion_tokens) FROM written"
                )
            ).one()
        assert texts == 3
        assert read > 80
        assert 0 < written <= 12
        hits = library.search(Query("the lamp"))
        assert any(hit.passage.written for hit in hits)
        assert {hit.passage.text for hit in hits} == set(document.text.split("\n\n"))
        assert library.check() == []
