"""The scorer against a naive twin in NumPy."""

import functools

import hypothesis
import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import strategies as st

from trainer import config, scorers
from trainer.arrays import flatten, unflatten
from trainer.layers.smoothing import CentredMean, ExponentialMean
from trainer.scorers.scaled_residual import (
    ScaledResidual,
    ScaledResidualSettings,
)
from trainer.scorers.view_scores import smoothed_whole

LENGTH, NUM_SCORED = 6, 5
ONE, TWO = ("forecast",), ("forecast", "reconstruction")
COMBINATIONS = [
    {"combination": "sum"},
    {"combination": "max"},
    {"combination": "root_sum_square"},
    {"combination": "top_k", "top_k": 2},
    {"combination": "top_k", "top_k": 9},
]


def residuals(num_windows, seed=1, parts=ONE, missing=0.0):
    """Parts of other units, columns of other spread, around other medians."""
    generator = np.random.default_rng(seed)
    shape = (num_windows, LENGTH, NUM_SCORED)
    is_missing = generator.random(shape) < missing
    found = {}
    for number, name in enumerate(parts, 1):
        noise = generator.standard_t(4, size=shape) * np.arange(1, 6)
        noise = (noise + 0.5) * 10.0 ** (number - 1)
        noise[is_missing] = np.nan
        found[name] = noise.astype("float32")
    return found


def make(parts=ONE, **settings):
    return ScaledResidual(settings, LENGTH, NUM_SCORED, parts)


def run_phase(scorer, values, positions="all", batch_size=16):
    """All passes of phase 2; gives the statistics of the first."""
    passes = []
    for number in range(scorer.num_passes):
        statistics = scorer.empty_statistics(number)
        for begin in range(0, len(values[scorer.parts[0]]), batch_size):
            batch = {
                k: v[begin : begin + batch_size] for k, v in values.items()
            }
            statistics = scorer.update(statistics, batch, positions)
        scorer.finalize(statistics)
        passes.append(statistics)
    return passes[0]


def fitted(parts=ONE, **settings):
    scorer = make(parts, **settings)
    run_phase(scorer, residuals(50, parts=parts, missing=0.1))
    return scorer


def scores_of(scorer, values):
    return scorer({name: tf.constant(each) for name, each in values.items()})[
        "time"
    ]


def naive_totals(scorer, train, parts):
    """Score of each part alone at each step, NaN where it has none."""
    settings, totals = scorer.settings, []
    for name in scorer.parts:
        rows = train[name].reshape(-1, NUM_SCORED).astype("float64")
        median = np.nanmedian(rows, axis=0)
        spread = np.nanquantile(
            np.abs(rows - median), settings.spread_quantile, axis=0
        )
        spread = np.maximum(spread, settings.smallest_spread)
        total = np.full(parts[name].shape[:2], np.nan)
        for index in np.ndindex(*total.shape):
            terms = np.abs(parts[name][index] - median) / spread
            known = np.sort(terms[~np.isnan(terms)])
            if 2 * len(known) < NUM_SCORED:
                continue
            rescaling = NUM_SCORED / len(known)
            total[index] = {
                "sum": known.sum() * rescaling,
                "max": known[-1],
                "root_sum_square": np.sqrt((known**2).sum() * rescaling),
                "top_k": known[-settings.top_k :].sum(),
            }[settings.combination]
        totals.append(total)
    return totals


def naive_scores(scorer, train, parts):
    totals = naive_totals(scorer, train, parts)
    if len(totals) == 1:
        return totals[0]
    score = np.zeros_like(totals[0])
    for usual, total in zip(
        naive_totals(scorer, train, train), totals, strict=True
    ):
        # A step that lacks one part is not scored, so it does not count.
        size = np.nanquantile(usual, scorer.settings.spread_quantile)
        score += np.log1p(total / max(size, scorer.settings.smallest_spread))
    return score


def test_is_registered():
    """Catches a registry line that names nothing."""
    found = config.load(scorers.SCORERS, "scaled_residual", "scorer")
    assert found is ScaledResidual


@pytest.mark.parametrize("missing", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("parts", [ONE, TWO], ids=["one", "two"])
@pytest.mark.parametrize("settings", COMBINATIONS, ids=str)
def test_equals_the_naive_twin(settings, parts, missing):
    """Catches a wrong axis, rescaling or floor, and unknown taken for 0."""
    train = residuals(50, parts=parts, missing=missing)
    scorer = make(parts, **settings)
    run_phase(scorer, train)
    values = residuals(9, seed=2, parts=parts, missing=missing)
    found = scores_of(scorer, values)
    expected = naive_scores(scorer, train, values)
    assert found.score.dtype == tf.float64
    np.testing.assert_allclose(found.score, expected, rtol=1e-6)
    np.testing.assert_array_equal(found.is_scored, ~np.isnan(expected))
    assert np.isnan(expected).any() == (missing == 0.5)


@pytest.mark.parametrize("parts", [ONE, TWO], ids=["one", "two"])
def test_contributions_sum_to_the_score(parts):
    """Catches terms of one part alone, or not rescaled for missing ones."""
    scorer = fitted(parts)
    values = residuals(9, 2, parts, missing=0.2)
    found = scorer.combine({"time": scores_of(scorer, values)})["time"]
    total = tf.reduce_sum(found.contribution, axis=-1).numpy()
    is_scored = found.is_scored.numpy()
    np.testing.assert_allclose(
        total[is_scored], found.score[is_scored], rtol=1e-9
    )
    assert is_scored.any()


def test_contributions_are_of_the_columns():
    """Catches columns in another order, and an unknown one that has a term."""
    scorer = fitted()
    values = residuals(1, seed=2)
    values["forecast"][0, 0] = [0, 0, 1e3, np.nan, 0]
    contribution = scores_of(scorer, values).contribution[0, 0].numpy()
    assert contribution.argmax() == 2
    assert contribution[2] > 0.9 * contribution.sum()
    assert contribution[3] == 0


def test_parts_weigh_alike():
    """Catches one part that outweighs the other by its units."""
    values = residuals(9, seed=2, parts=TWO)
    values["reconstruction"] = values["forecast"] * 1e3
    train = residuals(50, parts=TWO)
    train["reconstruction"] = train["forecast"] * 1e3
    both = make(TWO)
    run_phase(both, train)
    found = scores_of(both, values).score.numpy()
    alone = make(("forecast",))
    run_phase(alone, {"forecast": train["forecast"]})
    usual = np.quantile(
        scores_of(alone, {"forecast": train["forecast"]}).score, 0.99
    )
    one = scores_of(alone, {"forecast": values["forecast"]}).score.numpy()
    np.testing.assert_allclose(found, 2 * np.log1p(one / usual), rtol=1e-5)


@pytest.mark.parametrize("num_known", range(NUM_SCORED + 1))
@pytest.mark.parametrize(
    ("parts", "lacking"), [(ONE, 0), (TWO, 0), (TWO, 1)], ids=str
)
def test_half_of_the_columns_must_be_known(num_known, parts, lacking):
    """Catches unknown called normal because another part is known."""
    scorer = fitted(parts)
    values = residuals(1, seed=2, parts=parts)
    values[parts[lacking]][0, 2, num_known:] = np.nan
    found = scores_of(scorer, values)
    is_scored = found.is_scored.numpy()[0]
    assert is_scored[2] == (num_known >= 3)
    assert is_scored[[0, 1, 3, 4, 5]].all()
    np.testing.assert_array_equal(np.isnan(found.score[0]), ~is_scored)


@pytest.mark.parametrize("combination", ["sum", "root_sum_square"])
def test_missing_columns_count_like_the_others(combination):
    """Catches scores that fall where a column is missing."""
    scorer = make(combination=combination)
    values = residuals(50, parts=ONE)
    values["forecast"][..., 1:] = values["forecast"][..., :1]
    run_phase(scorer, values)
    whole = scores_of(scorer, values).score.numpy()
    values["forecast"][..., [0, 3]] = np.nan
    found = scores_of(scorer, values).score.numpy()
    np.testing.assert_allclose(found, whole, rtol=1e-9)


@pytest.mark.parametrize("factor", [0.5, 3.0, 1e6])
@pytest.mark.parametrize("settings", COMBINATIONS, ids=str)
def test_units_do_not_matter_above_the_floor(settings, factor):
    """Catches a spread that is squared, or taken of another column."""
    train, values = residuals(50), residuals(9, seed=2)
    scores = []
    for factors in (np.ones(NUM_SCORED), [factor, 1, 1, -factor, 7]):
        scorer = make(**settings)
        run_phase(scorer, {k: v * factors for k, v in train.items()})
        assert scorer.spread.numpy().min() > scorer.settings.smallest_spread
        scaled = {k: v * factors for k, v in values.items()}
        scores.append(scores_of(scorer, scaled).score.numpy())
    np.testing.assert_allclose(scores[1], scores[0], rtol=1e-9)


def test_constant_residual_is_held_by_the_floor():
    """Catches a division by 0, and a column that is deaf ever after."""
    train = residuals(50)
    train["forecast"][..., 1] = 0.25
    scorer = make(smallest_spread=0.2)
    run_phase(scorer, train)
    assert scorer.median.numpy()[0, 1] == 0.25
    assert scorer.spread.numpy()[0, 1] == 0.2
    values = {"forecast": np.tile(scorer.median.numpy(), (1, LENGTH, 1))}
    values["forecast"][0, 3, 1] += 1.0
    found = scores_of(scorer, values)
    np.testing.assert_allclose(found.score[0], [0, 0, 0, 5, 0, 0], atol=1e-9)


def test_column_with_two_values():
    """Catches a spread of NaN or 0 where a quantile meets a tie."""
    train = residuals(100)
    is_rare = np.random.default_rng(6).random((100, LENGTH)) < 0.05
    train["forecast"][..., 2] = np.where(is_rare, 8.0, 0.0)
    scorer = make(spread_quantile=0.99)
    run_phase(scorer, train)
    assert scorer.median.numpy()[0, 2] == 0
    assert scorer.spread.numpy()[0, 2] == 8.0
    scorer = make(spread_quantile=0.5)
    run_phase(scorer, train)
    assert scorer.spread.numpy()[0, 2] == np.float64(0.1)


def test_column_never_known_is_an_error_with_a_next_step():
    """Catches scores of NaN, found out when thresholds are tuned."""
    train = residuals(50, parts=TWO)
    train["reconstruction"][..., 3] = np.nan
    scorer = fitted(TWO)
    before = scorer.get_weights()
    with pytest.raises(ValueError, match=r"column 3 of 5.*role `ignored`"):
        run_phase(scorer, train)
    train["reconstruction"][0, :, 3] = np.inf
    with pytest.raises(ValueError, match=r"column 3 of 5.*role `ignored`"):
        run_phase(scorer, train)
    with pytest.raises(ValueError, match="column 0 of 5"):
        scorer.finalize(scorer.empty_statistics())
    for old, new in zip(before, scorer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("parts", [ONE, TWO], ids=["one", "two"])
@pytest.mark.parametrize("settings", COMBINATIONS, ids=str)
def test_infinite_residual_is_the_largest_score(settings, parts):
    """Catches a value too large for float32 that is not scored."""
    scorer = fitted(parts, **settings)
    values = residuals(1, seed=2, parts=parts)
    for part in values.values():
        part[0, 4, 1] = -np.inf
    found = scores_of(scorer, values)
    assert found.is_scored.numpy().all()
    np.testing.assert_array_equal(
        np.isposinf(found.score[0]), np.arange(6) == 4
    )


def test_last_positions_take_one_step_of_each_window():
    """Catches steps that overlapping windows count many times."""
    scorer, train = make(), residuals(20)
    statistics = run_phase(scorer, train, "last", batch_size=7)
    assert statistics["forecast"].count == 20
    last = train["forecast"][:, -1].astype("float64")
    np.testing.assert_allclose(scorer.median[0], np.median(last, axis=0))
    parts = {name: tf.constant(each) for name, each in train.items()}
    alone = scorer(parts, positions="last")["time"]
    assert alone.score.shape == (20, 1)
    expected = scorer(parts)["time"]
    np.testing.assert_array_equal(alone.score[:, 0], expected.score[:, -1])
    with pytest.raises(ValueError, match="positions='first'"):
        scorer(parts, positions="first")


@pytest.mark.parametrize("parts", [ONE, TWO], ids=["one", "two"])
def test_a_phase_run_twice_gives_the_same_weights(parts):
    """Catches a pass that adds to the state of the one before."""
    train = residuals(50, parts=parts, missing=0.1)
    scorer = make(parts)
    run_phase(scorer, train)
    first = scorer.get_weights()
    run_phase(scorer, train, batch_size=7)
    for old, new in zip(first, scorer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@hypothesis.settings(max_examples=30, deadline=None, derandomize=True)
@hypothesis.given(st.lists(st.integers(0, 30), max_size=4), st.randoms())
def test_any_split_merged_is_one_pass(cuts, random):
    """Catches a merge that depends on how workers shared the windows."""
    train = residuals(30, parts=TWO, missing=0.2)
    scorer, weights = make(TWO), []
    for edges in ([0, 30], [0, *sorted(cuts), 30]):
        for number in range(scorer.num_passes):
            empty = scorer.empty_statistics(number)
            shares = [
                scorer.update(
                    empty, {k: v[begin:end] for k, v in train.items()}, "all"
                )
                for begin, end in zip(edges, edges[1:], strict=False)
            ]
            # As workers send them to one another.
            shares = [unflatten(empty, flatten(share)) for share in shares]
            random.shuffle(shares)
            scorer.finalize(functools.reduce(scorer.merge, shares))
        weights.append(scorer.get_weights())
    for one, other in zip(*weights, strict=True):
        assert np.isfinite(one).all()
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("parts", [ONE, TWO], ids=["one", "two"])
def test_reset_scores_nothing(parts):
    """Catches scores from statistics of an older network."""
    old, new = fitted(parts), make(parts)
    old.reset()
    for scorer in (old, new):
        found = scores_of(scorer, residuals(2, parts=parts))
        assert not found.is_scored.numpy().any()
        assert np.isnan(found.score).all()


def test_smoothing_follows_the_settings():
    """Catches a span or a kind that is not the one asked for."""
    assert make(smoothing="none").smoothing is None
    assert make(smoothing_span=1).smoothing is None
    assert isinstance(make().smoothing, ExponentialMean)
    assert isinstance(make(smoothing="centred").smoothing, CentredMean)
    short = ScaledResidualSettings(smoothing_span=5).num_warm_up_steps()
    assert 0 < short < ScaledResidualSettings().num_warm_up_steps()
    for settings in ({"smoothing": "none"}, {"smoothing": "centred"}):
        assert ScaledResidualSettings(**settings).num_warm_up_steps() == 0


@pytest.mark.parametrize(
    "settings", [{"combination": "mean"}, {"smoothing": "median"}]
)
def test_settings_are_checked(settings):
    """Catches a misspelled choice taken for the default."""
    with pytest.raises(ValueError, match="|".join(settings.values())):
        make(**settings)


@pytest.mark.parametrize("parts", [ONE, TWO], ids=["one", "two"])
def test_config_and_weights_round_trip(parts):
    """Catches a setting lost on reload, and statistics that are no weights."""
    scorer = fitted(parts, combination="top_k", top_k=2, smoothing_span=7)
    again = ScaledResidual.from_config(scorer.get_config())
    assert again.get_config() == scorer.get_config()
    again.set_weights(scorer.get_weights())
    values = residuals(3, seed=4, parts=parts)
    for one, other in zip(
        scores_of(again, values), scores_of(scorer, values), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    assert not scorer.trainable_weights
    assert {variable.dtype for variable in scorer.weights} == {"float64"}
    assert isinstance(again, keras.layers.Layer)


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("settings", COMBINATIONS, ids=str)
def test_compiled_equals_eager(settings, jit):
    """Catches an operation that one of the drivers cannot compile."""
    scorer = fitted(TWO, **settings)
    values = residuals(5, seed=3, parts=TWO, missing=0.3)
    score = tf.function(lambda x: scorer(x)["time"], jit_compile=jit)
    found = score({k: tf.constant(v) for k, v in values.items()})
    for old, new in zip(scores_of(scorer, values), found, strict=True):
        np.testing.assert_allclose(new, old, rtol=1e-9, atol=1e-9)


def test_an_infinite_column_keeps_its_contribution():
    """Catches infinity over infinity, which names no column."""
    generator = np.random.default_rng(1)
    scorer = ScaledResidual({}, 6, 3, ("a", "b"))
    parts = {name: generator.normal(size=(20, 6, 3)) for name in "ab"}
    for number in range(2):
        empty = scorer.empty_statistics(number)
        scorer.finalize(scorer.update(empty, parts, "all"))
    parts["a"][0, 0, 1] = np.inf
    contribution = scorer(parts)["time"].contribution[0, 0].numpy()
    assert np.isposinf(contribution[1])
    assert np.isfinite(contribution[[0, 2]]).all()


def test_parts_are_smoothed_before_they_are_put_together():
    """Catches a mean of logarithms in place of the logarithm of a mean."""
    scorer = fitted(TWO, smoothing="exponential", smoothing_span=4)
    values = residuals(1, seed=3, parts=TWO)
    terms = scorer(values)
    whole = smoothed_whole(scorer.smoothing, terms)
    found = scorer.combine(whole)["time"].score.numpy()[0]
    rows = terms["time"].contribution.numpy()[0]
    means = pd.DataFrame(rows).ewm(span=4, adjust=True).mean().to_numpy()
    totals = [each.sum(axis=1) for each in np.split(means, 2, axis=1)]
    usual = scorer.total_spread.numpy()
    expected = np.log1p(totals[0] / usual[0]) + np.log1p(totals[1] / usual[1])
    np.testing.assert_allclose(found, expected, rtol=1e-9)
