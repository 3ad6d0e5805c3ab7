import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from evaluation.metrics.point import point_metrics


def draw(seed, rows=300):
    generator = np.random.default_rng(seed)
    labels = generator.choice((-1, 0, 1), rows, p=(0.1, 0.7, 0.2))
    # Rounded, so that ties occur.
    scores = np.round(generator.normal(size=rows) + (labels == 1), 1)
    return scores, scores >= 1.0, generator.random(rows) < 0.9, labels


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_scikit_learn(seed):
    """Catches swapped arguments and unknown rows counted as normal."""
    scores, is_anomaly, _, labels = draw(seed)
    result = point_metrics(scores, is_anomaly, labels)
    known = labels != -1
    truth = labels[known] == 1
    flags, known_scores = is_anomaly[known], scores[known]
    precision, recall, f1, _ = sklearn_metrics.precision_recall_fscore_support(
        truth, flags, average="binary"
    )
    assert result.precision == pytest.approx(precision)
    assert result.recall == pytest.approx(recall)
    assert result.f1 == pytest.approx(f1)
    assert result.auc_pr == pytest.approx(
        sklearn_metrics.average_precision_score(truth, known_scores)
    )
    assert result.auc_roc == pytest.approx(
        sklearn_metrics.roc_auc_score(truth, known_scores)
    )
    assert result.num_rows == result.num_scored == known.sum()
    assert result.num_flagged == flags.sum()
    assert result.flagged_share == pytest.approx(flags.mean())


@pytest.mark.parametrize("seed", range(5))
def test_unscored_rows_are_missed_not_normal(seed):
    """Catches unscored anomalies that leave the recall's denominator."""
    scores, is_anomaly, is_scored, labels = draw(seed)
    scores[~is_scored] = np.nan
    result = point_metrics(scores, is_anomaly, labels)
    known, truth = labels != -1, labels == 1
    flags = is_anomaly & is_scored
    assert result.recall == pytest.approx(
        sklearn_metrics.recall_score(truth[known], flags[known])
    )
    rows = known & is_scored
    assert result.auc_pr == pytest.approx(
        sklearn_metrics.average_precision_score(truth[rows], scores[rows])
    )
    assert result.num_unscored == (known & ~is_scored).sum() > 0
    assert result.num_scored + result.num_unscored == result.num_rows
    assert result.num_anomalous == truth.sum()


def test_nan_score_is_not_scored():
    """Catches a NaN that is ranked, or flagged by a stale flag."""
    result = point_metrics([np.nan, 1.0], [True, True], [1, 1])
    assert result.num_unscored == 1
    assert result.recall == 0.5
    assert result.num_flagged == 1


def test_infinite_scores_rank_highest():
    """Catches an error, or an infinity that is thrown away."""
    scores = [np.inf, 0.0, 1.0, -np.inf]
    result = point_metrics(scores, [1, 0, 0, 0], [1, 0, 0, 0])
    assert result.auc_pr == result.auc_roc == 1.0
    assert result.f1 == 1.0


def test_no_anomalies_gives_nan():
    """Catches a recall of 0 or 1 where there is nothing to find."""
    result = point_metrics([1.0, 2.0], [True, False], [0, -1])
    figures = [result.precision, result.recall, result.f1]
    assert np.isnan([*figures, result.auc_pr, result.auc_roc]).all()
    assert result.num_flagged == 1


def test_nothing_flagged_gives_zero():
    """Catches a division by zero that turns into NaN."""
    result = point_metrics([1.0, 2.0], [False, False], [0, 1])
    assert (result.precision, result.recall, result.f1) == (0, 0, 0)
    assert result.auc_pr == 1.0


def test_nothing_scored():
    """Catches an average precision of an empty set."""
    result = point_metrics([np.nan], [True], [1])
    assert (result.recall, result.num_flagged) == (0.0, 0)
    assert np.isnan(result.auc_pr) and np.isnan(result.flagged_share)


def test_all_anomalous():
    """Catches an AUC-ROC of 1 or .5 where there is no normal row."""
    result = point_metrics([1.0, 2.0], [True, False], [1, 1])
    assert result.auc_pr == result.precision == 1.0
    assert np.isnan(result.auc_roc)


def test_empty_input():
    """Catches a failure where a split holds nothing."""
    result = point_metrics([], [], [])
    assert result.num_rows == 0 and np.isnan(result.f1)
