import math

import numpy as np
import pytest
from sklearn import metrics

from evaluation.figures import Judged, sample_figures, series_figures
from evaluation.overall import COUNTS, overall

NAN = float("nan")
# Defined without any label.
WITHOUT_LABELS = {
    "flagged_share",
    "alarms_per_day",
    "alarms_per_1000_steps",
    *COUNTS,
}


def judged(scores, threshold=1.0):
    scores = np.asarray(scores, np.float64)
    return Judged(scores, scores >= threshold, np.full(len(scores), threshold))


def draw(seed, rows=400):
    generator = np.random.default_rng(seed)
    labels = np.zeros(rows, np.int8)
    for start in generator.integers(0, rows - 20, 4):
        labels[start : start + generator.integers(1, 20)] = 1
    scores = np.round(generator.normal(size=rows) + 2 * labels, 1)
    scores[generator.random(rows) < 0.05] = np.nan
    labels[generator.random(rows) < 0.05] = -1
    return judged(scores), labels


def test_perfect_detector():
    """Catches a figure under another's name, or turned upside down."""
    labels = np.zeros(300, np.int8)
    labels[100:110] = labels[200:201] = 1
    found = series_figures(judged(2.0 * labels), labels, 10, 86_400 / 300)
    best = {name: 1.0 for name in found if name.endswith(("f1", "f0.5"))}
    best |= {name: 1.0 for name in found if name.endswith("precision")}
    best |= {name: 1.0 for name in found if name.endswith("recall")}
    best |= {
        "auc_pr": 1.0,
        "auc_roc": 1.0,
        "pa_k_f1_area": 1.0,
        "oracle_gap": 0.0,
        "nab_standard": pytest.approx(100),
        "nab_reward_low_FP_rate": pytest.approx(100),
        "flagged_share": pytest.approx(11 / 300),
        "num_rows": 300,
        "num_anomalous": 11,
        "num_flagged": 11,
        "num_alarms": 2,
        "alarms_per_day": pytest.approx(2),
        "alarms_per_1000_steps": pytest.approx(2 / 0.3),
        "num_events": 2,
        "num_missed": 0,
        "delay_mean_steps": 0.0,
        "telemanom_true_positives": 2,
        "telemanom_compat_false_negatives": 0,
    }
    assert {name: found[name] for name in best} == best
    assert 0.5 < found["vus_pr"] <= 1.0 and 0.5 < found["vus_roc"] <= 1.0


@pytest.mark.parametrize("labels", [np.zeros(50), np.full(50, -1)])
def test_without_anomalies_nothing_is_claimed(labels):
    """Catches 0 or 1 where a figure is not defined, and lost alarms."""
    detector = judged(np.arange(50.0), 48)
    found = series_figures(detector, labels.astype(int), 10, 864.0)
    defined = {name for name, value in found.items() if not math.isnan(value)}
    assert defined == WITHOUT_LABELS
    assert found["flagged_share"] == 2 / 50
    assert found["num_alarms"] == 1
    assert found["alarms_per_day"] == pytest.approx(2)


def test_scores_that_are_not_there():
    """Catches rows without a score that pass for normal."""
    found = series_figures(judged([NAN] * 20), np.ones(20, int), 4)
    assert found["recall"] == found["event_recall"] == 0
    assert found["num_unscored"] == found["num_rows"] == 20
    assert found["num_missed"] == found["num_events"] == 1
    for name in ("flagged_share", "auc_pr", "vus_pr", "delay_mean_steps"):
        assert math.isnan(found[name])


@pytest.mark.parametrize("seed", range(4))
def test_sample_figures_are_those_of_scikit_learn(seed):
    """Catches unknown rows that count."""
    detector, labels = draw(seed)
    found = sample_figures(detector, labels)
    known = labels != -1
    rows = known & ~np.isnan(detector.scores)
    truth = labels[rows] == 1
    assert found["recall"] == pytest.approx(
        metrics.recall_score(labels[known] == 1, detector.is_anomaly[known])
    )
    assert found["auc_roc"] == pytest.approx(
        metrics.roc_auc_score(truth, detector.scores[rows])
    )
    assert found["oracle_gap"] == pytest.approx(
        found["oracle_f1"] - found["f1"]
    )


def test_without_a_threshold_only_ranks_are_judged():
    """Catches a recall of 0 where nobody chose a threshold."""
    labels = np.array([0, 1, 1, 0, 0])
    unknown = np.full(5, NAN)
    detector = Judged(2.0 * labels, unknown > 0, unknown)
    found = series_figures(detector, labels, 2)
    assert found["auc_pr"] == found["oracle_f1"] == 1
    assert found["num_anomalous"] == 2 and found["num_events"] == 1
    for name in ("recall", "f1", "num_flagged", "nab_standard", "num_missed"):
        assert math.isnan(found[name])
    assert math.isnan(overall([found])["telemanom_precision"])
    # Where nothing is scored no threshold is needed: all is missed.
    nothing = Judged(unknown, unknown > 0, unknown)
    assert series_figures(nothing, labels, 2)["recall"] == 0
