"""Any server that speaks OpenAI's chat completions: OpenAI, Ollama, vLLM, llama.cpp, and many more."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx

from citewell.errors import ProviderError
from citewell.model import Delta, Prompt, Usage
from citewell.providers.remote import CONNECT_SECONDS, SILENT_SECONDS, Remote, tried


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
        body = self._body(prompt)
        timeout = httpx.Timeout(SILENT_SECONDS, connect=CONNECT_SECONDS)
        headers, outside = headers_of(self._remote), self._remote.outside
        async with httpx.AsyncClient(timeout=timeout, headers=headers, trust_env=outside) as client:
            response = await tried(lambda: self._open(client, body))
            try:
                async for delta in self._deltas(response):
                    yield delta
            finally:
                await response.aclose()

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

    async def _open(self, client: httpx.AsyncClient, body: dict[str, Any]) -> httpx.Response:
        request = client.build_request("POST", f"{self._remote.url}/chat/completions", json=body)
        try:
            response = await client.send(request, stream=True)
        except httpx.ConnectError:
            raise self._remote.unreachable() from None
        except httpx.TransportError as error:
            raise self._remote.failed(type(error).__name__) from None
        if response.is_success:
            return response
        try:
            await response.aread()
        finally:
            await response.aclose()
        raise refusal(self._remote, response)

    async def _deltas(self, response: httpx.Response) -> AsyncIterator[Delta]:
        ended = False
        try:
            async for line in response.aiter_lines():
                data = line.removeprefix("data:").strip()
                if not line.startswith("data:"):
                    continue
                event = self._event(data) if data != "[DONE]" else {}
                why = _choice(event).get("finish_reason")
                if why == "content_filter":
                    raise self._remote.declined("its content filter")
                ended = ended or data == "[DONE]" or bool(why)
                delta = _delta(event)
                if delta is not None:
                    yield delta
        except httpx.TransportError as error:
            raise self._remote.failed(f"{type(error).__name__} in the middle of an answer") from None
        if not ended:
            # Half an answer, or a page of something else, must not pass for a whole one.
            raise self._remote.failed("its answer has no end")

    def _event(self, data: str) -> dict[str, Any]:
        try:
            event = json.loads(data)
        except ValueError:
            event = None
        if not isinstance(event, dict):
            raise ProviderError(
                f"{self._remote.url!r} sent something that is not an event; is it an OpenAI server?"
            )
        if event.get("error"):
            said = self._remote.clean(message_of(event))
            raise ProviderError(f"{self.name!r} failed: {said}; look at that server")
        return event


def headers_of(remote: Remote) -> dict[str, str]:
    """Return the header with the key, where there is one."""
    key = remote.key()
    return {"Authorization": f"Bearer {key}"} if key else {}


def refusal(remote: Remote, response: httpx.Response) -> ProviderError:
    """Return the error of a response that was read."""
    try:
        said = message_of(json.loads(response.content[:100_000]))
    except ValueError:
        said = response.reason_phrase
    return remote.refused(response.status_code, said, response.headers.get("retry-after"))


def message_of(event: Any) -> str:
    """Return what an error body says, whatever its shape."""
    found = event.get("error", event) if isinstance(event, dict) else event
    said = found.get("message", found) if isinstance(found, dict) else found
    return str(said)


def _choice(event: dict[str, Any]) -> dict[str, Any]:
    """Return the first choice of an event; {} where there is none, as in the one with the usage."""
    choices = event.get("choices") or [{}]
    return choices[0] or {}


def _delta(event: dict[str, Any]) -> Delta | None:
    told = event.get("usage") or {}
    usage = Usage(told.get("prompt_tokens") or 0, told.get("completion_tokens") or 0) if told else None
    text = (_choice(event).get("delta") or {}).get("content") or ""
    return Delta(text, usage) if text or usage else None
