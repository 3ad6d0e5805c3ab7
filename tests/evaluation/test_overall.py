import math

import numpy as np
import pytest

from evaluation.figures import Judged, series_figures
from evaluation.overall import overall


def judged(scores):
    scores = np.asarray(scores, np.float64)
    return Judged(scores, scores >= 1, np.ones(len(scores)))


def test_many_series():
    """Catches means of counts, and figures that do not come from the sums."""
    detector = judged([0, 2, 0, 0, 0, 0, 0, 0, 0, 0])
    labels = np.array([0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    noisy = judged([2, 0, 2, 0, 2, 0, 0, 0, 0, 0])
    missed = np.roll(labels, 6)
    normal = np.zeros(10, int)
    series = [
        series_figures(detector, labels, 2),
        series_figures(noisy, missed, 2),
        series_figures(detector, normal, 2),
    ]
    together = overall(series)
    assert together["num_rows"] == 30
    assert together["num_flagged"] == together["num_alarms"] == 5
    # Not defined in the third: the mean of the two others.
    assert together["precision"] == (1 + 0) / 2
    # One event found, one missed, and false ranges: three and one.
    assert together["telemanom_precision"] == 1 / 5
    assert together["telemanom_recall"] == 1 / 2
    raw, null, perfect = (
        sum(each[f"nab_standard_{part}"] for each in series)
        for part in ("raw", "null", "perfect")
    )
    assert together["nab_standard"] == pytest.approx(
        100 * (raw - null) / (perfect - null)
    )
    assert math.isnan(together["alarms_per_day"])
