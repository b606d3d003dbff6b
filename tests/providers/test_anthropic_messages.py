"""Anthropic's SDK against llama.cpp's real server, and against scripted errors of a stub of the hosted service."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("anthropic", reason="needs the extra 'anthropic'")

from citewell.errors import BadInput, ProviderError
from citewell.model import Delta, Message, Prompt
from citewell.providers.anthropic_messages import Anthropic
from tests.providers.conftest import llama
from tests.providers.stub import Reply, serving, silent

PROMPT = Prompt("hello?", (), (Message("system", "Be kind."), Message("user", "Say hello.")))
EVENTS = {"Content-Type": "text/event-stream"}


def started(read: int = 7) -> dict[str, Any]:
    usage = {"input_tokens": read, "cache_read_input_tokens": 2, "output_tokens": 1}
    message = {"id": "m", "type": "message", "role": "assistant", "content": [], "model": "m", "usage": usage}
    return {"type": "message_start", "message": message}


def piece(text: str) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}


def ended(reason: str = "end_turn", **details: Any) -> list[dict[str, Any]]:
    delta = {"stop_reason": reason, **details}
    return [
        {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 5}},
        {"type": "message_stop"},
    ]


def streamed(*events: dict[str, Any]) -> Reply:
    lines = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events]
    return 200, EVENTS, "".join(lines).encode()


def failed(status: int, kind: str, message: str, **headers: str) -> Reply:
    """An error as Anthropic words it."""
    body = {"type": "error", "error": {"type": kind, "message": message}}
    return (
        status,
        {name.replace("_", "-"): value for name, value in headers.items()},
        json.dumps(body).encode(),
    )


def collect(chat: Anthropic) -> list[Delta]:
    async def drain() -> list[Delta]:
        return [delta async for delta in chat.stream(PROMPT)]

    return asyncio.run(drain())


def test_a_real_server_streams_tokens_and_usage_to_the_official_sdk(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_KEY", "secret")
    with llama(model, key="secret") as url:
        deltas = collect(Anthropic(f"{url}/v1", "smollm2", key_env="SOME_KEY", max_tokens=12))
    assert len(deltas) > 3
    assert deltas[-1].usage is not None
    # A token that is half a letter, or the end, counts and shows no text.
    assert len(deltas) - 1 <= deltas[-1].usage.completion_tokens <= 12
    assert deltas[-1].usage.prompt_tokens > 5


def test_a_real_server_refuses_a_bad_key_and_a_long_prompt(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = Prompt("x", (), (Message("user", "word " * 2000),))
    with llama(model, key="secret") as url:
        with pytest.raises(ProviderError, match="environment variable SOME_KEY"):
            collect(Anthropic(url, "smollm2", key_env="SOME_KEY"))
        monkeypatch.setenv("SOME_KEY", "secret")
        with pytest.raises(ProviderError, match=r"lower chat\.passages"):
            asyncio.run(anext(Anthropic(url, "smollm2", key_env="SOME_KEY").stream(long)))  # type: ignore[arg-type]


def test_what_is_sent_is_what_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "sk-secret")
    with serving(streamed(started(), piece("Hel"), piece("lo"), *ended())) as stub:
        deltas = collect(Anthropic(stub.url, "claude", key_env="SOME_KEY", max_tokens=9))
    assert "".join(delta.text for delta in deltas) == "Hello"
    assert deltas[-1].usage is not None
    assert (deltas[-1].usage.prompt_tokens, deltas[-1].usage.completion_tokens) == (9, 5)
    headers, body = stub.asked[0]
    assert "sk-secret" in " ".join(headers.values())
    assert "sk-secret" not in str(body)
    assert (body["system"], body["max_tokens"], body["model"]) == ("Be kind.", 9, "claude")
    assert body["messages"] == [{"role": "user", "content": "Say hello."}]


@pytest.mark.parametrize(
    ("status", "kind", "message", "remedy"),
    [
        (401, "authentication_error", "invalid x-api-key sk-secret", "SOME_KEY"),
        (404, "not_found_error", "model: claude-0", r"chat\.name"),
        (
            400,
            "invalid_request_error",
            "prompt is too long: 210000 tokens > 200000 maximum",
            r"chat\.passages",
        ),
        (400, "invalid_request_error", "Output blocked by content filtering policy", "other words"),
        (400, "invalid_request_error", "Your credit balance is too low to access the API", "no credit"),
        (403, "permission_error", "Your key may not use this model", "another"),
        (413, "request_too_large", "Request exceeds the maximum size", r"chat\.passages"),
    ],
)
def test_each_refusal_is_one_line_with_its_remedy_and_is_not_tried_again(
    monkeypatch: pytest.MonkeyPatch, status: int, kind: str, message: str, remedy: str
) -> None:
    monkeypatch.setenv("SOME_KEY", "sk-secret")
    with serving(failed(status, kind, message)) as stub, pytest.raises(ProviderError, match=remedy) as caught:
        collect(Anthropic(stub.url, "m", key_env="SOME_KEY"))
    assert "\n" not in str(caught.value)
    assert "sk-secret" not in str(caught.value)
    assert not caught.value.retryable
    assert len(stub.asked) == 1


def test_an_overloaded_service_is_tried_again_when_it_says() -> None:
    limited = failed(429, "rate_limit_error", "slow down", Retry_After="0.3")
    overloaded = streamed({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
    with serving(limited, overloaded, streamed(started(), piece("yes"), *ended())) as stub:
        began = time.monotonic()
        assert collect(Anthropic(stub.url, "m"))[0].text == "yes"
    assert len(stub.asked) == 3
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize(
    ("reply", "said", "tries"),
    [
        (failed(529, "overloaded_error", "Overloaded", Retry_After="0"), "is overloaded; try again later", 3),
        (failed(429, "rate_limit_error", "slow down", Retry_After="600"), "raise the limit", 1),
    ],
)
def test_a_service_that_stays_overloaded_or_asks_for_a_long_wait_is_given_up(
    reply: Reply, said: str, tries: int
) -> None:
    with serving(reply) as stub, pytest.raises(ProviderError, match=said) as caught:
        collect(Anthropic(stub.url, "m"))
    assert caught.value.retryable
    assert len(stub.asked) == tries


@pytest.mark.parametrize(
    ("events", "said"),
    [
        (
            [{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}],
            "529: Overloaded",
        ),
        (ended("refusal", stop_details={"type": "refusal", "category": "bio"}), r"would not answer \(bio\)"),
        (ended("model_context_window_exceeded"), r"lower chat\.passages"),
        ([], "has no end"),
    ],
)
def test_what_goes_wrong_after_the_first_token_is_an_error_and_not_tried_again(
    events: list[dict[str, Any]], said: str
) -> None:
    with (
        serving(streamed(started(), piece("so far"), *events)) as stub,
        pytest.raises(ProviderError, match=said),
    ):
        collect(Anthropic(stub.url, "m"))
    assert len(stub.asked) == 1


@pytest.mark.parametrize(
    "body", [b"<html>welcome</html>", b"data: {\n\n", b"event: message_start\ndata: {\n\n"]
)
def test_what_is_no_answer_does_not_pass_for_one(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("citewell.providers.remote.ATTEMPTS", 1)
    with serving((200, EVENTS, body)) as stub, pytest.raises(ProviderError):
        collect(Anthropic(stub.url, "m"))


def test_a_missing_name_is_named() -> None:
    with pytest.raises(BadInput, match=r"chat\.name"):
        Anthropic("", "")


@pytest.mark.parametrize("first", [None, streamed(started(), piece("One"))[2]])
def test_who_hangs_up_closes_the_connection(first: bytes | None) -> None:
    async def hang_up() -> None:
        with silent(first) as (url, _, closed):
            stream = Anthropic(url, "m").stream(PROMPT)
            task = asyncio.ensure_future(anext(stream))
            done, _ = await asyncio.wait([task], timeout=0.8 if first is None else 10)
            assert not closed.is_set()
            assert bool(done) == (first is not None)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await stream.aclose()  # type: ignore[attr-defined]
            assert await asyncio.to_thread(closed.wait, 1)

    asyncio.run(hang_up())


def test_nothing_at_the_address_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("citewell.providers.remote.ATTEMPTS", 1)
    with serving(streamed(started())) as stub:
        url = stub.root
    with pytest.raises(ProviderError, match="nothing answers at"):
        collect(Anthropic(url, "m"))


def test_the_hosted_service_answers() -> None:
    if not (os.environ.get("ANTHROPIC_API_KEY") and os.environ.get("CITEWELL_LIVE_ANTHROPIC")):
        pytest.skip("optional: needs ANTHROPIC_API_KEY, and a model's name in CITEWELL_LIVE_ANTHROPIC")
    deltas = collect(Anthropic("", os.environ["CITEWELL_LIVE_ANTHROPIC"]))
    assert "".join(delta.text for delta in deltas)
