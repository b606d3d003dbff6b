"""Cohere's SDK against a stub that checks each request by the published schema (never run against the service).

What llama.cpp's real server can serve of it, rerank, is asked of that too.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("cohere", reason="needs the extra 'cohere'")

from citewell.errors import BadInput, ProviderError
from citewell.model import Delta, Message, Prompt
from citewell.providers.cohere_v2 import CohereChat, CohereEmbedder, CohereReranker
from tests.providers.cohere_stub import START, cohere, ended, piece, refused, streamed
from tests.providers.stub import Reply, serving, silent
from tests.retrieve.shelf import found, opened

PROMPT = Prompt("hello?", (), (Message("system", "Be kind."), Message("user", "Say hello.")))
CHAT = "command-a-03-2025"


def collect(chat: CohereChat) -> list[Delta]:
    async def drain() -> list[Delta]:
        return [delta async for delta in chat.stream(PROMPT)]

    return asyncio.run(drain())


def test_an_answer_is_streamed_with_its_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "co-secret")
    with serving(cohere) as stub:
        deltas = collect(CohereChat(stub.root, CHAT, key_env="SOME_KEY", max_tokens=9))
    assert "".join(delta.text for delta in deltas) == "Hello"
    assert deltas[-1].usage is not None
    assert (deltas[-1].usage.prompt_tokens, deltas[-1].usage.completion_tokens) == (5, 2)  # as billed
    headers, body = stub.asked[0]
    assert headers["Authorization"] == "Bearer co-secret"
    assert body["max_tokens"] == 9


@pytest.mark.parametrize(
    ("reply", "remedy"),
    [
        (refused(401, "invalid api token co-secret"), "SOME_KEY"),
        (refused(498, "token was blocked"), "SOME_KEY"),
        (refused(404, "model 'm' not found"), r"chat\.name"),
        (refused(400, "too many tokens: size limit exceeded by 4032 tokens"), r"chat\.passages"),
        (refused(422, "blocked by the safety mode"), "other words"),
        (refused(402, "please add a payment method to your account"), "no credit"),
        (streamed(START, piece("so far"), ended("ERROR", error="out of luck")), "would not answer"),
    ],
)
def test_each_refusal_is_one_line_with_its_remedy_and_is_not_tried_again(
    monkeypatch: pytest.MonkeyPatch, reply: Reply, remedy: str
) -> None:
    monkeypatch.setenv("SOME_KEY", "co-secret")
    with serving(reply) as stub, pytest.raises(ProviderError, match=remedy) as caught:
        collect(CohereChat(stub.root, "m", key_env="SOME_KEY"))
    assert "\n" not in str(caught.value)
    assert "co-secret" not in str(caught.value)
    assert not caught.value.retryable
    assert len(stub.asked) == 1


def test_an_overloaded_service_is_tried_again_and_an_answer_without_an_end_is_none() -> None:
    busy, limited = refused(503, "busy", Retry_After="0"), refused(429, "slow", Retry_After="0.2")
    with serving(busy, limited, cohere) as stub:
        assert collect(CohereChat(stub.root, CHAT))[0].text == "Hel"
    assert len(stub.asked) == 3
    with serving(streamed(START, piece("half"))) as stub, pytest.raises(ProviderError, match="has no end"):
        collect(CohereChat(stub.root, CHAT))


@pytest.mark.parametrize("first", [None, streamed(START, piece("One"))[2]])
def test_who_hangs_up_closes_the_connection(first: bytes | None) -> None:
    async def hang_up() -> None:
        with silent(first) as (url, _, closed):
            stream = CohereChat(url, CHAT).stream(PROMPT)
            task = asyncio.ensure_future(anext(stream))
            done, _ = await asyncio.wait([task], timeout=0.8 if first is None else 10)
            assert not closed.is_set()
            assert bool(done) == (first is not None)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await stream.aclose()  # type: ignore[attr-defined]
            assert await asyncio.to_thread(closed.wait, 1)

    asyncio.run(hang_up())


def test_questions_and_passages_are_embedded_as_such_in_batches_of_unit_rows() -> None:
    with serving(cohere) as stub:
        embedder = CohereEmbedder(stub.root, "embed-v4.0", dimensions=256)
        texts = [f"{'x' * n}" for n in range(100)]
        passages = embedder.embed(texts, kind="passage")
        question = embedder.embed(["x"], kind="query")
    assert [len(body["texts"]) for _, body in stub.asked] == [96, 4, 1]
    assert passages.shape == (100, 256)
    assert np.allclose(np.linalg.norm(passages, axis=1), 1)
    assert np.allclose(passages[3, :2] / passages[3, 1], [4, 1])
    assert np.allclose(question[0, :2] / question[0, 1], [2 / 3, 1])
    assert embedder.name == "cohere:embed-v4.0:256"
    assert CohereEmbedder("", "embed-english-v3.0").dimensions == 1024


def test_a_model_whose_vectors_are_of_unknown_length_asks_for_it() -> None:
    with pytest.raises(BadInput, match=r"embed\.dimensions"):
        CohereEmbedder("", "embed-v9")


def test_scores_come_in_the_order_of_the_texts() -> None:
    with serving(cohere) as stub:
        rerank = CohereReranker(stub.root, "rerank-v3.5")
        assert rerank("green tea", ["milk", "green tea", "tea"]) == [0.0, 1.0, 0.5]
        assert rerank("green tea", []) == []
    with (
        serving(refused(404, "model 'x' not found")) as stub,
        pytest.raises(ProviderError, match="rerank_name"),
    ):
        CohereReranker(stub.root, "x")("green tea", ["tea"])


def test_a_library_is_embedded_and_ordered_by_the_configured_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CO_API_KEY", "co-secret")
    texts = {"a": "dog dog ran", "b": "the cat sat on the mat", "c": "cat ran the mat"}
    with serving(cohere) as stub:
        settings = {
            "embed_model": "cohere", "embed_url": stub.root, "embed_name": "embed-v4.0",
            "embed_dimensions": "256", "search_rerank": "cohere", "search_rerank_url": stub.root,
            "search_rerank_name": "rerank-v3.5",
        }  # fmt: skip
        with opened(tmp_path, texts, **settings) as library:
            assert found(library, "cat sat on mat")[0] == "b"
            assert library.status()["embedder"] == "cohere:embed-v4.0:256"
    assert {"query", "documents"} <= set(stub.asked[-1][1])


def test_llama_cpp_s_own_rerank_is_read_by_the_same_sdk(model: Path) -> None:
    from tests.providers.conftest import llama

    with llama(model, embedding=True, pooling_type=rank(), api_prefix="/v2") as url:
        scores = CohereReranker(url, "smollm2")("green tea", ["milk is white", "green tea steeps", "tea"])
    assert len(scores) == 3


def rank() -> Any:
    import xllamacpp

    return xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_RANK


def test_nothing_at_the_address_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("citewell.providers.remote.ATTEMPTS", 1)
    with serving(cohere) as stub:
        url = stub.root
    with pytest.raises(ProviderError, match="nothing answers at"):
        collect(CohereChat(url, CHAT))


def test_the_hosted_service_answers() -> None:
    if not (os.environ.get("CO_API_KEY") and os.environ.get("CITEWELL_LIVE_COHERE")):
        pytest.skip("optional: needs CO_API_KEY, and a chat model's name in CITEWELL_LIVE_COHERE")
    assert collect(CohereChat("", os.environ["CITEWELL_LIVE_COHERE"]))
    assert CohereEmbedder("", "embed-v4.0").embed(["tea"], kind="query").shape == (1, 1536)
    assert CohereReranker("", "rerank-v3.5")("tea", ["tea", "milk"])[0] > 0
