"""Embeddings over OpenAI's protocol: llama.cpp's real server, and scripted errors of a stub."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citewell.errors import BadInput, ProviderError
from citewell.providers.openai_embeddings import OpenAIEmbedder
from tests.providers.conftest import llama
from tests.providers.stub import Reply, refused, serving

SIZE = 576
"""What SmolLM2-135M's vectors have."""


def made(path: str, body: dict[str, Any]) -> Reply:
    """Vectors whose direction tells the text; in another order than asked, as the protocol allows."""
    assert path == "/v1/embeddings"
    data = [{"index": at, "embedding": [len(text), 1.0]} for at, text in enumerate(body["input"])]
    told = {"data": data[::-1], "usage": {"prompt_tokens": 3 * len(data)}}
    return 200, {"Content-Type": "application/json"}, json.dumps(told).encode()


def test_a_real_server_embeds(model: Path) -> None:
    with llama(model, embedding=True, pooling_type=pooling()) as url:
        embedder = OpenAIEmbedder(f"{url}/v1", "smollm2", dimensions=SIZE)
        vectors = embedder.embed(["green tea", "", "green tea"], kind="passage")
    assert vectors.shape == (3, SIZE)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(vectors[0], vectors[2], atol=1e-3)
    assert embedder.told.tokens > 3


def pooling() -> Any:
    import xllamacpp

    return xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN


def test_texts_go_in_batches_and_come_back_in_order_with_the_tokens_counted() -> None:
    texts = ["x" * (n + 1) for n in range(130)]
    with serving(made) as stub:
        embedder = OpenAIEmbedder(stub.url, "m", dimensions=2)
        vectors = embedder.embed(texts, kind="passage")
    assert [len(body["input"]) for _, body in stub.asked] == [128, 2]
    assert np.allclose(vectors[:, 0] / vectors[:, 1], range(1, 131), rtol=1e-4)
    assert embedder.told.tokens == 390


def test_what_fails_in_passing_is_tried_again_and_a_bad_key_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "sk-secret")
    with serving(refused(429, "slow", Retry_After="0"), made) as stub:
        assert OpenAIEmbedder(stub.url, "m", dimensions=2).embed(["tea"], kind="query").shape == (1, 2)
    with (
        serving(refused(401, "bad key sk-secret")) as stub,
        pytest.raises(ProviderError, match="SOME_KEY") as said,
    ):
        OpenAIEmbedder(stub.url, "m", dimensions=2, key_env="SOME_KEY").embed(["tea"], kind="query")
    assert "sk-secret" not in str(said.value)
    assert len(stub.asked) == 1


def test_the_length_of_vectors_is_known_asked_for_or_refused() -> None:
    with serving(made) as stub:
        with pytest.raises(BadInput, match=r"embed\.dimensions 3"):
            OpenAIEmbedder(stub.url, "m", dimensions=3).embed(["tea"], kind="query")
        with pytest.raises(BadInput, match=r"embed\.dimensions 256"):
            OpenAIEmbedder(stub.url, "text-embedding-3-small", dimensions=256).embed(["tea"], kind="query")
        assert [body.get("dimensions") for _, body in stub.asked] == [None, 256]
    with pytest.raises(BadInput, match=r"embed\.dimensions"):
        OpenAIEmbedder("", "m")
    assert OpenAIEmbedder("", "text-embedding-3-large").name == "openai:text-embedding-3-large:3072"


def test_the_hosted_service_answers() -> None:
    if not os.environ.get("OPENAI_API_KEY"):
        pytest.skip("optional: needs OPENAI_API_KEY")
    assert OpenAIEmbedder("", "text-embedding-3-small").embed(["tea"], kind="query").shape == (1, 1536)
