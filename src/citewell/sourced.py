"""How a source stands: what is configured of it, and what its last run did. Frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

State: TypeAlias = Literal["new", "running", "ok", "held", "failing", "not configured"]


@dataclass(frozen=True, slots=True)
class Run:
    """What one sync of a source did. Times are ISO 8601, UTC; `counts` are documents by outcome.

    `error` is why it failed, or why nothing was removed (`held`), "" when it went well. `failures` counts the runs
    that failed in a row, this one included.
    """

    began: str
    seconds: float
    counts: Mapping[str, int]
    error: str = ""
    held: bool = False
    failures: int = 0


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source, configured or not, as `citewell sources` shows it.

    `every` is the seconds between runs, 0 when it runs on demand; `watch`, that changes start a run. `items` is how
    many of its items documents came from. `next_run` is "" where no time is set.
    """

    name: str
    kind: str
    state: State
    every: float = 0.0
    watch: bool = False
    items: int = 0
    last_run: str = ""
    last_success: str = ""
    seconds: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)
    error: str = ""
    failures: int = 0
    next_run: str = ""
