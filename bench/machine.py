"""Facts about the machine and the installations, for the head of a benchmark."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path


def facts() -> dict[str, str]:
    """Return what a reader needs to judge the times."""
    return {
        "Date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "Processor": f"{_processor()}, {os.cpu_count()} cores",
        "Memory": f"{_memory():.0f} GiB",
        "System": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "Load before": " ".join(f"{one:.2f}" for one in os.getloadavg()),
    }


def size_of(folder: Path) -> float:
    """Return the size of a folder in MB (10^6 bytes); links are not followed, hard links count once."""
    files = {
        (found.st_dev, found.st_ino): found.st_size
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and (found := path.stat())
    }
    return sum(files.values()) / 1e6


def site_packages(environment: Path) -> Path:
    """Return the folder that an environment's packages are in."""
    return next(environment.glob("lib/python*/site-packages"))


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
