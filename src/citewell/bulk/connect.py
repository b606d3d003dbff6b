"""To a Ray cluster, or to one that is started here for as long as it is needed. Every wait is bounded."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final
from urllib.parse import urlsplit

from citewell.errors import BadInput, MissingExtra, ProviderError

REACH_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 120.0
"""What a node gets to start a first worker process and say what is installed there."""
STARTS: Final = 3
"""How often a Ray is started here: it gives itself 30 s, too few on a machine that is very busy."""
SLOW: Final = "timed out during startup"
LOCAL_STORE: Final = 512 * 1024 * 1024
QUIET: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
}
LOOPBACK: Final = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""Where this is 0, Ray listens on 127.0.0.1 alone, on every system: its word for "one machine, no cluster"."""


@dataclass(frozen=True)
class Address:
    """Where Ray is: "local", "ray://HOST:PORT" (Ray Client) or "HOST:PORT" (from a node of the cluster)."""

    text: str

    @property
    def local(self) -> bool:
        return self.text == "local"


def reached(text: str) -> Address:
    """Return an address at which something listens (or "local").

    BadInput for what is none, MissingExtra without Ray, ProviderError when nothing listens there within 10 seconds.
    """
    if find_spec("ray") is None or find_spec("pyarrow") is None:
        raise MissingExtra(f"--on {text!r} needs Ray: pip install 'citewell[ray]'")
    if text == "local":
        return Address(text)
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if host is None or port is None or parts.scheme not in ("", "ray"):
        raise BadInput(
            f"--on is {text!r}; say local, ray://HOST:10001, or HOST:6379 on a node of the cluster"
        )
    try:
        socket.create_connection((host, port), REACH_SECONDS).close()
    except OSError as error:
        raise ProviderError(
            f"no Ray cluster answers at {text!r} ({error.strerror or error}); start it, or correct the address",
            retryable=True,
        ) from None
    return Address(text)


@contextmanager
def connection(address: Address, workers: int) -> Iterator[None]:
    """Connect to Ray, starting it here for "local". ProviderError when it does not come up."""
    folder = _quiet(address)
    import ray

    try:
        _start(address, workers, folder)
        yield
    finally:
        ray.shutdown()
        if folder:
            shutil.rmtree(folder, ignore_errors=True)


def _start(address: Address, workers: int, folder: str) -> None:
    import ray

    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address.local:
        options |= {
            "num_cpus": workers or None,
            "include_dashboard": False,
            "object_store_memory": LOCAL_STORE,
            "_temp_dir": folder,
        }
    for attempt in range(1, STARTS + 1):
        try:
            ray.init(address.text, **options)
            return
        except (
            Exception
        ) as error:  # Ray raises plain Exceptions: for a slow start, another version, no answer
            ray.shutdown()
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            if attempt == STARTS or not address.local or SLOW not in reason:
                said = f"Ray at {address.text!r} did not start: {reason[:300]}"
                raise ProviderError(said, retryable=True) from error


def _quiet(address: Address) -> str:
    """Set Ray's environment before it is loaded; return the folder of a Ray that is started here, or ""."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    if not address.local:
        return ""
    os.environ.setdefault(LOOPBACK, "0")
    if "RAY_AUTH_MODE" not in os.environ and "ray" not in sys.modules:
        import secrets

        # A token of this run alone; Ray would write one into the home folder.
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        os.environ["RAY_AUTH_MODE"] = "token"
    # Not TMPDIR: its sockets' paths have to be short.
    return tempfile.mkdtemp(prefix="cw-", dir="/tmp" if os.path.isdir("/tmp") else None)


def nodes_of() -> int:
    """Return how many nodes can work. ProviderError when one has not the same Python and Citewell."""
    import ray
    from ray.exceptions import GetTimeoutError, RayError
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    look = ray.remote(_look())
    nodes = [one for one in ray.nodes() if one["Alive"] and one["Resources"].get("CPU")]
    asked = [
        look.options(
            num_cpus=0, scheduling_strategy=NodeAffinitySchedulingStrategy(one["NodeID"], soft=False)
        ).remote()
        for one in nodes
    ]
    try:
        answers = ray.get(asked, timeout=LOOK_SECONDS)
    except GetTimeoutError:
        raise ProviderError(
            f"a Ray node started no worker within {LOOK_SECONDS:.0f} s; look into its logs", retryable=True
        ) from None
    except RayError as error:
        raise ProviderError(f"a Ray node could not start a worker: {error}", retryable=True) from error
    mine = _look()()
    for node, found in zip(nodes, answers, strict=True):
        _same(node["NodeManagerAddress"], found, mine)
    return len(nodes)


def _same(node: str, found: dict[str, str], mine: dict[str, str]) -> None:
    if not found["citewell"]:
        raise ProviderError(
            f"the Ray node {node!r} has no citewell ({found['python']}); install citewell[ray] in its environment"
        )
    if (found["citewell"], found["release"]) != (mine["citewell"], mine["release"]):
        raise ProviderError(
            f"the Ray node {node!r} has citewell {found['citewell']}, Python {found['release']}; here it is "
            f"citewell {mine['citewell']}, Python {mine['release']}: install the same"
        )


def _look() -> Any:
    """Return a function that needs no citewell where it runs: Ray sends inner functions by their code."""

    def look() -> dict[str, str]:
        from importlib.util import find_spec

        found = ""
        if find_spec("citewell") is not None:
            import citewell

            found = citewell.__version__
        release = f"{sys.version_info[0]}.{sys.version_info[1]}"
        return {"citewell": found, "release": release, "python": sys.executable}

    return look
