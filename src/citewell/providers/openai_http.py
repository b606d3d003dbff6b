"""How OpenAI's protocols travel: one request, answered as a stream of events, and the errors on the way."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, Final, TypeAlias

import httpx

from citewell.errors import ProviderError
from citewell.providers.remote import CONNECT_SECONDS, SILENT_SECONDS, Remote, tried

Json: TypeAlias = dict[str, Any]
END: Final[Json] = {}
"""What stands for the line that ends a stream of chat completions."""


async def events(remote: Remote, path: str, body: Json) -> AsyncIterator[Json]:
    """Yield the events that a server answers `body` with at `path`; closing the iterator closes the connection.

    Failures that may pass (429, 5xx, no connection) are tried again, up to 3 times, honouring Retry-After, but only
    before the first event. ProviderError says what to do.
    """
    timeout = httpx.Timeout(SILENT_SECONDS, connect=CONNECT_SECONDS)
    headers, outside = headers_of(remote), remote.outside
    async with httpx.AsyncClient(timeout=timeout, headers=headers, trust_env=outside) as client:
        response = await tried(lambda: _open(remote, client, path, body))
        try:
            async for line in response.aiter_lines():
                if line.startswith("data:"):
                    yield _event(remote, line.removeprefix("data:").strip())
        except httpx.TransportError as error:
            raise remote.failed(f"{type(error).__name__} in the middle of an answer") from None
        finally:
            await response.aclose()


async def _open(remote: Remote, client: httpx.AsyncClient, path: str, body: Json) -> httpx.Response:
    try:
        response = await client.send(client.build_request("POST", remote.url + path, json=body), stream=True)
    except httpx.ConnectError:
        raise remote.unreachable() from None
    except httpx.TransportError as error:
        raise remote.failed(type(error).__name__) from None
    if response.is_success:
        return response
    try:
        await response.aread()
    finally:
        await response.aclose()
    raise refusal(remote, response)


def _event(remote: Remote, data: str) -> Json:
    if data == "[DONE]":
        return END
    try:
        event = json.loads(data)
    except ValueError:
        event = None
    if not isinstance(event, dict):
        raise ProviderError(f"{remote.url!r} sent something that is not an event; is it an OpenAI server?")
    if event.get("error"):
        raise failure(remote, event)
    return event


def failure(remote: Remote, said: Any) -> ProviderError:
    """Return the error for a stream that says in its middle that it failed."""
    return ProviderError(f"{remote.name!r} failed: {remote.clean(message_of(said))}; look at that server")


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
