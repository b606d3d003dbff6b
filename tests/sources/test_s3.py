"""Buckets of a real S3 server (SeaweedFS)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("boto3", reason="needs the extra s3")

from citewell.errors import BadInput, NotFound, ProviderError, Unreadable
from citewell.sources.s3 import S3
from tests.sources.conftest import SECRET, Bucket


def source(bucket: Bucket, **options: Any) -> S3:
    given = {
        "endpoint": bucket.endpoint,
        "region": "us-east-1",
        "key": "reader",
        "secret": SECRET,
        "private": True,
    }
    return S3(bucket.name, **{**given, **options})


def keys(found: S3) -> list[str]:
    return [item.id.partition("//")[2].partition("/")[2] for item in found.items()]


def test_readable_objects_below_the_prefix_are_listed_and_read(bucket: Bucket) -> None:
    for key in ("guide/a.md", "guide/ä b+c'(1).md", "guide/x.bin", "guide/", "other.md", "guide/.git/x.md"):
        bucket.client.put_object(Bucket=bucket.name, Key=key, Body=f"text of {key}".encode())
    found = source(bucket, prefix="guide/")
    assert sorted(keys(found)) == ["guide/a.md", "guide/ä b+c'(1).md"]
    assert found.skipped() == {"excluded": 1, ".bin": 1}
    blobs = {item.id: found.fetch(item) for item in found.items()}
    odd = blobs[f"s3://{bucket.name}/guide/ä b+c'(1).md"]
    assert odd.data.decode() == "text of guide/ä b+c'(1).md"
    assert odd.fields["path"] == "guide/ä b+c'(1).md"


def test_more_than_a_thousand_objects_are_all_listed(bucket: Bucket) -> None:
    for number in range(1005):
        bucket.client.put_object(Bucket=bucket.name, Key=f"{number}.txt", Body=b"x")
    assert len(keys(source(bucket))) == 1005


def test_a_stamp_changes_with_the_content(bucket: Bucket) -> None:
    bucket.put(a_md=b"one")
    (before,) = source(bucket).items()
    bucket.put(a_md=b"two")
    (after,) = source(bucket).items()
    assert (before.id, before.stamp) != (after.id, after.stamp)
    assert before.id == after.id


def test_patterns_choose_objects(bucket: Bucket) -> None:
    bucket.put(a_md=b"a", drafts__b_md=b"b", c__d_md=b"d")
    assert sorted(keys(source(bucket, exclude=("drafts",)))) == ["a.md", "c/d.md"]
    assert keys(source(bucket, include=("c/*",))) == ["c/d.md"]


def test_an_object_that_is_gone_or_too_large_fails_alone(bucket: Bucket) -> None:
    bucket.put(a_md=b"alpha", b_md=b"beta")
    found = source(bucket, max_bytes=4)
    first, second = found.items()
    with pytest.raises(Unreadable, match=r"5 bytes.*read\.max_bytes"):
        found.fetch(first)
    bucket.client.delete_object(Bucket=bucket.name, Key="b.md")
    with pytest.raises(Unreadable, match="not there to be read any more"):
        found.fetch(second)


def test_a_wrong_key_a_wrong_bucket_and_no_server_are_one_clear_line_without_the_secret(
    bucket: Bucket,
) -> None:
    nothing = replace(source(bucket), bucket="nothing-here")
    wrong: list[tuple[S3, type[Exception], str]] = [
        (source(bucket, secret="another-word"), BadInput, "check the key"),
        (nothing, NotFound, "no bucket"),
        (source(bucket, endpoint="http://127.0.0.1:9"), ProviderError, "cannot be read"),
    ]
    for found, error, said in wrong:
        with pytest.raises(error, match=said) as raised:
            list(found.items())
        for secret in (SECRET, "another-word"):
            assert secret not in f"{raised.value} {found!r}"
        assert "\n" not in str(raised.value)


def test_a_private_service_is_refused_unless_that_is_allowed(bucket: Bucket) -> None:
    with pytest.raises(ProviderError, match="not a public address"):
        list(source(bucket, private=False).items())


def test_an_endpoint_with_a_password_and_half_a_key_are_refused() -> None:
    with pytest.raises(BadInput) as raised:
        S3("b", endpoint="http://user:secret@example.com")
    assert "secret" not in str(raised.value)
    with pytest.raises(BadInput, match="without a secret"):
        S3("b", key="k")
