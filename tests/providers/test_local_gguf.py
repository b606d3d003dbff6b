"""A real small model through llama.cpp: real tokens, over the real protocol. It invents; that is what cite is for."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from citewell.errors import BadInput, NotFound, ProviderError
from citewell.model import Delta, Message, Prompt
from citewell.providers.openai_compatible import OpenAICompatible
from tests.providers.conftest import llama

PROMPT = Prompt("count", (), (Message("user", "Count from one to two hundred in words."),))


def collect(chat: OpenAICompatible) -> list[Delta]:
    async def drain() -> list[Delta]:
        return [delta async for delta in chat.stream(PROMPT)]

    return asyncio.run(drain())


def test_a_model_streams_real_tokens_and_says_its_usage(model: Path) -> None:
    from citewell.providers.local_gguf import LocalGguf

    async def drain() -> list[object]:
        return [delta async for delta in LocalGguf(model, max_tokens=12).stream(PROMPT)]

    deltas = asyncio.run(drain())
    assert len(deltas) > 3
    assert deltas[-1].usage.completion_tokens == 12  # type: ignore[attr-defined]
    assert deltas[-1].usage.prompt_tokens > 5  # type: ignore[attr-defined]


def test_who_hangs_up_after_the_first_token_stops_the_model(model: Path) -> None:
    from citewell.providers.local_gguf import LocalGguf

    async def hang_up_then_ask_again() -> float:
        chat = LocalGguf(model, max_tokens=2000)
        stream = chat.stream(PROMPT)
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]
        started = time.monotonic()
        second = chat.stream(Prompt("x", (), (Message("user", "Say yes."),)))
        await anext(second)  # its one slot is free at once: the first answer is not written to its end
        await second.aclose()  # type: ignore[attr-defined]
        return time.monotonic() - started

    assert asyncio.run(hang_up_then_ask_again()) < 20


def test_a_prompt_that_is_too_long_for_the_model_says_what_to_lower(model: Path) -> None:
    from citewell.providers.local_gguf import LocalGguf

    async def ask() -> None:
        await anext(LocalGguf(model).stream(Prompt("x", (), (Message("user", "word " * 9000),))))

    with pytest.raises(ProviderError, match=r"lower chat\.passages"):
        asyncio.run(ask())


def test_llama_cpp_s_own_server_is_one_like_any_other(model: Path) -> None:
    with llama(model) as url:
        deltas = collect(OpenAICompatible(f"{url}/v1", "smollm2", max_tokens=8))
    assert "".join(delta.text for delta in deltas).strip()
    assert deltas[-1].usage is not None
    assert deltas[-1].usage.completion_tokens == 8


def test_a_file_that_is_no_model_is_named(tmp_path: Path, model: Path) -> None:
    from citewell.providers.local_gguf import LocalGguf

    (tmp_path / "x.gguf").write_bytes(b"not a model")
    with pytest.raises(BadInput, match="not a GGUF"):
        LocalGguf(tmp_path / "x.gguf")
    with pytest.raises(NotFound, match=r"missing\.gguf"):
        LocalGguf(tmp_path / "missing.gguf")
