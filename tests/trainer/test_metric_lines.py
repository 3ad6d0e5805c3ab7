"""Lines of errors, against closed forms and another way through a network."""

import logging
import re

import numpy as np
import pytest
import tensorflow as tf

from trainer.config import load
from trainer.dataset import windows_of_runs
from trainer.detector import Detector, DetectorConfig
from trainer.metric_lines import MetricLines
from trainer.models import NETWORKS
from trainer.runs import Run

NUMBER = r"([0-9\.]+)"


class OfNumbers:
    """A detector whose residuals are the values themselves, two steps each."""

    def __init__(self):
        self.network = self

    def prepare(self, values):
        observed = tf.math.is_finite(values)
        return tf.where(observed, values, 0.0), observed

    def learn(self, inputs, seed=None):
        assert seed is None, "dropout"
        return {"a": inputs[:, -2:], "b": 2 * inputs[:, -1:]}


def windows_of(values, window_length=3, stride=3):
    run = Run("a", 0, np.asarray(values, "f4").reshape(-1, 1))
    return windows_of_runs([run], None, window_length, stride)


def told_by(lines, caplog, epoch=0):
    with caplog.at_level(logging.INFO, "trainer"):
        lines.on_epoch_end(epoch)
        lines.tell_last()
    return [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("trainer")
    ]


def lines_of(*windows):
    lines = MetricLines(*windows)
    lines.set_model(OfNumbers())
    return lines


def test_lines_as_they_are_searched_for(caplog):
    """Catches 1e-05, which a pattern of digits and points cuts after the 1."""
    train = windows_of([9, 3e-5, -1e-5, 9, np.nan, 2e-5])
    valid = windows_of([0, 1.25, 1000])
    told = told_by(lines_of(train, valid), caplog, epoch=11)
    # Of the last two steps, and twice the last one: 5 known cells.
    absolute = (3e-5 + 1e-5 + 2e-5 + 2e-5 + 4e-5) / 5
    assert told[0] == (
        f"epoch: 12 train_mse: 0.00000000 train_mae: {absolute:.8f} "
        f"valid_mse: {(1.25**2 + 5e6) / 3:.8f} valid_mae: {3001.25 / 3:.8f}"
    )
    rule, *lines, last = told[1:]
    assert set(rule) == {"-"} and last == rule
    assert lines == [
        "train:mse 0.00000000",
        f"train:mae {absolute:.8f}",
        f"valid:mse {(1.25**2 + 5e6) / 3:.8f}",
        f"valid:mae {3001.25 / 3:.8f}",
    ]
    log = "\n".join(told)
    for split in ("train", "valid"):
        for kind in ("mse", "mae"):
            (of_epoch,) = re.findall(f"{split}_{kind}: {NUMBER}", log)
            (at_end,) = re.findall(f"{split}:{kind} {NUMBER}", log)
            assert of_epoch == at_end and len(of_epoch.split(".")[1]) == 8


def test_without_other_windows(caplog):
    """Catches lines of a channel that was not given."""
    told = told_by(lines_of(windows_of([1, 2, 3])), caplog)
    assert not any("valid" in line for line in told)
    assert told[0] == "epoch: 1 train_mse: 16.33333333 train_mae: 3.66666667"


def test_nothing_observed(caplog):
    """Catches an error of 0 where nothing is known."""
    told = told_by(lines_of(windows_of([np.nan] * 3)), caplog)
    assert told[0] == "epoch: 1 train_mse: nan train_mae: nan"


@pytest.mark.parametrize("num_rows", [200, 2900])
def test_errors_are_those_of_all_forecasts(long_data_set, caplog, num_rows):
    """Catches dropout, raw units, a mean of means over uneven batches."""
    schema = long_data_set[1]
    settings = load(NETWORKS, "lstm_forecaster", "network").settings_class(
        units=(5,), context_length=6, horizon=4, dropout=0.9
    )
    config = DetectorConfig(
        network="lstm_forecaster",
        network_settings=vars(settings),
        scorer="gaussian_log_likelihood",
        scorer_settings={},
        window_length=10,
        seed=3,
    )
    detector = Detector(schema.to_json(), vars(config))
    values = np.random.default_rng(num_rows).normal(3, 2, (num_rows, 4))
    values[50:60] *= 100
    values[:7, 2] = np.nan
    windows = windows_of_runs([Run("a", 0, values.astype("f4"))], schema, 10)
    lines = MetricLines(windows)
    lines.set_model(detector)
    told = told_by(lines, caplog)[0]
    residuals = detector.residual_parts(windows.sample(len(windows)))
    known = residuals["forecast"].numpy().astype(np.float64)
    known = known[np.isfinite(known)]
    found = [float(text) for text in re.findall(f"m[sa]e: {NUMBER}", told)]
    expected = [np.square(known).mean(), np.abs(known).mean()]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
