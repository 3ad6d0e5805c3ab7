import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from evaluation import curves
from evaluation.metrics.best_threshold import best_threshold
from evaluation.metrics.point import point_metrics

INFINITY = np.inf


def rows_of(seed, num_rows=200, num_levels=30):
    """Scores with ties, NaN and infinity, and labels of all three kinds."""
    generator = np.random.default_rng(seed)
    labels = generator.choice([0, 0, 0, 1, -1], num_rows)
    scores = generator.integers(0, num_levels, num_rows) / 8 + labels
    scores[generator.random(num_rows) < 0.1] = np.nan
    scores[generator.random(num_rows) < 0.02] = INFINITY
    return scores, labels


def area(curve):
    return float((np.diff(curve.recall) * curve.precision[1:]).sum())


@pytest.mark.parametrize("seed", range(20))
def test_area_is_the_average_precision(seed):
    """Catches curves of unknown rows, and steps on the wrong side."""
    scores, labels = rows_of(seed)
    is_used = (labels != -1) & ~np.isnan(scores)
    ranks = np.nan_to_num(scores[is_used], posinf=1e9)
    expected = average_precision_score(labels[is_used] == 1, ranks)
    curve = curves.precision_recall(scores, labels)
    share = (is_used & (labels == 1)).sum() / (labels == 1).sum()
    assert area(curve) == pytest.approx(expected * share)
    assert curve.recall[-1] == pytest.approx(share)


@pytest.mark.parametrize("seed", range(10))
def test_the_best_threshold_lies_on_the_curve(seed):
    """Catches recall that leaves out anomalies without a score."""
    scores, labels = rows_of(seed)
    best = best_threshold(scores, labels)
    curve = curves.precision_recall(scores, labels)
    points = np.stack(curve, axis=1)
    distance = np.abs(points - [best.recall, best.precision]).sum(axis=1)
    assert distance.min() < 1e-12


def test_a_long_curve_keeps_its_corners():
    """Catches every n-th point, which loses the rare high precisions."""
    generator = np.random.default_rng(0)
    labels = (generator.random(50_000) < 0.1).astype(int)
    scores = generator.normal(size=50_000) + labels
    # Only a few rows, but half of the height of the curve.
    scores[labels == 1] += 9.0 * (np.arange((labels == 1).sum()) < 20)
    full = curves.precision_recall(scores, labels, limit=100_000)
    cut = curves.precision_recall(scores, labels, limit=300)
    assert len(cut.recall) <= 300 < len(full.recall)
    assert cut.precision.max() == full.precision.max() == 1.0
    assert cut.precision.min() == full.precision.min()
    assert (cut.recall[0], cut.recall[-1]) == (0.0, 1.0)
    assert (np.diff(cut.recall) >= 0).all()
    assert area(cut) == pytest.approx(area(full), abs=0.01)


def test_a_constant_score_is_one_level():
    """Catches a curve that starts at a precision of 1 that nobody reaches."""
    curve = curves.precision_recall(np.ones(8), [1, 0, 0, 0] * 2)
    assert curve.recall.tolist() == [0.0, 1.0]
    assert curve.precision.tolist() == [0.25, 0.25]


@pytest.mark.parametrize(
    ("scores", "labels"),
    [
        ([], []),
        ([1.0], [0]),
        ([1.0, 2.0], [-1, -1]),
        ([np.nan, 2.0], [1, 0]),
    ],
)
def test_a_curve_that_is_not_defined_is_empty(scores, labels):
    """Catches a curve made up where no scored row is anomalous."""
    curve = curves.precision_recall(scores, labels)
    assert curve.recall.shape == curve.precision.shape == (0,)


def test_all_anomalous_and_one_row():
    """Catches a division by the number of normal rows."""
    for num_rows in (1, 5):
        curve = curves.precision_recall(np.arange(num_rows), [1] * num_rows)
        assert (curve.precision == 1).all() and curve.recall[-1] == 1


NUMBERS = st.sampled_from(
    [np.nan, -INFINITY, INFINITY, -4.0, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0, 1e300]
)
ROWS = st.lists(
    st.tuples(NUMBERS, NUMBERS, st.sampled_from([0, 1, -1])), max_size=30
)


@settings(deadline=None, max_examples=200)
@given(ROWS)
def test_sensitivity_equals_one_pass_for_each_factor(rows):
    """Catches ties, signs and infinities that the sweep counts otherwise."""
    scores, thresholds, labels = (
        np.array([row[column] for row in rows]) for column in range(3)
    )
    # Products with powers of two are exact.
    factors = np.array([0.25, 0.5, 1.0, 2.0, 4.0])
    result = curves.sensitivity(scores, thresholds, labels, factors)
    is_scored = ~np.isnan(scores)
    for position, factor in enumerate(factors):
        flags = scores >= factor * thresholds
        naive = point_metrics(scores, flags, labels)
        for name in ("precision", "recall", "f1"):
            np.testing.assert_allclose(
                getattr(result, name)[position], getattr(naive, name)
            )
        share = flags.sum() / is_scored.sum() if is_scored.any() else np.nan
        np.testing.assert_allclose(result.flagged_share[position], share)


def test_the_deployed_threshold_is_among_the_factors():
    """Catches a grid that misses 1 by rounding, so that no tie is flagged."""
    assert (curves.FACTORS == 1).sum() == 1
    assert (np.diff(curves.FACTORS) > 0).all()
    threshold = 0.1 + np.arange(50) / 7
    result = curves.sensitivity(threshold, threshold, np.ones(50, int))
    is_one = result.factor == 1
    assert result.recall[is_one] == 1 and result.flagged_share[is_one] == 1
    assert (result.recall[result.factor > 1] == 0).all()


def test_without_labels_only_the_flagged_share_is_left():
    """Catches a precision of 0 where there is nothing to find."""
    result = curves.sensitivity([1.0, 3.0], [2.0, 2.0], [-1, 0], [1.0])
    assert np.isnan([result.precision, result.recall, result.f1]).all()
    assert result.flagged_share == 0.5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: curves.precision_recall([1.0], [1], 4), "`limit`.*4"),
        (lambda: curves.precision_recall([1.0], [2]), "`labels`"),
        (lambda: curves.sensitivity([1.0], [1.0, 2.0], [1]), "`thresholds`"),
        (lambda: curves.sensitivity([1.0], [1.0], [1], [0.0]), "`factors`"),
        (
            lambda: curves.sensitivity([1.0], [1.0], [1], [np.nan]),
            "`factors`",
        ),
    ],
)
def test_bad_arguments_are_named(call, message):
    """Catches arguments that are repaired in silence."""
    with pytest.raises(ValueError, match=message):
        call()
