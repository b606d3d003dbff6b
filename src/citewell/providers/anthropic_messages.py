"""Anthropic's messages, through its official SDK (extra `anthropic`)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

import anthropic
import httpx2  # the SDK's own client; what breaks in the middle of an answer is its error

from citewell.errors import ProviderError
from citewell.model import Delta, Prompt, Usage
from citewell.providers.remote import CONNECT_SECONDS, SILENT_SECONDS, Remote, tried

URL: Final = "https://api.anthropic.com"
STATUS: Final = {
    "overloaded_error": 529,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
}
"""An error in the middle of a stream has a type and no status of its own."""


class Anthropic:
    """A chat model behind Anthropic's messages; `url` "" is the hosted service.

    Failures that may pass are tried again, up to 3 times, honouring Retry-After, but only before the first token.
    ProviderError says what to do. Closing the iterator closes the connection.
    """

    def __init__(
        self, url: str, name: str, *, key_env: str = "ANTHROPIC_API_KEY", max_tokens: int = 512
    ) -> None:
        # The SDK adds the /v1 itself.
        self._remote = Remote("chat.", name, url.rstrip("/").removesuffix("/v1") or URL, key_env)
        self.name = name
        self._max_tokens = max_tokens

    async def stream(self, prompt: Prompt) -> AsyncIterator[Delta]:
        """Yield the answer as it is written; the last delta carries the usage."""
        remote = self._remote
        timeout = anthropic.Timeout(SILENT_SECONDS, connect=CONNECT_SECONDS)
        http = anthropic.DefaultAsyncHttpxClient(timeout=timeout, trust_env=remote.outside)
        # Never no key at all: the SDK would look for one in places of its own.
        key = remote.key() or "none"
        options = {"base_url": remote.url, "max_retries": 0, "timeout": timeout, "http_client": http}
        async with anthropic.AsyncAnthropic(api_key=key, **options) as client:  # type: ignore[arg-type]
            events, usage = await tried(lambda: self._open(client, prompt))
            try:
                async for delta in self._deltas(events, usage):
                    yield delta
            finally:
                await events.close()

    async def _open(self, client: anthropic.AsyncAnthropic, prompt: Prompt) -> tuple[Any, Any]:
        """Return the stream and its first event's usage: what fails until then may be tried again."""
        system = "\n\n".join(one.content for one in prompt.messages if one.role == "system")
        messages = [{"role": m.role, "content": m.content} for m in prompt.messages if m.role != "system"]
        try:
            events: Any = await client.messages.create(
                model=self.name,
                max_tokens=self._max_tokens,
                messages=messages,  # type: ignore[arg-type]
                system=system or anthropic.omit,
                stream=True,
            )
        except (anthropic.APIError, httpx2.TransportError) as error:
            raise self._error(error) from None
        try:
            first = await anext(events, None)
        except (anthropic.APIError, httpx2.TransportError, ValueError) as error:
            await events.close()
            raise self._error(error) from None
        if first is None or first.type != "message_start":
            await events.close()
            raise ProviderError(
                f"{self._remote.url!r} sent no answer; is it an Anthropic server? set chat.url"
            )
        return events, first.message.usage

    async def _deltas(self, events: Any, usage: Any) -> AsyncIterator[Delta]:
        read, again = _read(usage), _again(usage)
        written, ended = 0, False
        try:
            async for event in events:
                if event.type == "content_block_delta" and event.delta.type == "text_delta":
                    yield Delta(event.delta.text)
                elif event.type == "message_delta":
                    read, written = _read(event.usage) or read, event.usage.output_tokens
                    again = _again(event.usage) or again
                    self._check(event.delta)
                ended = ended or event.type == "message_stop"
        except (anthropic.APIError, httpx2.TransportError, ValueError) as error:
            raise self._error(error) from None
        if not ended:
            raise self._remote.failed("its answer has no end")
        yield Delta("", Usage(read, written, again))

    def _check(self, end: Any) -> None:
        if end.stop_reason == "refusal":
            details = getattr(end, "stop_details", None)
            raise self._remote.declined(getattr(details, "category", None) or "its policy")
        if end.stop_reason == "model_context_window_exceeded":
            raise self._remote.refused(400, "the context window is full")

    def _error(self, error: Exception) -> ProviderError:
        """Return the one clear error for what the SDK raised."""
        if isinstance(error, anthropic.APIStatusError):
            in_stream = error.status_code < 400
            status = STATUS.get(error.type or "", 500) if in_stream else error.status_code
            said = error.api_message or error.response.reason_phrase
            return self._remote.refused(status, said, error.response.headers.get("retry-after"))
        if isinstance(error.__cause__, httpx2.ConnectError):
            return self._remote.unreachable()
        return self._remote.failed(type(error.__cause__ or error).__name__)


def _again(usage: Any) -> int:
    """Return the tokens that were read from the provider's cache."""
    return getattr(usage, "cache_read_input_tokens", None) or 0


def _read(usage: Any) -> int:
    """Return all tokens that were read, those of the provider's cache too."""
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return sum(getattr(usage, name, None) or 0 for name in names)
