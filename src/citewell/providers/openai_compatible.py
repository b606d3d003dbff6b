"""Any server that speaks OpenAI's chat completions: OpenAI, Ollama, vLLM, llama.cpp, and many more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any
from urllib.parse import urlsplit

from citewell.model import Delta, Prompt, Usage
from citewell.providers.openai_http import END, events
from citewell.providers.remote import Remote


class OpenAICompatible:
    """A chat model behind `url` + /chat/completions. The key is read from the environment at each call.

    Failures that may pass (429, 5xx, no connection) are tried again, up to 3 times, honouring Retry-After, but only
    before the first token. ProviderError says what to do. Closing the iterator closes the connection.
    """

    def __init__(
        self, url: str, name: str, *, key_env: str = "OPENAI_API_KEY", key: str = "", max_tokens: int = 512
    ) -> None:
        self._remote = Remote("chat.", name, url.rstrip("/"), key_env, key)
        self.name = name
        self._max_tokens = max_tokens

    async def stream(self, prompt: Prompt) -> AsyncIterator[Delta]:
        """Yield the answer as the server writes it; the last delta carries the usage if the server tells it."""
        ended = False
        async with aclosing(events(self._remote, "/chat/completions", self._body(prompt))) as told:  # type: ignore[type-var]
            async for event in told:
                why = _choice(event).get("finish_reason")
                if why == "content_filter":
                    raise self._remote.declined("its content filter")
                ended = ended or event is END or bool(why)
                delta = _delta(event)
                if delta is not None:
                    yield delta
        if not ended:
            # Half an answer, or a page of something else, must not pass for a whole one.
            raise self._remote.failed("its answer has no end")

    def _body(self, prompt: Prompt) -> dict[str, Any]:
        # OpenAI's own newer models refuse the two that every other server knows.
        hosted = urlsplit(self._remote.url).hostname == "api.openai.com"
        tokens = {"max_completion_tokens": self._max_tokens}
        return {
            "model": self.name,
            "messages": [{"role": one.role, "content": one.content} for one in prompt.messages],
            **(tokens if hosted else {"max_tokens": self._max_tokens, "temperature": 0}),
            "stream": True,
            "stream_options": {"include_usage": True},
        }


def _choice(event: dict[str, Any]) -> dict[str, Any]:
    """Return the first choice of an event; {} where there is none, as in the one with the usage."""
    choices = event.get("choices") or [{}]
    return choices[0] or {}


def _usage(told: dict[str, Any]) -> Usage:
    again = (told.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    read = told.get("prompt_tokens") or 0
    return Usage(read, told.get("completion_tokens") or 0, min(again, read))


def _delta(event: dict[str, Any]) -> Delta | None:
    told = event.get("usage") or {}
    usage = _usage(told) if told else None
    text = (_choice(event).get("delta") or {}).get("content") or ""
    return Delta(text, usage) if text or usage else None
