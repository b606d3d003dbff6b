"""What is said, and how soon, where Ray is missing, out of reach, or not fit for the work."""

from __future__ import annotations

import importlib.util
import socket
import sys
import time
from pathlib import Path

import pytest

from citewell.bulk import connect
from citewell.bulk.spread import blocks, spread_on
from citewell.errors import BadInput, MissingExtra, ProviderError
from citewell.incoming import Blob
from citewell.settings import EmbedConfig
from tests.cli.conftest import Cli, cli, docs, home

__all__ = ["cli", "docs", "home"]

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="optional: Ray is not installed"
)


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"citewell\[ray\]"):
        spread_on("local", 0, EmbedConfig())


@needs_ray
@pytest.mark.parametrize("address", ["here", "http://127.0.0.1:1", "ray://", "127.0.0.1:port"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(BadInput, match="ray://HOST:10001"):
        spread_on(address, 0, EmbedConfig())


@needs_ray
@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_a_cluster_that_is_not_there_is_one_line_at_once(cli: Cli, docs: Path, scheme: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert cli("init").code == 0
    began = time.monotonic()
    said = cli("add", "docs", "--on", f"{scheme}127.0.0.1:{port}", "--json")
    assert time.monotonic() - began < connect.REACH_SECONDS + 5
    assert said.code == ProviderError.code
    assert said.err.strip() == f"error: {said.json['error']['detail']}"
    assert "no Ray cluster answers" in said.err


def test_a_server_is_not_asked_to_use_a_cluster(cli: Cli, docs: Path) -> None:
    said = cli("add", "docs", "--on", "local", "--server", "http://127.0.0.1:9")
    assert said.code == BadInput.code
    assert "leave out --server" in said.err


def test_workers_without_a_cluster_are_refused(cli: Cli, docs: Path) -> None:
    assert cli("init").code == 0
    assert "--on" in cli("add", "docs", "--workers", "2").err


def test_a_node_without_citewell_or_with_another_one_is_named() -> None:
    mine = {"citewell": "1.0", "release": "3.11", "python": sys.executable}
    with pytest.raises(ProviderError, match=r"'10.0.0.2' has no citewell .* install citewell\[ray\]"):
        connect._same("10.0.0.2", {**mine, "citewell": ""}, mine)
    with pytest.raises(ProviderError, match=r"citewell 0.9, Python 3.11; here it is citewell 1.0"):
        connect._same("10.0.0.2", {**mine, "citewell": "0.9"}, mine)
    connect._same("10.0.0.2", {**mine, "python": "/elsewhere/python"}, mine)


def test_a_block_is_a_second_of_work_or_one_large_file() -> None:
    small = [Blob(f"{n}.md", b"x" * 1000) for n in range(100)]
    sizes = [len(one) for one in blocks([*small[:70], Blob("large.pdf", b"x" * 10**6), *small[70:]])]
    assert sizes == [32, 32, 7, 30]
