"""Chat over OpenAI's Responses protocol: against llama.cpp's real server, and scripted failures of a stub."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from citewell.errors import ProviderError
from citewell.model import Delta, Message, Prompt, Usage
from citewell.providers.openai_responses import OpenAIResponses
from tests.providers.conftest import llama
from tests.providers.stub import Reply, refused, serving, silent

PROMPT = Prompt("hello?", (), (Message("system", "Be kind."), Message("user", "Say hello.")))
PIECE = {"type": "response.output_text.delta", "delta": "Hel"}
COMPLETED = {
    "type": "response.completed",
    "response": {"status": "completed", "usage": {"input_tokens": 7, "output_tokens": 2}},
}


def streamed(*events: dict[str, Any]) -> Reply:
    lines = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events]
    return 200, {"Content-Type": "text/event-stream"}, "".join(lines).encode()


def collect(chat: OpenAIResponses) -> list[Delta]:
    async def drain() -> list[Delta]:
        return [delta async for delta in chat.stream(PROMPT)]

    return asyncio.run(drain())


def test_a_real_server_answers_with_its_usage(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    with llama(model, key="secret") as url:
        deltas = collect(OpenAIResponses(f"{url}/v1", "m", max_tokens=8))
    assert len(deltas) > 3
    assert "".join(delta.text for delta in deltas).strip()
    usage = deltas[-1].usage
    assert usage is not None
    assert usage.prompt_tokens > 10
    assert 3 <= usage.completion_tokens <= 8


def test_a_real_server_says_what_is_wrong(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "wrong")
    long = Prompt("x", (), (Message("user", "word " * 5000),))
    with llama(model, key="secret") as url:
        with pytest.raises(ProviderError, match="set the environment variable OPENAI_API_KEY"):
            collect(OpenAIResponses(f"{url}/v1", "m"))
        monkeypatch.setenv("OPENAI_API_KEY", "secret")
        with pytest.raises(ProviderError, match=r"lower chat\.passages"):
            asyncio.run(anext(OpenAIResponses(f"{url}/v1", "m").stream(long)))  # type: ignore[arg-type]


def test_nothing_is_kept_at_the_service_and_the_key_goes_in_the_header_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOME_KEY", "sk-secret")
    with serving(streamed(PIECE, COMPLETED)) as stub:
        deltas = collect(OpenAIResponses(stub.url, "m", key_env="SOME_KEY", max_tokens=5))
    assert deltas == [Delta("Hel"), Delta("", Usage(7, 2))]
    headers, body = stub.asked[0]
    assert headers["Authorization"] == "Bearer sk-secret"
    assert body == {
        "model": "m",
        "input": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Say hello."}],
        "max_output_tokens": 5,
        "store": False,
        "stream": True,
    }


FILTERED = {
    "type": "response.incomplete",
    "response": {"incomplete_details": {"reason": "content_filter"}},
}
FAILED = {
    "type": "response.failed",
    "response": {"error": {"code": "server_error", "message": "out of memory"}},
}


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"type": "response.refusal.done", "refusal": "I will not"}, "would not answer.*I will not"),
        (FILTERED, "would not answer.*content filter"),
        (FAILED, "out of memory"),
        ({"type": "error", "code": "x", "message": "sk-secret is tired"}, "failed: … is tired"),
        (PIECE, "has no end"),
    ],
)
def test_a_failure_in_the_middle_is_one_line_and_not_tried_again(
    monkeypatch: pytest.MonkeyPatch, event: dict[str, Any], said: str
) -> None:
    monkeypatch.setenv("SOME_KEY", "sk-secret")
    with serving(streamed(PIECE, event)) as stub, pytest.raises(ProviderError, match=said) as caught:
        collect(OpenAIResponses(stub.url, "m", key_env="SOME_KEY"))
    assert "\n" not in str(caught.value)
    assert "sk-secret" not in str(caught.value)
    assert len(stub.asked) == 1


def test_an_answer_that_is_cut_at_its_length_counts_with_its_usage() -> None:
    cut = {
        "type": "response.incomplete",
        "response": {"incomplete_details": {"reason": "max_output_tokens"}, "usage": {"input_tokens": 3}},
    }
    with serving(streamed(PIECE, cut)) as stub:
        assert collect(OpenAIResponses(stub.url, "m"))[-1] == Delta("", Usage(3, 0))


def test_an_overloaded_server_is_tried_again() -> None:
    with serving(refused(429, "slow down", Retry_After="0.1"), streamed(PIECE, COMPLETED)) as stub:
        assert collect(OpenAIResponses(stub.url, "m"))[0].text == "Hel"
    assert len(stub.asked) == 2


@pytest.mark.parametrize("first", [None, f"data: {json.dumps(PIECE)}\n\n".encode()])
def test_who_hangs_up_closes_the_connection(first: bytes | None) -> None:
    async def hang_up() -> None:
        with silent(first) as (url, asked, closed):
            stream = OpenAIResponses(url, "m").stream(PROMPT)
            task = asyncio.ensure_future(anext(stream))
            assert await asyncio.to_thread(asked.wait, 10)
            if first is not None:
                await task
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await stream.aclose()  # type: ignore[attr-defined]
            assert await asyncio.to_thread(closed.wait, 1)

    asyncio.run(hang_up())


def test_the_hosted_service_answers() -> None:
    if not (os.environ.get("OPENAI_API_KEY") and os.environ.get("CITEWELL_LIVE_OPENAI")):
        pytest.skip("optional: needs OPENAI_API_KEY, and a model's name in CITEWELL_LIVE_OPENAI")
    assert collect(OpenAIResponses("", os.environ["CITEWELL_LIVE_OPENAI"]))
