"""Any server that speaks OpenAI's chat completions: OpenAI, Ollama, vLLM, llama.cpp, and many more."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_random_exponential

from citewell.errors import BadInput, ProviderError
from citewell.model import Delta, Prompt, Usage

ATTEMPTS: Final = 3
LONGEST_WAIT: Final = 30.0
CONNECT_SECONDS: Final = 10.0
SILENT_SECONDS: Final = 120.0
"""Longest silence of a server in the middle of an answer; a local model may read a long prompt first."""
REMEDIES: Final = {
    401: "set the environment variable {key_env} to a key that is valid there",
    403: "the key in {key_env} may not use this model; choose another, or ask for access",
    404: "check chat.url (it ends in /v1 as a rule) and chat.name",
    408: "try again later",
    413: "lower chat.passages",
    429: "wait, or raise the limit of the account",
}


class OpenAICompatible:
    """A chat model behind `url` + /chat/completions. The key is read from the environment at each call.

    Failures that may pass (429, 5xx, no connection) are tried again, up to 3 times, honouring Retry-After, but only
    before the first token. ProviderError says what to do. Closing the iterator closes the connection.
    """

    def __init__(
        self, url: str, name: str, *, key_env: str = "OPENAI_API_KEY", key: str = "", max_tokens: int = 512
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise BadInput(
                f"chat.url is {url!r}; set it to the server's address, such as http://127.0.0.1:11434/v1"
            )
        if not name:
            raise BadInput("chat.name is empty; set it to the name of a model at chat.url")
        self.name = name
        self._url, self._key_env, self._max_tokens = url.rstrip("/"), key_env, max_tokens
        self._given = key

    async def stream(self, prompt: Prompt) -> AsyncIterator[Delta]:
        """Yield the answer as the server writes it; the last delta carries the usage if the server tells it."""
        body = {
            "model": self.name,
            "messages": [{"role": one.role, "content": one.content} for one in prompt.messages],
            "max_tokens": self._max_tokens,
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        timeout = httpx.Timeout(SILENT_SECONDS, connect=CONNECT_SECONDS)
        # A proxy of the environment is for the world outside, never for a model on this machine.
        outside = httpx.URL(self._url).host not in ("127.0.0.1", "localhost", "::1")
        async with httpx.AsyncClient(timeout=timeout, headers=self._headers(), trust_env=outside) as client:
            response = await self._opened(client, body)
            try:
                async for delta in self._deltas(response):
                    yield delta
            finally:
                await response.aclose()

    async def _opened(self, client: httpx.AsyncClient, body: dict[str, Any]) -> httpx.Response:
        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, ProviderError) and error.retryable),
            stop=stop_after_attempt(ATTEMPTS),
            wait=_wait,
            sleep=asyncio.sleep,
            reraise=True,
        )
        response: httpx.Response = await retrying(self._open, client, body)
        return response

    async def _open(self, client: httpx.AsyncClient, body: dict[str, Any]) -> httpx.Response:
        request = client.build_request("POST", f"{self._url}/chat/completions", json=body)
        try:
            response = await client.send(request, stream=True)
        except httpx.ConnectError:
            raise ProviderError(
                f"nothing answers at {self._url!r}; start it, or set chat.url", retryable=True
            ) from None
        except httpx.TransportError as error:
            raise self._failed(type(error).__name__) from None
        if response.is_success:
            return response
        try:
            text = (await response.aread())[:100_000]
        finally:
            await response.aclose()
        raise self._refused(response, text)

    async def _deltas(self, response: httpx.Response) -> AsyncIterator[Delta]:
        ended = False
        try:
            async for line in response.aiter_lines():
                data = line.removeprefix("data:").strip()
                if not line.startswith("data:"):
                    continue
                event = self._event(data) if data != "[DONE]" else {}
                ended = ended or data == "[DONE]" or bool(_choice(event).get("finish_reason"))
                delta = _delta(event)
                if delta is not None:
                    yield delta
        except httpx.TransportError as error:
            raise self._failed(f"{type(error).__name__} in the middle of an answer") from None
        if not ended:
            # Half an answer, or a page of something else, must not pass for a whole one.
            raise self._failed("its answer has no end")

    def _event(self, data: str) -> dict[str, Any]:
        try:
            event = json.loads(data)
        except ValueError:
            event = None
        if not isinstance(event, dict):
            raise ProviderError(f"{self._url!r} sent something that is not an event; is it an OpenAI server?")
        if event.get("error"):
            raise ProviderError(f"{self.name!r} failed: {self._clean(_message(event))}; look at that server")
        return event

    def _headers(self) -> dict[str, str]:
        key = self._key()
        return {"Authorization": f"Bearer {key}"} if key else {}

    def _key(self) -> str:
        key = self._given or os.environ.get(self._key_env, "").strip()
        if not key.isascii():
            raise BadInput(f"the key in {self._key_env} has characters that no key has; set it anew")
        return key

    def _clean(self, said: str) -> str:
        """Servers repeat the key that they refuse; we do not."""
        key = self._key()
        return said.replace(key, "…") if key else said

    def _failed(self, what: str) -> ProviderError:
        return ProviderError(
            f"{self._url!r} failed ({what}); try again, or look at that server", retryable=True
        )

    def _refused(self, response: httpx.Response, text: bytes) -> ProviderError:
        status = response.status_code
        try:
            said = self._clean(_message(json.loads(text)))
        except ValueError:
            said = response.reason_phrase
        if re.search(
            r"context.*(length|size|window|exceed)|(exceed|length|size).*context", said, re.IGNORECASE
        ):
            remedy = "the prompt is too long for this model: lower chat.passages, or choose a longer context"
        else:
            remedy = REMEDIES.get(status, "try again later" if status >= 500 else "look at that server's log")
        error = ProviderError(
            f"{self.name!r} at {self._url!r} answered {status}: {said}; {remedy.format(key_env=self._key_env)}",
            retryable=status in (408, 429) or status >= 500,
        )
        error.__dict__["retry_after"] = response.headers.get("retry-after")
        return error


def _choice(event: dict[str, Any]) -> dict[str, Any]:
    """Return the first choice of an event; {} where there is none, as in the one with the usage."""
    choices = event.get("choices") or [{}]
    return choices[0] or {}


def _delta(event: dict[str, Any]) -> Delta | None:
    told = event.get("usage") or {}
    usage = Usage(told.get("prompt_tokens") or 0, told.get("completion_tokens") or 0) if told else None
    text = (_choice(event).get("delta") or {}).get("content") or ""
    return Delta(text, usage) if text or usage else None


def _message(event: Any) -> str:
    """Return the one line of an error body, whatever its shape."""
    found = event.get("error", event) if isinstance(event, dict) else event
    said = found.get("message", found) if isinstance(found, dict) else found
    return " ".join(str(said).split())[:300]


def _wait(state: RetryCallState) -> float:
    """Wait as long as the server asks (at most 30 s), else exponentially longer, with jitter."""
    error = state.outcome.exception() if state.outcome else None
    try:
        return min(LONGEST_WAIT, float(getattr(error, "retry_after", None) or ""))
    except ValueError:
        return wait_random_exponential(multiplier=0.5, max=8)(state)
