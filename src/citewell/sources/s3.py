"""The objects of an S3-compatible bucket, by the official client; its requests go out by `reach`, to checked addresses.

Objects in an archive class (GLACIER and its kin) cannot be read, and count as gone.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import boto3
import httpx
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from citewell.errors import BadInput, NotFound, ProviderError, Unreadable
from citewell.incoming import Blob, Item
from citewell.read.limits import Limits
from citewell.sources import reach
from citewell.sources.names import Names

ARCHIVED: Final = ("GLACIER", "DEEP_ARCHIVE")
REFUSED: Final = (
    *("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"),
    *("401", "403", "AccountProblem", "NotSignedUp"),
)
LISTING: Final = 16 * 1024 * 1024
"""Bytes of one page of a listing, at most; a thousand keys take a tenth of it."""


@dataclass(frozen=True)
class S3:
    """The readable objects of `bucket` whose keys begin with `prefix`. Documents are named `s3://bucket/key`.

    `endpoint` is the service's http(s) address, Amazon's if none. Without `key` and `secret` the client looks for them
    where it always does (environment, profile, role). `private` lets the service be on this machine or a private
    network. `called` is the source's name, by default its address.
    """

    bucket: str
    prefix: str = ""
    endpoint: str = ""
    region: str = ""
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    key: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    private: bool = False
    max_bytes: int = Limits().max_bytes
    max_seconds: float = Limits().max_seconds
    called: str = ""
    _names: Names = field(init=False, repr=False, compare=False)
    _client: list[Any] = field(default_factory=list, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.endpoint:
            try:
                reach.checked(self.endpoint)
            except Unreadable as error:
                raise BadInput(f"the endpoint is no address to use: {error.reason}") from error
        if bool(self.key) != bool(self.secret):
            raise BadInput(
                "an S3 source has a key without a secret, or a secret without a key; give both, or neither"
            )
        object.__setattr__(self, "_names", Names(self.include, self.exclude))

    @property
    def name(self) -> str:
        return f"s3:{self.called or f'{self.endpoint}/{self.bucket}/{self.prefix}'}"

    def items(self) -> Iterator[Item]:
        """List the objects. NotFound for a bucket that is not there, BadInput when the key is refused."""
        self._names.skipped.clear()
        with self._told():
            pages = (
                self._s3().get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix)
            )
            for page in pages:
                for one in page.get("Contents", ()):
                    key: str = one["Key"]
                    if key.endswith("/"):
                        continue  # what consoles make to show a folder
                    if one.get("StorageClass") in ARCHIVED:
                        self._names.skipped["archived"] += 1
                    elif self._names.takes(key):
                        stamp = f"{one['ETag'].strip(chr(34))}-{one['Size']}"
                        yield Item(f"s3://{self.bucket}/{key}", stamp, one["Size"])

    def fetch(self, item: Item) -> Blob:
        """Return an object's bytes. Unreadable when it is gone, or too large."""
        if item.size > self.max_bytes:
            raise Unreadable(item.id, f"has {item.size} bytes, more than {self.max_bytes} (read.max_bytes)")
        key = item.id.removeprefix(f"s3://{self.bucket}/")
        with self._told(item.id):
            got = self._s3().get_object(Bucket=self.bucket, Key=key)
            data: bytes = got["Body"].read()
        modified = got["LastModified"].isoformat(timespec="seconds")
        kind = got.get("ContentType", "").split(";")[0].strip()
        said = None if kind in ("", "application/octet-stream", "binary/octet-stream") else kind
        return Blob(item.id, data, said, source=item.id, fields={"path": key, "modified": modified})

    def skipped(self) -> Mapping[str, int]:
        """Return how many objects the last `items()` left out, by reason."""
        return dict(self._names.skipped.most_common())

    def _s3(self) -> Any:
        if not self._client:
            config = Config(
                retries={"max_attempts": 3, "mode": "standard"},
                response_checksum_validation="when_required",
                s3={"addressing_style": "path" if self.endpoint else "auto"},
            )
            session = boto3.session.Session(
                self.key or None, self.secret or None, region_name=self.region or None
            )
            found = session.client("s3", endpoint_url=self.endpoint or None, config=config)
            found.meta.events.register("before-send.s3", _Sender(self))
            self._client.append(found)
        return self._client[0]

    @contextmanager
    def _told(self, name: str = "") -> Iterator[None]:
        """Turn the client's errors into ours. None of them has a key in it."""
        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in ("NoSuchKey", "404", "InvalidObjectState") and name:
                raise Unreadable(name, f"is not there to be read any more ({code})") from error
            if code in ("NoSuchBucket", "404"):
                raise NotFound(
                    f"there is no bucket {self.bucket!r} at this service; check the bucket"
                ) from error
            if code in REFUSED:
                said = f"the service refuses to show the bucket {self.bucket!r} ({code}); check the key and its rights"
                raise BadInput(said) from None
            raise ProviderError(
                f"the bucket {self.bucket!r} cannot be read: {code}", retryable=True
            ) from error
        except BotoCoreError as error:
            said = " ".join(str(error).split())
            raise ProviderError(
                f"the bucket {self.bucket!r} cannot be read: {said}", retryable=True
            ) from error
        except Unreadable as error:
            if name:
                raise Unreadable(name, error.reason) from error
            raise ProviderError(
                f"the bucket {self.bucket!r} cannot be read: {error.reason}", retryable=True
            ) from error


class _Sender:
    """Sends the client's signed requests. What it returns stands for what the client would have received itself."""

    def __init__(self, source: S3) -> None:
        self._source = source
        self._http = reach.client(source.private)

    def __call__(self, request: Any, **_: Any) -> AWSResponse:
        bounds = _Bounds(max(self._source.max_bytes, LISTING), self._source.max_seconds)
        headers = {
            name: value.decode("latin-1") if isinstance(value, bytes) else str(value)
            for name, value in request.headers.items()
        }
        sent = httpx.Request(
            request.method,
            request.url,
            headers={**headers, "Accept-Encoding": "identity"},
            content=request.body,
        )
        got = reach.send(self._http, sent, bounds)
        return AWSResponse(request.url, got.status, dict(got.headers), _Raw(got.data))


@dataclass(frozen=True)
class _Bounds:
    max_bytes: int
    max_seconds: float


class _Raw(io.BytesIO):
    """A body as botocore reads one."""

    def stream(self, amt: int = 65536, **_: Any) -> Iterator[bytes]:
        """Yield the bytes."""
        while piece := self.read(amt):
            yield piece
