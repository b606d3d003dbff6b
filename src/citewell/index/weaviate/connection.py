"""The connection to Weaviate, REST and gRPC; its errors become ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs, urlsplit

import grpc
import httpx
import weaviate
from weaviate.classes.init import AdditionalConfig, Auth, Timeout
from weaviate.exceptions import (
    UnexpectedStatusCodeError,
    WeaviateBaseError,
    WeaviateConnectionError,
    WeaviateGRPCUnavailableError,
    WeaviateStartUpError,
    WeaviateTimeoutError,
)

from citewell.errors import BadInput, CitewellError, Unsupported
from citewell.index.remote import Server, tried

T = TypeVar("T")
GRPC_PORT: Final = 50051
CLOUDS: Final = (".weaviate.cloud", ".weaviate.network")
LEAST: Final = (1, 33)
"""The version that filters with Not came with."""


class Refused(Exception):
    """A gRPC call failed: its status, and what was said."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self.code = code


class Once:
    """The client's gRPC stub, without its waiting: it would wait a minute for a server that is gone."""

    def __init__(self, stub: Any) -> None:
        self._stub = stub

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._stub, name)

        def once(*given: Any, **named: Any) -> Any:
            try:
                return call(*given, **named)
            except grpc.RpcError as error:
                raise Refused(error.code(), error.details() or "") from error

        return once


def connected(server: Server) -> weaviate.WeaviateClient:
    """Connect. The key is only sent as a header."""
    parts = urlsplit(server.place.url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    if parts.scheme not in ("http", "https") or not host:
        raise BadInput(f"index.url is {server.url!r}; write http://HOST:PORT, or https://…")
    grpc_host, grpc_port = grpc_address(server.place.url)
    seconds, key = server.place.timeout, server.key()
    if (grpc_host, grpc_port) == (host, parts.port):
        raise BadInput(
            f"index.url is {server.url!r}: the client wants gRPC at another address, as ?grpc=HOST:PORT"
        )
    config = AdditionalConfig(timeout=Timeout(init=seconds, query=seconds, insert=seconds))
    client = _tried(
        server,
        lambda: weaviate.connect_to_custom(
            host,
            parts.port or (443 if secure else 80),
            secure,
            grpc_host,
            grpc_port,
            secure,
            auth_credentials=Auth.api_key(key) if key else None,
            additional_config=config,
            skip_init_checks=True,  # one of them asks a package registry
        ),
    )
    client._connection._grpc_stub = Once(client._connection._grpc_stub)  # type: ignore[assignment]
    return client


def _tried(server: Server, call: Callable[[], T]) -> T:
    return tried(lambda: guarded(server, call))


def checked(server: Server, version: str) -> str:
    """Return the version. Unsupported for one that is too old."""
    numbers = [int(part) for part in version.split(".")[:2] if part.isdigit()]
    if numbers and tuple(numbers) < LEAST:
        raise Unsupported(f"Weaviate at {server.url!r} is {version}; it needs {LEAST[0]}.{LEAST[1]} or newer")
    return version


def guarded(server: Server, call: Callable[[], T]) -> T:
    """Run a call of the client; its errors become ours."""
    try:
        return call()
    except Refused as error:
        raise _grpc_said(server, error) from error
    except UnexpectedStatusCodeError as error:
        denied = error.status_code in (401, 403)
        raise (server.denied(error) if denied else server.failed(error, error.status_code)) from error
    except (WeaviateTimeoutError, httpx.TimeoutException) as error:
        raise server.slow() from error
    except (
        WeaviateConnectionError,
        WeaviateGRPCUnavailableError,
        WeaviateStartUpError,
        httpx.TransportError,
    ) as error:
        raise server.unreachable(error) from error
    except WeaviateBaseError as error:
        raise server.failed(error) from error


def _grpc_said(server: Server, error: Refused) -> CitewellError:
    if error.code in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED):
        return server.denied(error)
    if error.code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return server.slow()
    if error.code is grpc.StatusCode.UNAVAILABLE:
        return server.unreachable(error)
    busy = error.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    return server.failed(error, 503 if busy else 0)


def grpc_address(url: str) -> tuple[str, int]:
    """Return where gRPC is: as `?grpc=PORT` or `?grpc=HOST:PORT` says, else as it is in Weaviate Cloud, else beside."""
    parts = urlsplit(url)
    host, told = parts.hostname or "", parse_qs(parts.query).get("grpc", [""])[0]
    if told:
        name, _, port = told.rpartition(":")
        return name or host, int(port) if port.isdigit() else GRPC_PORT
    return (f"grpc-{host}", 443) if host.endswith(CLOUDS) else (host, GRPC_PORT)
