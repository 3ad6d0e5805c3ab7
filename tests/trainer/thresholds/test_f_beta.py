"""The sweep against brute force and scikit-learn."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from sklearn.metrics import fbeta_score

from trainer.thresholds.constant import apply
from trainer.thresholds.f_beta import (
    FBeta,
    FBetaSettings,
    best_f_beta_threshold,
    f_beta_sweep,
)

# Few distinct values, so that ties within and across classes are common.
labelled_scores = st.lists(
    st.tuples(
        st.one_of(
            st.integers(-3, 12).map(float), st.floats(-1e6, 1e6, width=32)
        ),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=25,
).map(
    lambda pairs: (
        np.array([score for score, _ in pairs]),
        np.array([label for _, label in pairs], dtype=np.int8),
    )
)
betas = st.sampled_from([0.05, 0.5, 1.0, 2.0, 10.0])
quick = hypothesis.settings(max_examples=150, deadline=None, derandomize=True)


@quick
@hypothesis.given(labelled_scores, betas)
def test_best_equals_brute_force(data, beta):
    """Catches a lost cut, ties split apart, and a wrong end of the gap."""
    scores, labels = data
    cuts = np.append(np.unique(scores), np.inf)
    all_f = np.array(
        [
            fbeta_score(labels, scores >= cut, beta=beta, zero_division=0)
            for cut in cuts
        ]
    )
    threshold, best = best_f_beta_threshold(scores, labels, beta)
    assert best == pytest.approx(all_f.max(), rel=1e-12)
    # The same scores are flagged as by the lowest of the best cuts.
    lowest = cuts[np.flatnonzero(all_f >= all_f.max() - 1e-12)[0]]
    assert (apply(scores, threshold) == (scores >= lowest)).all()


@quick
@hypothesis.given(labelled_scores, betas)
def test_every_threshold_has_the_f_beta_that_is_given(data, beta):
    """Catches values shifted by one against their thresholds, and NaN."""
    scores, labels = data
    thresholds, f_beta = f_beta_sweep(scores, labels, beta)
    assert len(thresholds) == len(np.unique(scores)) + 1
    assert (np.diff(thresholds) > 0).all()
    expected = [
        fbeta_score(
            labels, apply(scores, threshold), beta=beta, zero_division=0
        )
        for threshold in thresholds
    ]
    np.testing.assert_allclose(f_beta, expected, rtol=1e-12)


@quick
@hypothesis.given(labelled_scores)
def test_raising_beta_never_lowers_recall(data):
    """Catches precision and recall swapped in the formula."""
    scores, labels = data
    found = [
        np.sum(
            apply(scores, best_f_beta_threshold(scores, labels, beta)[0])
            & (labels == 1)
        )
        for beta in (0.05, 0.3, 1.0, 2.0, 20.0)
    ]
    assert (np.diff(found) >= 0).all()


def test_the_cut_is_the_middle_of_the_gap():
    """Catches a threshold that touches the normal scores."""
    scores = np.array([0.5, 4.0, 60.0, 1.0, 80.0])
    labels = np.array([0, 0, 1, 0, 1], dtype=np.int8)
    assert FBeta(FBetaSettings()).fit(scores, labels) == 32.0


def test_neighbouring_floats_are_told_apart():
    """Catches a middle that rounds down onto the normal score."""
    scores = np.array([1.0, np.nextafter(1.0, 2.0)])
    threshold, best = best_f_beta_threshold(scores, np.array([0, 1]), 1.0)
    assert best == 1.0
    assert apply(scores, threshold).tolist() == [False, True]


def test_unknown_labels_and_scores_count_nowhere():
    """Catches -1 counted as a class, or as minus one anomaly."""
    scores = np.array([1.0, 2.0, 3.0, 4.0, np.nan, 2.5])
    labels = np.array([0, 1, 0, 1, 1, -1])
    for actual, expected in zip(
        f_beta_sweep(scores, labels, 1.0),
        f_beta_sweep(scores[:4], labels[:4], 1.0),
        strict=True,
    ):
        np.testing.assert_array_equal(actual, expected)


def test_degenerate_classes_give_zero():
    """Catches 0 / 0 = NaN, of which no maximum can be taken."""
    scores = np.array([1.0, 2.0])
    normal = f_beta_sweep(scores, np.array([0, 0]), 1.0)[1]
    anomalous = f_beta_sweep(scores, np.array([1, 1]), 1.0)[1]
    np.testing.assert_array_equal(normal, [0.0, 0.0, 0.0])
    np.testing.assert_allclose(anomalous, [1.0, 2 / 3, 0.0])


def test_one_class_is_an_error():
    """Catches a threshold tuned on nothing."""
    rule = FBeta(FBetaSettings())
    with pytest.raises(ValueError, match="2 normal, 0 anomalous"):
        rule.fit(np.array([1.0, 2.0, 3.0]), np.array([0, 0, -1]))
    with pytest.raises(ValueError, match="0 normal, 1 anomalous"):
        rule.fit(np.array([1.0, 2.0]), np.array([1, -1]))
    with pytest.raises(ValueError, match="at least one that is labelled"):
        f_beta_sweep(np.array([1.0]), np.array([-1]), 1.0)


def test_a_gap_up_to_infinity_is_cut_at_a_finite_number():
    """Catches an infinite threshold."""
    scores = np.array([1.0, 5.0, np.inf])
    threshold, best = best_f_beta_threshold(scores, np.array([0, 0, 1]), 1.0)
    assert 5.0 < threshold < np.inf
    assert best == 1.0
