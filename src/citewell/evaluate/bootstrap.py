"""How sure is a mean over queries? Bootstrap intervals and a paired test, by SciPy (extra `eval`)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from citewell.errors import BadInput, MissingExtra

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

RESAMPLES = 9999
BATCH = 500


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its 95 % confidence interval: `low <= mean <= high`."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """A mean paired difference, its 95 % interval, and the two-sided p-value of "there is none"."""

    delta: float
    low: float
    high: float
    p: float


def estimate(values: Sequence[float], seed: int = 0) -> Estimate:
    """Return the mean of `values` with a BCa bootstrap interval (Efron 1987), equal at equal seeds.

    No values give zeros; values that are all equal give an interval of no width. Never NaN.
    """
    import numpy as np

    data = np.asarray(values, dtype=np.float64)
    if data.size == 0:
        return Estimate(0.0, 0.0, 0.0)
    mean = float(data.mean())
    if bool(np.all(data == data[0])):
        return Estimate(mean, mean, mean)
    low, high = _interval(data, "BCa", seed)
    if not np.isfinite([low, high]).all():  # the acceleration is undefined for some tiny samples
        low, high = _interval(data, "percentile", seed)
    return Estimate(mean, min(low, mean), max(high, mean))


def difference(a: Sequence[float], b: Sequence[float], seed: int = 0) -> Difference:
    """Return b - a over the same queries, with a bootstrap interval and a paired permutation test.

    The test flips the sign of each query's difference: all ways for few queries, else 9,999 at random
    (Smucker, Allan & Carterette, CIKM 2007). BadInput when the lengths differ.
    """
    import numpy as np

    if len(a) != len(b):
        raise BadInput(f"a paired test needs the same queries on both sides, not {len(a)} and {len(b)}")
    deltas = np.asarray(b, dtype=np.float64) - np.asarray(a, dtype=np.float64)
    spread = estimate(deltas.tolist(), seed)
    if not deltas.any():
        return Difference(spread.mean, spread.low, spread.high, 1.0)
    result = stats().permutation_test(
        (deltas,),
        lambda x, axis: x.mean(axis=axis),
        permutation_type="samples",
        n_resamples=RESAMPLES,
        batch=BATCH,
        vectorized=True,
        rng=np.random.default_rng(seed),
    )
    return Difference(spread.mean, spread.low, spread.high, float(result.pvalue))


def _interval(data: NDArray[float64], method: str, seed: int) -> tuple[float, float]:
    import numpy as np

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # degenerate samples are looked for in the result
        result: Any = stats().bootstrap(
            (data,),
            np.mean,
            n_resamples=RESAMPLES,
            batch=BATCH,
            method=method,
            rng=np.random.default_rng(seed),
        )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def stats() -> Any:
    """Return scipy.stats; MissingExtra says how when it is not installed."""
    try:
        from scipy import stats
    except ModuleNotFoundError as error:
        if error.name != "scipy":
            raise
        raise MissingExtra("confidence intervals need scipy: pip install 'citewell[eval]'") from error
    return stats
