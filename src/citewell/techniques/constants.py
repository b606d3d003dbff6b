"""The figures that techniques work with. None is tuned: they are those of the published examples."""

from __future__ import annotations

from typing import Final

WAYS: Final = 3
"""Rewordings of a question that are asked for."""
FUSION_K: Final = 60
"""How little the first ranks count for more than the later ones (Cormack et al., SIGIR 2009)."""
PARTS: Final = 3
"""Parts of a question that are answered one by one."""
SHOWN: Final = 80
"""Most characters that a step shows of what could not be understood."""
