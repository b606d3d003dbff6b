"""Facts about the machine and the installations, for the head of a benchmark."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

EMPTY = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "wheel")


def facts() -> dict[str, str]:
    """Return what a reader needs to judge the times."""
    return {
        "Date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "Processor": f"{_processor()}, {os.cpu_count()} cores",
        "Memory": f"{_memory():.0f} GiB",
        "System": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "Load before": " ".join(f"{one:.2f}" for one in os.getloadavg()),
    }


def installed(environment: Path) -> float:
    """Return the size in MB (10^6 bytes) of an environment's packages.

    Left out, for all alike: compiled bytecode, and what an empty environment has (pip, setuptools).
    """
    folder = next(environment.glob("lib/python*/site-packages"))
    counted = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in counted if not _aside(path.relative_to(folder))) / 1e6


def _aside(path: Path) -> bool:
    return "__pycache__" in path.parts or path.parts[0].split("-")[0] in EMPTY


def interpreter(root: Path, system: str) -> str:
    """Return the Python of a system's own environment; this one's for Citewell."""
    if system == "citewell":
        return sys.executable
    python = root / ".venvs" / system / "bin" / "python"
    if not python.exists():
        raise SystemExit(f"there is no environment for {system!r}: run bench/environments.sh {system}")
    return str(python)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
