"""The figures that techniques work with. None is tuned; docs/techniques.md shows what each technique brings."""

from __future__ import annotations

from typing import Final

WAYS: Final = 3
"""Rewordings of a question that are asked for, as in the published examples."""
