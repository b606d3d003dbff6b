"""With the embedder's own tokenizer: nothing that is embedded is cut off unseen."""

from __future__ import annotations

from pathlib import Path

import pytest

from citewell.errors import MissingExtra
from citewell.incoming import Blob
from citewell.model import Document
from citewell.read import Limits, read
from citewell.split import embedded_text, split

ROOT = Path(__file__).resolve().parents[2]
ODD = {
    "chinese": "水を入れてください。電源を切る。" * 300,
    "base64": "TWFuIGlzIGRpc3Rpbmd1aXNoZWQsIG5vdCBvbmx5IGJ5" * 200,
    "digits": "8 19 2027 3.14159 0xff " * 500,
    "emoji": "😀👍🏽" * 800,
    "rule": "-" * 5000,
}


@pytest.fixture(scope="module")
def embedder():  # type: ignore[no-untyped-def]
    from citewell.providers.minilm import MiniLM

    try:
        return MiniLM(threads=1)
    except MissingExtra as error:
        pytest.skip(f"needs the embedding model: {error}")


@pytest.mark.parametrize("tokens", [64, 200])
def test_the_embedder_sees_every_passage_whole(embedder, tokens: int) -> None:  # type: ignore[no-untyped-def]
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src" / "citewell").glob("*.py")]
    documents = [one for page in pages for one in read(Blob(page.name, page.read_bytes()), Limits())]
    documents += [Document(name, text, title="長い題名 " * 50) for name, text in ODD.items()]
    for document in documents:
        spans = split(document, count=embedder.count, tokens=tokens)
        front = [embedded_text(document.title, span.heading, span.context, "") for span in spans]
        whole = [
            embedded_text(document.title, span.heading, span.context, document.text[span.start : span.end])
            for span in spans
        ]
        for before, size in zip(embedder.count(front), embedder.count(whole), strict=True):
            assert size <= max(tokens, before + 24), document.id
            assert size <= embedder.max_tokens, document.id
