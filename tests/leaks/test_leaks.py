"""A short one of `make leaks`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.leaks.fuzz import fuzz


def test_nobody_is_shown_what_is_not_for_them_over_any_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    report = fuzz(tmp_path, users=12, documents=80, requests=400, seed=7)
    assert report.leaks == []
    assert report.wrong == []
    assert len({kind for _, kind in report.asked}) == 12


def test_it_notices_when_nothing_is_enforced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for place in ("citewell.access.reach", "citewell.library.reach", "citewell.prepare.reach"):
        monkeypatch.setattr(place, lambda access: None)
    report = fuzz(tmp_path, users=12, documents=80, requests=60, seed=7)
    assert report.leaks
    assert report.wrong
