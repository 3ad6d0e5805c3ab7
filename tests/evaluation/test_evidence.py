"""What models tell of their thresholds and components, as tables and curves."""

from types import SimpleNamespace

import numpy as np

from evaluation.evidence import components, f_beta_curves, thresholds_table
from evaluation.models import Model

LEARNED = {
    "reconstruction": {
        "evidence": {
            "feature": {
                "explained_variance_ratio": [0.6, 0.3, 0.1],
                "cell_error": [1.0, 0.5, 0.7],
                "chosen": 1,
            }
        }
    },
    "tune_anomaly_thresholds": {
        "split": "tuning",
        "time_rule": "f_beta",
        "time_threshold": 2.5,
        "time_alarms_on_tuning": 4,
        "time_beta": 2.0,
        "time_recall": 0.75,
        "time_curve": {"threshold": [1.0, 2.5, 3.0], "f_beta": [0.2, 0.8, 0.4]},
        "time_alarms": 3,
        "time_alarms_per_day": 1.5,
        "time_alarms_per_day_interval": [0.31, 4.38],
        "feature_rule": "given",
        "feature_threshold": 7.0,
        "feature_alarms_on_tuning": 0,
    },
}


def model(name, learned, fusion="any"):
    views = ("time", "feature", "fused")
    told = SimpleNamespace(learned=learned, views=views, fusion=fusion)
    return Model(name, name, told)


def test_thresholds_of_all_views():
    """Catches numbers of another view, and a rate without its interval."""
    table = thresholds_table([model("m", LEARNED)])
    time, feature, fused = table.rows
    assert fused[:3] == ("fused view", "any of the views", "1")
    assert time[:5] == ("time view", "f_beta", "2.5", "tuning", "4")
    assert time[5] == "1.5 a day (0.31 to 4.38)"
    assert time[6] == "beta 2, recall 0.75"
    assert feature == ("feature view", "given", "7", "tuning", "0", "", "")


def test_models_that_tell_nothing():
    """Catches a report of an older model that fails."""
    older = model("older", {}, "none")
    assert thresholds_table([older]).rows == []
    assert f_beta_curves([older]) == {} == components([older])


def test_f_beta_curve_of_each_model():
    """Catches one model's curve under the name of another."""
    curves = f_beta_curves([model("a", LEARNED), model("b", {})])
    assert list(curves) == ["a, time view"]
    curve = curves["a, time view"]
    assert (curve.chosen, curve.beta) == (2.5, 2.0)
    np.testing.assert_array_equal(curve.f_beta, [0.2, 0.8, 0.4])


def test_components_begin_with_none():
    """Catches shares that are off by one component."""
    [(name, each)] = components([model("m", LEARNED)]).items()
    assert name == "feature view"
    np.testing.assert_allclose(each.explained_share, [0.0, 0.6, 0.9])
    np.testing.assert_array_equal(each.cell_error, [1.0, 0.5, 0.7])
    assert each.chosen == 1
