"""Chat over OpenAI's protocol: against scripted errors of a stub, and against llama.cpp's real server."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from citewell.errors import BadInput, ProviderError
from citewell.model import Delta, Message, Prompt
from citewell.providers.openai_compatible import OpenAICompatible
from tests.providers.stub import refused, said, serving, silent

PROMPT = Prompt("hello?", (), (Message("user", "Say hello."),))


def collect(chat: OpenAICompatible) -> list[Delta]:
    async def drain() -> list[Delta]:
        return [delta async for delta in chat.stream(PROMPT)]

    return asyncio.run(drain())


def test_pieces_and_usage_arrive_and_the_key_goes_in_the_header_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOME_KEY", "sk-secret")
    with serving(said("Hel", "lo")) as stub:
        deltas = collect(OpenAICompatible(stub.url, "m", key_env="SOME_KEY", max_tokens=5))
    assert "".join(delta.text for delta in deltas) == "Hello"
    assert deltas[-1].usage is not None
    assert (deltas[-1].usage.prompt_tokens, deltas[-1].usage.completion_tokens) == (7, 2)
    headers, body = stub.asked[0]
    assert headers["Authorization"] == "Bearer sk-secret"
    assert "sk-secret" not in str(body)
    assert body["max_tokens"] == 5


@pytest.mark.parametrize(
    ("status", "message", "remedy"),
    [
        (401, "Incorrect API key provided: sk-secret", "SOME_KEY"),
        (404, "The model `m` does not exist", "chat.name"),
        (400, "This model's maximum context length is 8192 tokens", "lower chat.passages"),
        (400, "max_tokens is too large: 99999", "lower chat.max_tokens"),
        (400, "The response was filtered due to the content management policy", "other words"),
        (429, "You exceeded your current quota, please check your plan and billing details", "no credit"),
    ],
)
def test_each_refusal_is_one_line_with_its_remedy_and_without_the_key(
    monkeypatch: pytest.MonkeyPatch, status: int, message: str, remedy: str
) -> None:
    monkeypatch.setenv("SOME_KEY", "sk-secret")
    with serving(refused(status, message)) as stub, pytest.raises(ProviderError, match=remedy) as caught:
        collect(OpenAICompatible(stub.url, "m", key_env="SOME_KEY"))
    assert "\n" not in str(caught.value)
    assert "sk-secret" not in str(caught.value)
    assert not caught.value.retryable
    assert len(stub.asked) == 1


def test_an_overloaded_server_is_tried_again_when_it_says() -> None:
    with serving(refused(429, "slow down", Retry_After="0.3"), refused(503, "busy"), said("yes")) as stub:
        started = time.monotonic()
        assert collect(OpenAICompatible(stub.url, "m"))[0].text == "yes"
    assert len(stub.asked) == 3
    assert time.monotonic() - started >= 0.3


def test_a_server_that_stays_overloaded_is_given_up_after_three_tries() -> None:
    down = refused(500, "down", Retry_After="0")
    with serving(down) as stub, pytest.raises(ProviderError, match="500: down") as caught:
        collect(OpenAICompatible(stub.url, "m"))
    assert len(stub.asked) == 3
    assert caught.value.retryable


def test_an_error_in_the_middle_of_an_answer_is_not_tried_again() -> None:
    status, headers, body = said("so far")
    broken = body.split(b'data: {"choices": [], ')[0] + b'data: {"error": {"message": "out of memory"}}\n\n'
    with serving((status, headers, broken)) as stub, pytest.raises(ProviderError, match="out of memory"):
        collect(OpenAICompatible(stub.url, "m"))
    assert len(stub.asked) == 1


@pytest.mark.parametrize(
    "body", [b"<html>welcome</html>", b'data: {"choices": [{"delta": {"content": "half"}}]}\n\n']
)
def test_what_has_no_end_does_not_pass_for_an_answer(body: bytes) -> None:
    with serving((200, {}, body)) as stub, pytest.raises(ProviderError, match="has no end"):
        collect(OpenAICompatible(stub.url, "m"))
    assert len(stub.asked) == 1


def test_a_proxy_of_the_environment_never_sees_what_is_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with serving(refused(502, "I am a proxy")) as proxy, serving(said("direct")) as stub:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert collect(OpenAICompatible(stub.url, "m"))[0].text == "direct"
    assert proxy.asked == []


@pytest.mark.parametrize("first", [None, b'data: {"choices": [{"delta": {"content": "One"}}]}\n\n'])
def test_who_hangs_up_closes_the_connection(first: bytes | None) -> None:
    async def hang_up() -> None:
        with silent(first) as (url, _, closed):
            stream = OpenAICompatible(url, "m").stream(PROMPT)
            task = asyncio.ensure_future(anext(stream))
            done, _ = await asyncio.wait([task], timeout=0.5 if first is None else 10)
            assert not closed.is_set()
            assert bool(done) == (first is not None)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await stream.aclose()  # type: ignore[attr-defined]
            assert await asyncio.to_thread(closed.wait, 1)

    asyncio.run(hang_up())


def test_nothing_at_the_address_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("citewell.providers.remote.ATTEMPTS", 1)
    with serving(said("x")) as stub:
        url = stub.url
    with pytest.raises(ProviderError, match="nothing answers at"):
        collect(OpenAICompatible(url, "m"))


@pytest.mark.parametrize(("url", "name"), [("", "m"), ("ftp://x", "m"), ("http://x", "")])
def test_a_missing_setting_is_named(url: str, name: str) -> None:
    with pytest.raises(BadInput, match=r"chat\.(url|name)"):
        OpenAICompatible(url, name)


def test_openai_s_own_models_are_spoken_to_in_their_newer_words() -> None:
    body = OpenAICompatible("https://api.openai.com/v1", "m", max_tokens=7)._body(PROMPT)
    assert (body["max_completion_tokens"], "max_tokens" in body, "temperature" in body) == (7, False, False)


def test_the_hosted_service_answers() -> None:
    if not (os.environ.get("OPENAI_API_KEY") and os.environ.get("CITEWELL_LIVE_OPENAI")):
        pytest.skip("optional: needs OPENAI_API_KEY, and a model's name in CITEWELL_LIVE_OPENAI")
    assert collect(OpenAICompatible("https://api.openai.com/v1", os.environ["CITEWELL_LIVE_OPENAI"]))
