"""What is true of every test: one that is skipped where everything is expected has failed.

CI sets CITEWELL_EXPECT=all. A skip whose reason begins with "optional" stays one (a service that cannot
be had without an account, evaluation data that is not part of the project).
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.postgres import catalogs, postgres

__all__ = ["catalogs", "postgres"]
OPTIONAL = ("optional", "no evaluation data")
BESIDE = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of evaluation data: CITEWELL_DATA, or shared/data beside the repository."""
    folder = Path(os.environ.get("CITEWELL_DATA") or BESIDE)
    if not folder.is_dir():
        pytest.skip("no evaluation data; set CITEWELL_DATA to its folder")
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    report = yield
    return expected(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    report = yield
    return expected(report)


def expected(report: Any) -> Any:
    """Turn a skip into a failure where everything is expected to run."""
    if not report.skipped or os.environ.get("CITEWELL_EXPECT") != "all" or hasattr(report, "wasxfail"):
        return report
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    if not reason.startswith(OPTIONAL):
        report.outcome = "failed"
        report.longrepr = f"skipped, but CITEWELL_EXPECT=all expects it to run: {reason}"
    return report
