"""The preset telemanom, from data to flags that follow the series."""

import json

import numpy as np
import pytest
from task_runs import train

from inference.scoring import LoadedDetector
from trainer.command_line import parse
from trainer.thresholds.dynamic import Dynamic, DynamicSettings


def test_settings_of_the_reference_system():
    """Catches a default that is not the program's."""
    config = parse(["--preset=telemanom"])
    network = config.network
    assert network.widths == (80, 80)
    assert (network.context_length, network.horizon, network.stride) == (
        250,
        10,
        1,
    )
    rule = config.label_free_threshold_rule
    assert rule == DynamicSettings(70, 30, 100, 0.13, 0.05)
    assert config.scorer.smoothing_span == 105
    run = config.run
    assert (run.batch_size, run.epochs, run.patience) == (64, 35, 10)
    other = parse(
        "--preset=telemanom --l_s=100 --n_predictions=5 --layers=20,10 "
        "--lstm_batch_size=8 --window_size=10 --error_buffer=20 --p=0.2 "
        "--smoothing_perc=0.1".split()
    )
    assert other.network.widths == (20, 10)
    assert other.run.batch_size == 8
    assert other.label_free_threshold_rule == DynamicSettings(70, 10, 20, 0.2)


@pytest.fixture(scope="module")
def output(long_data_set, tmp_path_factory):
    folder = tmp_path_factory.mktemp("telemanom")
    flags = (
        "--preset=telemanom --context_length=20 --horizon=4 --layers=8 "
        "--smoothing_span=5 --steps_a_batch=20 --batches_a_history=10 "
        "--buffer_steps=10 --learning_rate=0.01 --epochs=10 --driver=graph "
        "--tensorboard=false --scored_columns=sensor_0 "
        "--covariate_columns=sensor_1,sensor_2,sensor_3"
    )
    assert train(long_data_set, folder, *flags.split()) == 0
    return folder


def test_flags_follow_the_series(output):
    """Catches flags of the number that is stored, and rows left out."""
    detector = LoadedDetector(str(output / "model"))
    assert detector.calibration["rule"] == "dynamic"
    rng = np.random.default_rng(0)
    values = np.sin(np.arange(400.0)[:, None] / [1.1, 1.6, 2.1, 2.5])
    values = (values + 0.1 * rng.normal(size=values.shape)).astype("f4")
    values[300:310, 0] += 6
    found = detector.score_series(values)
    # A context, and what a mean over a twentieth of the history needs.
    np.testing.assert_array_equal(found.is_scored, np.arange(400) >= 20 + 9)
    assert found.is_anomaly[300:310].any()
    assert not found.is_anomaly[50:250].any()
    rule = Dynamic(DynamicSettings(20, 10, 10, smallest_score=0.05))
    chunk = detector._signatures["score_chunk"]
    scores = chunk(values=values, **detector.start())["time_score"]
    judged = rule.judge(scores.numpy())
    np.testing.assert_array_equal(found.is_anomaly, judged.is_anomaly)
    np.testing.assert_array_equal(found.threshold, judged.upper_epsilon)
    assert len(np.unique(found.threshold[29:])) > 1
    # Of the telemetry alone, whatever the commands are.
    assert found.contribution.shape == (400, 1)


def test_only_whole_series_are_judged(output):
    """Catches thresholds that begin anew with each piece."""
    detector = LoadedDetector(str(output / "model"))
    assert detector.is_offline
    values = np.zeros((60, 4), "f4")
    _, state = detector.score_rows(values, detector.start())
    with pytest.raises(ValueError, match="whole series alone"):
        detector.score_rows(values, state)


def test_alarms_are_those_that_are_flagged(output):
    """Catches rates of the stored number, which nobody is alarmed by."""
    numbers = json.loads((output / "metrics.json").read_text())
    tuned = numbers["tune_anomaly_thresholds"]
    assert tuned["time_rule"] == "dynamic"
    assert tuned["time_lowest"] <= tuned["time_threshold"]
    # The event of the tuning split, and nothing else.
    assert tuned["time_alarms_on_tuning"] == 1
    assert tuned["time_alarms"] == 0


def test_scores_below_zero_are_refused(long_data_set, tmp_path, capsys):
    """Catches a choice that fails only when training is done."""
    flags = "--preset=lstm_ad --label_free_threshold_rule=dynamic"
    assert train(long_data_set, tmp_path, *flags.split()) == 2
    assert "takes no scores below 0" in capsys.readouterr().err
    assert not (tmp_path / "checkpoints").exists()


def test_short_sequences_are_refused(sequence_data_set, tmp_path, capsys):
    """Catches a history of one sequence."""
    flags = (
        "--preset=telemanom --context_length=6 --horizon=2 --layers=4 "
        "--max_steps=2 --batch_size=8 --driver=graph --tensorboard=false"
    )
    assert train(sequence_data_set, tmp_path, *flags.split()) == 2
    assert "follows the scores of a long series" in capsys.readouterr().err
