import numpy as np
import pytest

from evaluation import baselines


@pytest.fixture
def labels():
    return np.random.default_rng(1).choice((-1, 0, 1), 4000, p=(0.1, 0.8, 0.1))


def test_random_score_meets_its_expectation(labels):
    """Catches a random score that sees the labels or flags too many."""
    is_scored = np.arange(4000) >= 400
    rows = is_scored & (labels != -1)
    num_flagged = 500
    result = baselines.random_score(is_scored, labels, num_flagged)
    prevalence = (labels[rows] == 1).mean()
    assert result.mean["precision"] == pytest.approx(prevalence, abs=0.02)
    found = num_flagged * prevalence / (labels == 1).sum()
    assert result.mean["recall"] == pytest.approx(found, abs=0.02)
    assert result.mean["auc_pr"] == pytest.approx(prevalence, abs=0.02)
    assert result.flagged_share == pytest.approx(num_flagged / rows.sum())
    assert result.num_unscored == ((labels != -1) & ~is_scored).sum()


def test_spread_is_that_of_drawing_without_replacement(labels):
    """Catches one seed used for all, or a spread of something else."""
    is_scored = np.ones(4000, bool)
    result = baselines.random_score(is_scored, labels, 500, range(60))
    rows = labels != -1
    num_rows, prevalence = rows.sum(), (labels[rows] == 1).mean()
    variance = prevalence * (1 - prevalence) / 500
    variance *= (num_rows - 500) / (num_rows - 1)
    deviation = result.standard_deviation["precision"]
    assert deviation == pytest.approx(np.sqrt(variance), rel=0.3)
    assert result.num_seeds == 60


def test_all_positive_has_prevalence_as_precision(labels):
    """Catches unknown rows that count as false alarms."""
    result = baselines.all_positive(labels)
    prevalence = (labels == 1).sum() / (labels != -1).sum()
    assert result.precision == pytest.approx(prevalence)
    assert result.auc_pr == pytest.approx(prevalence)
    assert result.recall == 1.0
    assert result.f1 == pytest.approx(2 * prevalence / (1 + prevalence))


def test_no_anomalies_is_not_a_failure():
    """Catches an error where there is nothing to find."""
    result = baselines.random_score(np.ones(5, bool), np.zeros(5), 2)
    assert np.isnan(result.mean["f1"])


def test_too_many_flags_are_refused():
    """Catches a share of all rows mistaken for one of the scored rows."""
    with pytest.raises(ValueError, match="num_flagged"):
        baselines.random_score(np.zeros(5, bool), np.zeros(5), 1)
