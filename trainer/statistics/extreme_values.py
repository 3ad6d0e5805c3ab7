"""The generalised Pareto distribution of excesses over a high level."""

import dataclasses
import math

import numpy as np
from scipy import optimize, special

__all__ = ["GeneralisedPareto", "fit_generalised_pareto", "tail_quantile"]

# How far log(1 + shape / scale * largest excess) is searched: to both sides
# as far as float64 tells the values apart, in steps finer than the
# likelihood's bends.
LOWEST_LOG = math.log(np.finfo(np.float64).eps)
HIGHEST_LOG = 700.0
LOG_STEP = 0.5


@dataclasses.dataclass(frozen=True)
class GeneralisedPareto:
    """Excesses with P(excess > y) = (1 + shape * y / scale)**(-1 / shape).

    Attributes:
        shape: above 0 heavy tail, 0 exponential, below 0 bounded by
            -scale / shape.
        scale: above 0, in the unit of the excesses.
        log_likelihood: of the excesses it was fitted to.
    """

    shape: float
    scale: float
    log_likelihood: float


def fit_generalised_pareto(excesses: np.ndarray) -> GeneralisedPareto:
    """Fits by maximum likelihood, for shapes above -1.

    For each x = shape / scale the best shape is mean(log(1 + x * excess)),
    so that one number is searched for. Its likelihood can have several
    maxima, all with shapes above -1; for shapes below it grows without bound
    near x = -1 / max(excess). The highest maximum is the answer, or the
    exponential distribution, x = 0, where none is better.

    Args:
        excesses: `[excess]` float64, finite, above 0.

    Raises:
        ValueError: there is no excess, or one is not finite and above 0.

    Example:
        >>> fit_generalised_pareto(np.array([2.0, 2.0]))
        GeneralisedPareto(shape=0.0, scale=2.0, log_likelihood=-3.386294361...)

    References:
        Grimshaw (1993), Computing maximum likelihood estimates for the
        generalized Pareto distribution, Technometrics 35(2), section 2.
    """
    excesses = np.asarray(excesses, dtype=np.float64)
    if not (excesses.size and np.all((excesses > 0) & np.isfinite(excesses))):
        raise ValueError(
            "`excesses` must be finite and above 0, at least one. Received: "
            f"{excesses.size} excesses, {excesses[:5]}. Take what lies above "
            "a lower level."
        )
    largest = excesses.max()
    # In the unit of the largest, so that no scale overflows.
    shares = excesses / largest

    def log_likelihood(log_reach: float) -> float:
        return _profile(shares, log_reach).log_likelihood

    candidates = [_profile(shares, 0.0)]
    reaches = _search_grid(math.log(largest) - math.log(excesses.min()))
    values = np.array([log_likelihood(reach) for reach in reaches])
    is_peak = (values[1:-1] >= values[:-2]) & (values[1:-1] >= values[2:])
    for peak in np.flatnonzero(is_peak) + 1:
        found = optimize.minimize_scalar(
            lambda log_reach: -log_likelihood(log_reach),
            bounds=(reaches[peak - 1], reaches[peak + 1]),
            method="bounded",
            options={"xatol": 1e-10},
        )
        candidates.append(_profile(shares, found.x))
    best = max(candidates, key=lambda each: each.log_likelihood)
    return GeneralisedPareto(
        best.shape,
        float(best.scale * largest),
        float(best.log_likelihood - excesses.size * math.log(largest)),
    )


def tail_quantile(
    tail: GeneralisedPareto, level: float, fraction: float
) -> float:
    """The number that a fraction of what exceeds `level` exceeds.

    level + scale / shape * (fraction**-shape - 1), and for shape 0
    level - scale * log(fraction). For a risk q of n values of which N exceed
    the level, the fraction is q * n / N.

    Args:
        tail: fitted to the excesses over `level`.
        level: where the tail begins.
        fraction: above 0, at most 1; 1 gives `level`.

    Returns:
        The number; infinite where float64 ends.

    Raises:
        ValueError: `fraction` is out of bounds.

    Example:
        >>> tail_quantile(GeneralisedPareto(1.0, 2.0, 0.0), 3.0, 0.25)
        9.0

    References:
        Siffer, Fouque, Termier, Largouet (2017), Anomaly detection in
        streams with extreme value theory, equation 1.
    """
    if not 0 < fraction <= 1:
        raise ValueError(
            "`fraction` must be above 0 and at most 1. Received: "
            f"fraction={fraction}. Below the level use a quantile."
        )
    return level + tail.scale * float(special.boxcox(1 / fraction, tail.shape))


def _search_grid(log_ratio: float) -> np.ndarray:
    """Values of log(1 + x) around all maxima, for log(max / min)."""
    # The likelihood only falls above x = 2 * mean / min**2 (Grimshaw).
    highest = min(1.0 + 2 * log_ratio, HIGHEST_LOG)
    num_steps = math.ceil((highest - LOWEST_LOG) / LOG_STEP)
    return np.linspace(LOWEST_LOG, highest, num_steps + 1)


def _profile(shares: np.ndarray, log_reach: float) -> GeneralisedPareto:
    """The best fit with log(1 + x * largest share) = `log_reach`."""
    rate = math.expm1(log_reach)
    if rate == 0:
        shape, scale = 0.0, float(shares.mean())
    else:
        shape = float(np.log1p(rate * shares).mean())
        scale = shape / rate
    return GeneralisedPareto(
        shape, scale, -shares.size * (math.log(scale) + shape + 1)
    )
