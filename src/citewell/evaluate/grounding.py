"""How well does the checker tell supported claims from others? JSON lines in, balanced accuracy and AUROC out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from citewell.errors import BadInput
from citewell.evaluate.bootstrap import Estimate, stats

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from rich.table import Table

    from citewell.model import JSON

RESAMPLES: Final = 999
Score = Callable[[str, str], float]
"""(claim, context) to 0 … 1."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim and the text that is to support it; `supported` is what people say."""

    claim: str
    context: str
    supported: bool


@dataclass(frozen=True, slots=True)
class Grounding:
    """What the checker does on one set: of `claims` claims, `supported` are so by their labels.

    `balanced_accuracy` is the mean of the shares accepted of the supported and rejected of the other claims; intervals
    are 95 % bootstrap, each class resampled by itself. `milliseconds` is the mean time of a claim.
    """

    name: str
    claims: int
    supported: int
    balanced_accuracy: Estimate
    auroc: Estimate
    milliseconds: float


def read_pairs(path: Path) -> list[Pair]:
    """Read one set: a JSON object a line with `context`, `claim_or_answer` and `label`, 1 supported or 0 not.

    BadInput names the file and the line at fault, or says that one of the two labels is missing.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read: {error}; give a UTF-8 file of JSON lines") from error
    pairs = [_pair(line, f"{path}, line {at}") for at, line in enumerate(lines, start=1) if line.strip()]
    if len({pair.supported for pair in pairs}) < 2:
        raise BadInput(
            f"{path}: {len(pairs)} claims, all with one label; it needs some with label 1 and some with 0"
        )
    return pairs


def _pair(line: str, where: str) -> Pair:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadInput(
            f"{where}: not JSON ({error.msg} at column {error.colno}); write one object a line"
        ) from error
    if not isinstance(row, dict):
        raise BadInput(f"{where}: {line[:40]!r} is not an object with context, claim_or_answer and label")
    label = row.get("label")
    if isinstance(label, bool) or label not in (0, 1):
        raise BadInput(f"{where}: label is {label!r}; it must be 1 (supported) or 0 (not)")
    return Pair(_text(row, "claim_or_answer", where), _text(row, "context", where), bool(label))


def _text(row: JSON, name: str, where: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{where}: {name} is {value!r}; it must be a text that is not empty")
    return value


def measure_grounding(name: str, pairs: Sequence[Pair], score: Score, threshold: float) -> Grounding:
    """Score every pair; those from `threshold` on are accepted."""
    started = time.perf_counter()
    scores = [score(pair.claim, pair.context) for pair in pairs]
    milliseconds = (time.perf_counter() - started) * 1000 / len(pairs)
    labels = [pair.supported for pair in pairs]
    accuracy, area = judged(scores, labels, threshold)
    return Grounding(name, len(pairs), sum(labels), accuracy, area, milliseconds)


def judged(scores: Sequence[float], labels: Sequence[bool], threshold: float) -> tuple[Estimate, Estimate]:
    """Return balanced accuracy and AUROC of scores, with 95 % intervals; both labels must occur."""
    import numpy as np

    values, truth = np.asarray(scores, np.float64), np.asarray(labels, bool)
    good, bad = values[truth], values[~truth]
    return _estimate(partial(_balanced, threshold=threshold), good, bad), _estimate(_area, good, bad)


def _balanced(good: NDArray[float64], bad: NDArray[float64], threshold: float) -> float:
    return float(((good >= threshold).mean() + (bad < threshold).mean()) / 2)


def _area(good: NDArray[float64], bad: NDArray[float64]) -> float:
    """The share of (supported, other) pairs in the right order, ties half: Mann & Whitney's U over its most."""
    return float(stats().mannwhitneyu(good, bad, method="asymptotic").statistic / (len(good) * len(bad)))


def _estimate(statistic: Callable[..., float], good: NDArray[float64], bad: NDArray[float64]) -> Estimate:
    import numpy as np

    rng = np.random.default_rng(0)
    drawn = [statistic(rng.choice(good, good.size), rng.choice(bad, bad.size)) for _ in range(RESAMPLES)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Estimate(statistic(good, bad), float(low), float(high))


def summary(found: Sequence[Grounding]) -> JSON:
    """Return the sets and their plain averages as JSON."""
    return {
        "sets": list(found),
        "average": dict(_averages(found)),
    }


def _averages(found: Sequence[Grounding]) -> Iterator[tuple[str, float]]:
    count = max(1, len(found))
    yield "balanced_accuracy", sum(one.balanced_accuracy.mean for one in found) / count
    yield "auroc", sum(one.auroc.mean for one in found) / count
    yield (
        "milliseconds",
        sum(one.milliseconds * one.claims for one in found) / max(1, sum(o.claims for o in found)),
    )


def grounding_table(found: Sequence[Grounding], title: str) -> Table:
    """Return a table with a row for each set and one for their average."""
    from rich.table import Table

    table = Table(title=title)
    table.add_column("set")
    for column in ("claims", "supported", "balanced accuracy", "AUROC", "ms a claim"):
        table.add_column(column, justify="right")
    for one in found:
        figures: list[Any] = [
            f"{e.mean:.3f} ({e.low:.3f}–{e.high:.3f})" for e in (one.balanced_accuracy, one.auroc)
        ]
        table.add_row(one.name, str(one.claims), str(one.supported), *figures, f"{one.milliseconds:.1f}")
    means = dict(_averages(found))
    table.add_section()
    cells = (f"{means['balanced_accuracy']:.3f}", f"{means['auroc']:.3f}", f"{means['milliseconds']:.1f}")
    table.add_row("average", str(sum(o.claims for o in found)), str(sum(o.supported for o in found)), *cells)
    return table
