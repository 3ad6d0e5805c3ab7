"""Smoothing against pandas and loops."""

import hypothesis
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import strategies as st

from trainer.layers.smoothing import CentredMean, ExponentialMean

INFINITE_STEP = 30


def series_with_holes(num_series=3, num_steps=60, width=2, share=0.3):
    """Values and which steps are known; the others hold NaN."""
    generator = np.random.default_rng(1)
    values = generator.exponential(size=(num_series, num_steps, width))
    is_known = generator.random((num_series, num_steps)) >= share
    values[~is_known] = np.nan
    return values, is_known


def by_pandas(values, is_known, span):
    """Each column of each series by itself; the infinite held back."""
    expected = np.empty_like(values)
    for number, rows in enumerate(values):
        is_used = is_known[number] & np.isfinite(rows[:, 0])
        frame = pd.DataFrame(np.where(is_used[:, None], rows, np.nan))
        means = frame.ewm(span=span, adjust=True, ignore_na=False).mean()
        expected[number] = np.where(is_used[:, None], means, rows)
        expected[number, ~is_known[number]] = np.nan
    return expected


def by_loop(values, is_known, span):
    """Means of means, each step's neighbours picked one by one."""
    num_series, num_steps, width = values.shape
    is_used = is_known & np.isfinite(values[..., 0])
    before = span // 2
    means = values
    for _ in range(2):
        old, means = means, np.full(values.shape, np.nan)
        for series in range(num_series):
            for step in range(num_steps):
                near = [
                    old[series, other]
                    for other in range(step - before, step - before + span)
                    if 0 <= other < num_steps and is_used[series, other]
                ]
                if is_used[series, step]:
                    means[series, step] = np.mean(near, axis=0)
    is_infinite = is_known & ~is_used
    means[is_infinite] = values[is_infinite]
    return means


@pytest.mark.parametrize("span", [1, 1.5, 2, 20, 500])
def test_exponential_equals_pandas(span):
    """Catches weights not divided by their sum, or by age in known steps."""
    values, is_known = series_with_holes()
    found = ExponentialMean(span).whole(tf.constant(values), is_known)
    expected = by_pandas(values, is_known, span)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_array_equal(np.isnan(found[..., 0]), ~is_known)


@hypothesis.settings(max_examples=40, deadline=None, derandomize=True)
@hypothesis.given(
    st.sets(st.integers(1, 59), max_size=6), st.sampled_from([1, 3, 20])
)
def test_any_chunks_give_the_whole(cuts, span):
    """Catches state that forgets a step, its weight or its age."""
    values, is_known = series_with_holes()
    values[1, INFINITE_STEP], is_known[1, INFINITE_STEP] = np.inf, True
    smoothing = ExponentialMean(span)
    state = smoothing.initial_state(3, 2)
    parts = []
    edges = [0, *sorted(cuts), 60]
    for begin, end in zip(edges, edges[1:], strict=False):
        means, state = smoothing.step(
            tf.constant(values[:, begin:end]), is_known[:, begin:end], state
        )
        parts.append(means)
    whole = smoothing.whole(tf.constant(values), is_known)
    np.testing.assert_allclose(np.concatenate(parts, 1), whole, rtol=1e-12)


@pytest.mark.parametrize(
    "smoothing", [ExponentialMean(5), CentredMean(5)], ids=["past", "centred"]
)
def test_series_of_a_batch_are_independent(smoothing):
    """Catches sums that run on from one series to the next."""
    values, is_known = series_with_holes()
    together = smoothing.whole(tf.constant(values), is_known)
    for number in range(3):
        one = slice(number, number + 1)
        alone = smoothing.whole(tf.constant(values[one]), is_known[one])
        np.testing.assert_array_equal(alone, together[one])


@pytest.mark.parametrize(
    "smoothing", [ExponentialMean(5), CentredMean(5)], ids=["past", "centred"]
)
def test_one_step_is_its_own_mean(smoothing):
    """Catches a first step drawn towards 0, or an unknown one made 0."""
    values = tf.constant([[[3.0, 4.0]], [[3.0, 4.0]]], tf.float64)
    means = smoothing.whole(values, np.array([[True], [False]]))
    np.testing.assert_array_equal(means[0], values[0])
    assert np.isnan(means[1]).all()


@pytest.mark.parametrize(
    "smoothing", [ExponentialMean(1), CentredMean(1)], ids=["past", "centred"]
)
def test_span_of_one_changes_nothing(smoothing):
    """Catches a decay of 0 that never ends, or makes NaN of 0 ** 0."""
    values, is_known = series_with_holes()
    means = smoothing.whole(tf.constant(values), is_known)
    np.testing.assert_allclose(means, values, rtol=1e-15)


@pytest.mark.parametrize(
    ("smoothing", "naive"),
    [(ExponentialMean(9), by_pandas), (CentredMean(9), by_loop)],
    ids=["past", "centred"],
)
def test_infinite_value_stands_for_its_own_step(smoothing, naive):
    """Catches infinity that reaches its neighbours, or is lost itself."""
    values, is_known = series_with_holes(share=0.0)
    without = is_known.copy()
    without[0, INFINITE_STEP] = False
    values[0, INFINITE_STEP, 0] = np.inf
    found = smoothing.whole(tf.constant(values), is_known).numpy()
    np.testing.assert_array_equal(
        found[0, INFINITE_STEP], values[0, INFINITE_STEP]
    )
    np.testing.assert_allclose(found, naive(values, is_known, 9), rtol=1e-12)
    forgotten = smoothing.whole(tf.constant(values), without).numpy()
    np.testing.assert_array_equal(found[without], forgotten[without])


def test_long_series_stay_precise():
    """Catches sums that grow with time, or end before all steps that count."""
    generator = np.random.default_rng(2)
    values = generator.exponential(size=(1, 100_000, 1))
    values[0, :500] *= 1e9
    is_known = np.ones((1, 100_000), bool)
    is_known[0, 50_000:90_000] = False
    found = ExponentialMean(20).whole(tf.constant(values), is_known)
    expected = by_pandas(values, is_known, 20)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_warm_up_is_where_the_past_no_longer_counts():
    """Catches a warm-up in other steps than those of the mean."""
    smoothing = ExponentialMean(20)
    values = np.zeros((1, smoothing.warm_up_steps + 1, 1))
    values[0, 0] = 1.0
    known = np.ones(values.shape[:2], bool)
    last = smoothing.whole(tf.constant(values), known)[0, -1, 0]
    assert 0 < float(last) < np.exp(-10)
    assert CentredMean(20).warm_up_steps == 0


@pytest.mark.parametrize("span", [2, 3, 4, 7, 200])
@pytest.mark.parametrize("share", [0.0, 0.4])
def test_centred_equals_a_loop(span, share):
    """Catches a mean taken once, edges filled with 0, a shift by one."""
    values, is_known = series_with_holes(2, 25, share=share)
    found = CentredMean(span).whole(tf.constant(values), is_known)
    expected = by_loop(values, is_known, span)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_array_equal(np.isnan(found[..., 0]), ~is_known)


def test_centred_leaves_single_steps_to_the_whole():
    """Catches means of a chunk that were taken without what follows."""
    smoothing = CentredMean(5)
    values, is_known = series_with_holes()
    state = smoothing.initial_state(3, 2)
    means, after = smoothing.step(values, is_known, state)
    assert means is values and after == state == {}
    assert smoothing.is_offline and not ExponentialMean(5).is_offline


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize(
    "smoothing", [ExponentialMean(6), CentredMean(6)], ids=["past", "centred"]
)
def test_compiled_equals_eager(smoothing, jit):
    """Catches an operation that one of the drivers cannot compile."""
    values, is_known = series_with_holes()
    values[0, INFINITE_STEP], is_known[0, INFINITE_STEP] = np.inf, True
    expected = smoothing.whole(tf.constant(values), is_known)
    whole = tf.function(smoothing.whole, jit_compile=jit)
    found = whole(tf.constant(values), tf.constant(is_known))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(
    "smoothing", [ExponentialMean(6), CentredMean(6)], ids=["past", "centred"]
)
def test_one_graph_takes_any_length(smoothing):
    """Catches a length that must be known when the graph is made."""
    whole = tf.function(
        smoothing.whole,
        input_signature=[
            tf.TensorSpec([None, None, 2], tf.float64),
            tf.TensorSpec([None, None], tf.bool),
        ],
    )
    values, is_known = series_with_holes()
    for num_steps in (1, 5, 60):
        some = tf.constant(values[:, :num_steps]), is_known[:, :num_steps]
        expected = smoothing.whole(*some)
        np.testing.assert_allclose(whole(*some), expected, rtol=1e-12)


def test_no_steps():
    """Catches a stream with an empty chunk that fails."""
    smoothing = ExponentialMean(5)
    known = tf.ones((2, 3), bool)
    state = smoothing.initial_state(2, 1)
    _, state = smoothing.step(tf.ones((2, 3, 1), tf.float64), known, state)
    nothing = tf.ones((2, 0, 1), tf.float64)
    means, after = smoothing.step(nothing, known[:, :0], state)
    assert means.shape == (2, 0, 1)
    np.testing.assert_array_equal(after["total"], state["total"])


@pytest.mark.parametrize("delay", [1, 4, 100])
def test_a_value_that_lags_is_taken_from_later(delay):
    """Catches a shift to the wrong side, or of its neighbours too."""
    values, is_known = series_with_holes(width=3, share=0.0)
    found = CentredMean(5, (0, delay, 0)).whole(tf.constant(values), is_known)
    shifted = values.copy()
    steps = np.minimum(np.arange(values.shape[1]) + delay, values.shape[1] - 1)
    shifted[..., 1] = values[:, steps, 1]
    expected = by_loop(shifted, is_known, 5)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
