"""Tails against SciPy, closed forms and published figures."""

import itertools
import math

import numpy as np
import pytest
from public_data import public_data
from scipy.stats import genpareto

from trainer.statistics.extreme_values import (
    GeneralisedPareto,
    fit_generalised_pareto,
    tail_quantile,
)


def sample(shape, num_excesses, seed, scale=1.0):
    return genpareto.rvs(
        shape, scale=scale, size=num_excesses, random_state=seed
    )


@pytest.mark.parametrize("seed", range(40))
def test_is_at_least_as_likely_as_scipys_fit(seed):
    """Catches a maximum missed, and a likelihood that is not the fit's."""
    generator = np.random.default_rng(seed)
    shape = generator.uniform(-0.4, 1.5)
    num_excesses = int(generator.choice([10, 30, 100, 1000]))
    scale = 10 ** generator.uniform(-6, 6)
    excesses = sample(shape, num_excesses, generator, scale)
    found = fit_generalised_pareto(excesses)
    own = genpareto.logpdf(excesses, found.shape, 0, found.scale).sum()
    assert found.log_likelihood == pytest.approx(own, rel=1e-9, abs=1e-9)
    other_shape, _, other_scale = genpareto.fit(excesses, floc=0)
    other = genpareto.logpdf(excesses, other_shape, 0, other_scale).sum()
    # Below -1 the likelihood has no bound, and SciPy stops anywhere.
    if other_shape > -1:
        assert found.log_likelihood >= other - 1e-6


@pytest.mark.parametrize(
    "excesses",
    [
        # Two maxima, of which the lower shape, then the higher one is best.
        [0.8, 6.1, 1e-4, 3.2, 2.3, 0.5],
        [15.3, 0.0032, 1.31, 6.65],
        *(sample(-0.5 + seed / 10, 12, seed) for seed in range(20)),
    ],
)
def test_no_maximum_on_a_fine_grid_is_higher(excesses):
    """Catches one maximum of several taken for the highest."""
    excesses = np.array(excesses)
    found = fit_generalised_pareto(excesses)
    reaches = np.linspace(-30.0, 30.0, 20_000)
    rates = np.expm1(reaches) / excesses.max()
    shapes = np.log1p(rates[:, None] * excesses).mean(axis=1)
    values = -len(excesses) * (np.log(shapes / rates) + shapes + 1)
    is_peak = (values[1:-1] > values[:-2]) & (values[1:-1] > values[2:])
    exponential = -len(excesses) * (math.log(excesses.mean()) + 1)
    highest = max([exponential, *values[1:-1][is_peak]])
    assert highest - 1e-9 <= found.log_likelihood <= highest + 1e-4


@pytest.mark.parametrize("shape", [-0.7, -0.4, -0.1, 0.0, 0.3, 1.0, 2.0])
@pytest.mark.parametrize("scale", [1e-200, 0.1, 1e200])
def test_recovers_the_parameters_of_a_large_sample(shape, scale):
    """Catches a sign of shape, and scales that overflow."""
    found = fit_generalised_pareto(sample(shape, 50_000, 3, scale))
    assert found.shape == pytest.approx(shape, abs=0.03)
    assert found.scale == pytest.approx(scale, rel=0.03)


def test_exponential_has_its_closed_form():
    """Catches the exponential's likelihood with the wrong sign."""
    excesses = np.array([2.0, 2.0, 2.0, 2.0])
    found = fit_generalised_pareto(excesses)
    assert found == GeneralisedPareto(0.0, 2.0, -4 * (math.log(2.0) + 1))
    assert tail_quantile(found, 1.0, 0.1) == 1.0 + 2.0 * math.log(10.0)


@pytest.mark.parametrize(
    "excesses",
    [
        [3.0],
        [1.0] * 50,
        [1.0, 1.0 + 1e-15],
        [1e-300, 1.0],
        [1e-300, 1e300],
        [5e-324, 1e308],
        [5e-324, 5e-324],
        [1.0] * 49 + [1e12],
        [1e-12] + [1.0] * 49,
        np.exp(np.linspace(-700, 700, 40)),
        np.linspace(1e-3, 1.0, 500),
    ],
)
def test_odd_excesses_have_a_fit(excesses):
    """Catches log(0), overflow, and an empty or exploding bracket."""
    found = fit_generalised_pareto(np.array(excesses))
    assert np.isfinite([found.shape, found.log_likelihood]).all()
    assert 0 < found.scale < np.inf
    assert found.shape > -1


@pytest.mark.parametrize("shape", [-0.9, -0.4, -1e-9, 0.0, 1e-12, 0.5, 1.5])
@pytest.mark.parametrize("fraction", [1e-9, 1e-3, 0.2, 1.0])
def test_quantile_is_scipys(shape, fraction):
    """Catches cancellation near shape 0, and fraction for 1 - fraction."""
    found = tail_quantile(GeneralisedPareto(shape, 3.0, 0.0), 7.0, fraction)
    expected = 7.0 + genpareto.isf(fraction, shape, scale=3.0)
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("risk", "printed"), [(1e-3, 1.55471), (5e-3, 1.10536)]
)
def test_quantile_gives_the_published_figures(risk, printed):
    """Catches n for N, and a risk of the excesses instead of all scores."""
    corners = [
        tail_quantile(
            GeneralisedPareto(shape, scale, 501.98),
            0.920335201,
            risk * 28_378 / 568,
        )
        for shape, scale in itertools.product(
            (0.48855, 0.48865), (0.093255, 0.093265)
        )
    ]
    assert min(corners) - 5e-6 <= printed <= max(corners) + 5e-6
    assert max(corners) - min(corners) < 5e-4


def test_published_losses_give_the_published_fit():
    """Catches whatever the parts alone do not show."""
    paths = sorted(public_data().rglob("RMS_loss.csv"))
    if not paths:
        pytest.skip(
            "skipped: no RMS_loss.csv in the public data; it is published "
            "with EVT_POT (github.com/mangushev/mtad-tf)"
        )
    scores = np.loadtxt(paths[0])
    level = np.quantile(scores, 0.98)
    excesses = scores[scores > level] - level
    assert (len(scores), len(excesses)) == (28_378, 568)
    assert level == pytest.approx(0.920335201, abs=1e-9)
    found = fit_generalised_pareto(excesses)
    assert found.shape == pytest.approx(0.4886, abs=5.1e-5)
    assert found.scale == pytest.approx(0.09326, abs=5.1e-6)
    assert found.log_likelihood == pytest.approx(501.98, abs=5.1e-3)
    for risk, printed in ((1e-3, 1.55471), (5e-3, 1.10536)):
        threshold = tail_quantile(found, level, risk * 28_378 / 568)
        assert threshold == pytest.approx(printed, abs=2e-5)


@pytest.mark.parametrize("excesses", [[], [1.0, 0.0], [-1.0], [np.nan]])
def test_what_is_no_excess_is_an_error(excesses):
    """Catches a fit to nothing, or to the level itself."""
    with pytest.raises(ValueError, match="finite and above 0"):
        fit_generalised_pareto(np.array(excesses))


@pytest.mark.parametrize("fraction", [0.0, 1.5, np.nan, -1.0])
def test_fraction_is_checked(fraction):
    """Catches extrapolating downwards, below the level."""
    with pytest.raises(ValueError, match="fraction="):
        tail_quantile(GeneralisedPareto(0.1, 1.0, 0.0), 0.0, fraction)
