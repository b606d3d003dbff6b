"""OpenAI's Responses protocol: OpenAI itself, llama.cpp and others that have taken it up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, Final

from citewell.model import Delta, Prompt, Usage
from citewell.providers.openai_http import events, failure
from citewell.providers.remote import Remote

HOSTED: Final = "https://api.openai.com/v1"


class OpenAIResponses:
    """A chat model behind `url` + /responses. The key is read from the environment at each call.

    Nothing is kept at the service (`store` is false). Tries again and errors as `openai_http.events` does.
    """

    def __init__(
        self, url: str, name: str, *, key_env: str = "OPENAI_API_KEY", key: str = "", max_tokens: int = 512
    ) -> None:
        self._remote = Remote("chat.", name, url.rstrip("/") or HOSTED, key_env, key)
        self.name = name
        self._max_tokens = max_tokens

    async def stream(self, prompt: Prompt) -> AsyncIterator[Delta]:
        """Yield the answer as the server writes it; the last delta carries the usage."""
        ended = False
        async with aclosing(events(self._remote, "/responses", self._body(prompt))) as told:  # type: ignore[type-var]
            async for event in told:
                delta = self._delta(event)
                ended = ended or event.get("type") in ("response.completed", "response.incomplete")
                if delta is not None:
                    yield delta
        if not ended:
            raise self._remote.failed("its answer has no end")

    def _body(self, prompt: Prompt) -> dict[str, Any]:
        return {
            "model": self.name,
            "input": [{"role": one.role, "content": one.content} for one in prompt.messages],
            "max_output_tokens": self._max_tokens,
            "store": False,
            "stream": True,
        }

    def _delta(self, event: dict[str, Any]) -> Delta | None:
        """Return what an event adds to the answer, None for those that only tell how far it is."""
        kind, response = event.get("type"), event.get("response") or {}
        if kind == "response.output_text.delta":
            return Delta(event.get("delta") or "")
        if kind == "response.refusal.done":
            raise self._remote.declined(event.get("refusal") or "it gave no reason")
        if kind in ("error", "response.failed"):
            raise failure(self._remote, response.get("error") or event)
        if kind == "response.incomplete" and _why(response) == "content_filter":
            raise self._remote.declined("its content filter")
        if kind in ("response.completed", "response.incomplete"):
            return Delta("", _usage(response.get("usage") or {}))
        return None


def _why(response: dict[str, Any]) -> object:
    return (response.get("incomplete_details") or {}).get("reason")


def _usage(told: dict[str, Any]) -> Usage:
    return Usage(told.get("input_tokens") or 0, told.get("output_tokens") or 0)
