"""The figures that techniques work with. None is tuned: they are those of the published examples."""

from __future__ import annotations

from typing import Final

WAYS: Final = 3
"""Rewordings of a question that are asked for."""
FUSION_K: Final = 60
"""How little the first ranks count for more than the later ones (Cormack et al., SIGIR 2009)."""
PARTS: Final = 3
"""Parts of a question that are answered one by one."""
SAMPLE: Final = 2_000
"""Documents whose fields tell which fields there are."""
FIELDS: Final = 30
"""Most fields that a model is told of, the most common first."""
VALUES: Final = 8
"""Most values of a field that a model is shown."""
VALUE_LENGTH: Final = 40
"""Characters of such a value; longer ones are no use in a filter."""
