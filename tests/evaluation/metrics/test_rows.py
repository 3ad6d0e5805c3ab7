"""What all metrics are given, and the mean of precision and recall."""

import numpy as np
import pytest
from sklearn.metrics import fbeta_score, precision_score, recall_score

from evaluation.metrics.affiliation import affiliation_metrics
from evaluation.metrics.best_threshold import oracle_gap
from evaluation.metrics.detection_delay import detection_delay
from evaluation.metrics.event_wise import event_wise_metrics
from evaluation.metrics.nab import nab_score
from evaluation.metrics.overlap import overlap_counts
from evaluation.metrics.point import point_metrics
from evaluation.metrics.point_adjust import point_adjusted_metrics
from evaluation.metrics.range_based import range_based_metrics
from evaluation.metrics.rows import counted_flags, f_beta


def test_flags_without_a_score_do_not_count():
    """A flag on a row that nobody could score; the caller's array changed."""
    is_anomaly = np.array([True, True, False])
    scores = np.array([np.nan, np.inf, 1.0])
    is_flagged, labels = counted_flags(scores, is_anomaly, [0, 1, -1])
    assert is_flagged.tolist() == [False, True, False]
    assert labels.tolist() == [0, 1, -1]
    assert is_anomaly.tolist() == [True, True, False]


@pytest.mark.parametrize(
    "metrics",
    [
        affiliation_metrics,
        counted_flags,
        detection_delay,
        event_wise_metrics,
        nab_score,
        oracle_gap,
        overlap_counts,
        point_metrics,
        point_adjusted_metrics,
        range_based_metrics,
    ],
)
@pytest.mark.parametrize(
    "arguments, message",
    [
        (([1.0], [1, 0], [0, 1]), "one length.* Received: "),
        (([1.0, 2.0], [1, 0], [0]), "one length"),
        (([1.0, 1.0], [True], [0, 1]), "one length"),
        (([1.0], [True], [0, 1]), "one length"),
        (([[1.0]], [[1]], [[0]]), "flat"),
        (([1.0], [1], [2]), "0, 1 or -1"),
    ],
)
def test_wrong_rows(metrics, arguments, message):
    """Rows paired with labels of other rows, or labels of another meaning."""
    with pytest.raises(ValueError, match=message):
        metrics(*arguments)


@pytest.mark.parametrize("beta", [0.1, 0.5, 1.0, 2.0])
def test_f_beta_is_that_of_scikit_learn(beta):
    """Precision and recall that change places."""
    generator = np.random.default_rng(2)
    for _ in range(200):
        labels, flags = generator.random((2, 20)) < 0.3
        found = f_beta(
            precision_score(labels, flags, zero_division=0),
            recall_score(labels, flags, zero_division=0),
            beta,
        )
        expected = fbeta_score(labels, flags, beta=beta, zero_division=0)
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_not_defined_stays_so():
    """0 or 1 out of NaN."""
    assert np.isnan(f_beta(np.nan, 0.5))
    assert np.isnan(f_beta(0.5, np.nan))
    assert f_beta(0.0, 0.0) == 0.0


@pytest.mark.parametrize("beta", [0.0, -1.0, np.inf, np.nan])
def test_wrong_beta(beta):
    """A weight that makes a mean of something else."""
    with pytest.raises(ValueError, match="`beta`"):
        f_beta(0.5, 0.5, beta)
