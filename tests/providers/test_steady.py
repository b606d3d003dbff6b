"""Limit, breaker and fallback, around scripted models; and all of them through a library's configuration."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from citewell import plugins
from citewell.errors import BadInput, ProviderError
from citewell.model import Delta, Prompt, Query, Usage
from citewell.protocols import Chat
from citewell.providers.steady import FAILURES, REST_SECONDS, Breaker, Fallback, Limited
from citewell.settings import ChatConfig
from citewell.testing import ScriptedChat
from tests.providers.stub import refused, said, serving
from tests.retrieve.shelf import opened

PROMPT = Prompt("?", (), ())


class Failing:
    """Says `first`, then fails; counts its calls."""

    def __init__(self, name: str = "failing", first: str = "", retryable: bool = True) -> None:
        self.name, self.first, self.retryable, self.calls = name, first, retryable, 0

    async def stream(self, prompt: Prompt) -> AsyncIterator[Delta]:
        self.calls += 1
        if self.first:
            yield Delta(self.first)
        raise ProviderError(f"{self.name} is away", retryable=self.retryable)


class Held:
    """Says one word when it is let; notes how many are at work at once."""

    name = "held"

    def __init__(self) -> None:
        self.at_work = self.most = self.asked = 0
        self.let = threading.Event()

    async def stream(self, prompt: Prompt) -> AsyncIterator[Delta]:
        self.asked += 1
        self.at_work += 1
        self.most = max(self.most, self.at_work)
        try:
            while not self.let.is_set():
                await asyncio.sleep(0.005)
            yield Delta("yes")
        finally:
            self.at_work -= 1


async def drain(chat: Chat) -> list[Delta]:
    return [delta async for delta in chat.stream(PROMPT)]


def test_the_next_model_answers_when_one_fails_before_its_first_token() -> None:
    deltas = asyncio.run(
        drain(Fallback((Failing("a"), Failing("b", retryable=False), ScriptedChat("so it is"))))
    )
    assert "".join(delta.text for delta in deltas) == "so it is"
    assert {delta.model for delta in deltas} == {"scripted-stub"}
    assert deltas[-1].usage == Usage(0, 3)


def test_half_an_answer_is_not_followed_by_another_s() -> None:
    other = ScriptedChat("no")
    with pytest.raises(ProviderError, match="away"):
        asyncio.run(drain(Fallback((Failing("a", "so"), other))))
    assert other.prompts == []


def test_when_none_answers_all_reasons_are_told() -> None:
    with pytest.raises(ProviderError, match="a is away; b is away") as caught:
        asyncio.run(drain(Fallback((Failing("a", retryable=False), Failing("b")))))
    assert caught.value.retryable


def test_a_model_that_keeps_failing_is_left_alone_then_tried_by_one() -> None:
    now = [0.0]
    model = Failing()
    chat = Breaker(model, lambda: now[0])
    for _ in range(FAILURES + 3):
        with pytest.raises(ProviderError):
            asyncio.run(drain(chat))
    assert model.calls == FAILURES
    now[0] = REST_SECONDS + 1
    for _ in range(3):
        with pytest.raises(ProviderError):
            asyncio.run(drain(chat))
    assert model.calls == FAILURES + 1


def test_refusals_do_not_break_and_a_token_mends() -> None:
    refusing = Failing(retryable=False)
    chat = Breaker(refusing)
    for _ in range(2 * FAILURES):
        with pytest.raises(ProviderError):
            asyncio.run(drain(chat))
    assert refusing.calls == 2 * FAILURES
    halting = Failing(first="so")
    chat = Breaker(halting)
    for _ in range(2 * FAILURES):
        with pytest.raises(ProviderError):
            asyncio.run(drain(chat))
    assert halting.calls == 2 * FAILURES


def test_only_so_many_calls_are_made_at_once_from_however_many_event_loops() -> None:
    model = Held()
    chat = Limited(model, 2)
    threads = [threading.Thread(target=lambda: asyncio.run(drain(chat))) for _ in range(6)]
    for thread in threads:
        thread.start()
    model.let.set()
    for thread in threads:
        thread.join(20)
    assert (model.asked, model.most, model.at_work) == (6, 2, 0)


def test_who_hangs_up_while_waiting_is_never_asked_for_and_blocks_nobody() -> None:
    model = Held()
    chat = Limited(model, 1)

    async def run() -> None:
        first, second, third = (asyncio.ensure_future(drain(chat)) for _ in range(3))
        await asyncio.sleep(0.05)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        model.let.set()
        assert await asyncio.wait_for(third, 5) == await first

    asyncio.run(run())
    assert model.asked == 2


def test_the_chain_is_written_in_one_setting() -> None:
    chat = ChatConfig(
        model="openai", url="http://a/v1", name="m", key_env="A_KEY",
        fallback="openai:qwen3:8b, openai:q@http://b/v1, anthropic:claude, local:x.gguf, extract",
    )  # fmt: skip
    chain = plugins.chain(chat)
    assert [(one.model, one.name, one.url, one.key_env) for one in chain] == [
        ("openai", "m", "http://a/v1", "A_KEY"),
        ("openai", "qwen3:8b", "http://a/v1", "A_KEY"),
        ("openai", "q", "http://b/v1", "A_KEY"),
        ("anthropic", "claude", "", ""),
        ("local", "x.gguf", "", ""),
        ("extract", "", "", ""),
    ]
    assert chain[4].path == Path("x.gguf")


@pytest.mark.parametrize("wrong", ["antropic:claude", "openai", "claude"])
def test_a_fallback_that_is_no_model_is_refused(wrong: str) -> None:
    with pytest.raises(BadInput, match=r"chat\.fallback"):
        plugins.chain(ChatConfig(fallback=wrong))


def test_an_answer_names_the_model_that_wrote_it(tmp_path: Path) -> None:
    away = refused(401, "bad key")
    with serving(away) as first, serving(said("Tea steeps for two minutes. [1]")) as second:
        settings = {
            "chat_model": "openai", "chat_url": first.url, "chat_name": "main",
            "chat_fallback": f"openai:spare@{second.url}, extract",
        }  # fmt: skip
        with opened(tmp_path, {"a": "Tea steeps for two minutes."}, **settings) as library:
            answer = library.ask(Query("How long does tea steep?"))
            assert (answer.model, answer.verdict) == ("spare", "answered")
    assert len(first.asked) == len(second.asked) == 1
