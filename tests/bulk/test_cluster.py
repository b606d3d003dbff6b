"""Bulk ingest on a Ray that runs on this machine: the same library as without it, whatever dies."""

from __future__ import annotations

import importlib.util
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

if importlib.util.find_spec("ray") is None:  # not imported: it reads its environment when it is
    pytest.skip("optional: Ray is not installed (pip install 'citewell[ray]')", allow_module_level=True)
psutil = pytest.importorskip("psutil", reason="optional: psutil is not installed")

from citewell.bulk.spread import RayData, spread_on  # noqa: E402
from citewell.incoming import Added, Blob, Failure  # noqa: E402
from citewell.prepare import Job  # noqa: E402
from tests.bulk.library import EMBED, blobs, contents, found_by, open_library, taken, text  # noqa: E402
from tests.bulk.library import vectors as vectors_of  # noqa: E402

QUESTIONS = ("kettle3 lamp2", "toaster4 slots", "lamp17 glows201", "part of device 7")


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayData]:
    """A Ray of two workers, started here, on loopback, and ended with the module."""
    spread = spread_on("local", 2, EMBED)
    with spread.connected():
        mine = own()
        yield spread
    _, alive = psutil.wait_procs(mine, timeout=20)
    assert alive == []


def own() -> list[psutil.Process]:
    """Return the processes that this test has started."""
    return psutil.Process().children(recursive=True)


def test_the_library_is_the_same_as_without_ray(cluster: RayData, tmp_path: Path) -> None:
    with open_library(tmp_path / "here") as here, open_library(tmp_path / "there", cluster) as there:
        what = blobs(40)
        expected, outcomes = taken(here, what), taken(there, what)
        assert outcomes == expected
        assert sorted(one.name for one in outcomes if isinstance(one, Failure)) == ["broken.pdf", "empty.md"]
        assert contents(there) == contents(here)
        assert vectors_of(there) == vectors_of(here)
        assert [found_by(there, one) for one in QUESTIONS] == [found_by(here, one) for one in QUESTIONS]
        assert there.check() == []
        again = taken(there, [what[0], what[3]])
        assert [one.status for one in again if isinstance(one, Added)] == ["unchanged"] * 6


def test_what_is_stored_is_not_embedded_again(cluster: RayData, tmp_path: Path) -> None:
    with open_library(tmp_path / "library", cluster) as library:
        taken(library, [Blob("a.md", text(1).encode())])
        prepare = library._parts.prepare
        changed = text(1) + "\n\n## New\n\nA toaster was added at the end.\n"
        jobs = [one for one in cluster(prepare, [Blob("b.md", changed.encode())]) if isinstance(one, Job)]
        assert len(jobs[0].vectors) == 1
        (added,) = taken(library, [Blob("b.md", changed.encode())])
        assert isinstance(added, Added)
        assert (added.status, added.embedded) == ("added", 1)


def test_a_killed_worker_loses_nothing(cluster: RayData, tmp_path: Path) -> None:
    what = [Blob(f"k{number}.md", text(number, 40).encode()) for number in range(120)]
    killed: list[int] = []

    def kill() -> None:
        until = time.monotonic() + 30
        while time.monotonic() < until and not killed:
            for one in own():
                if "MapWorker" in command_of(one):
                    os.kill(one.pid, signal.SIGKILL)
                    killed.append(one.pid)
                    return
            time.sleep(0.05)

    killer = threading.Thread(target=kill)
    killer.start()
    with open_library(tmp_path / "library", cluster) as library:
        outcomes = taken(library, what)
        killer.join()
        assert killed
        assert [one.status if isinstance(one, Added) else one for one in outcomes] == ["added"] * len(what)
        assert library.check() == []
        assert len(library.list(limit=1000)) == len(what)


def test_ray_listens_on_loopback_alone_and_sends_no_statistics(cluster: RayData) -> None:
    listening = [ip for process in [psutil.Process(), *own()] for ip in listened(process)]
    assert listening
    assert {one.removeprefix("::ffff:") for one in listening} <= {"127.0.0.1", "::1"}
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


def command_of(process: psutil.Process) -> str:
    """Return how a process was started; nothing where it has just ended."""
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""


def listened(process: psutil.Process) -> list[str]:
    """Return the addresses at which a process listens; none where it has just ended."""
    try:
        return [one.laddr.ip for one in process.net_connections("inet") if one.status == psutil.CONN_LISTEN]
    except psutil.NoSuchProcess:
        return []
