"""The preset lstm_ad, by the flags of the system that it reproduces."""

import json

import numpy as np
from task_runs import train

from inference.scoring import LoadedDetector
from trainer.command_line import parse


def test_flags_of_the_reference_system():
    """Catches a flag that is read as another one, or as nothing."""
    words = (
        "--preset=lstm_ad --context-length 50 --prediction-length 20 "
        "--sequence-stride 5 --num-layers 3 --hidden-size 128 --dropout 0.5 "
        "--lr 0.0004 --batch-size 64 --epochs 7"
    )
    config = parse(words.split())
    assert config.network.context_length == 50
    assert config.network.horizon == config.network.stride == 20
    assert config.network.widths == (128, 128, 128)
    assert config.network.dropout == 0.5
    run = config.run
    assert (run.stride, run.batch_size, run.epochs) == (5, 64, 7)
    assert run.learning_rate == 0.0004
    usual = parse(["--preset=lstm_ad"])
    assert usual.network.widths == (64, 64)
    assert (usual.network.context_length, usual.network.horizon) == (100, 10)
    assert (usual.run.stride, usual.run.epochs, usual.run.seed) == (10, 100, 42)


def test_from_data_to_scores(long_data_set, tmp_path):
    """Catches parts that do not fit together, in any phase."""
    flags = (
        "--preset=lstm_ad --context-length=12 --prediction-length=4 "
        "--sequence-stride=4 --hidden-size=16 --lr=0.01 --epochs=25 "
        "--driver=graph --tensorboard=false --error=compat"
    )
    assert train(long_data_set, tmp_path, *flags.split()) == 0
    learned = json.loads((tmp_path / "metrics.json").read_text())
    first = learned["reconstruction"]
    # Every fourth row of 400 begins a window of 16.
    assert first["train_windows"] == 97
    # The sines have a variance of 1 in scaled units.
    assert first["val_loss"] < 0.5
    assert learned["tune_anomaly_thresholds"]["time_rule"] == "f_beta"
    detector = LoadedDetector(str(tmp_path / "model"))
    assert detector.num_steps_needed == 13
    values = np.zeros((60, 4), "f4")
    values[30] = 9.0
    scores = detector.score_series(values)
    assert scores.is_anomaly[30]
    assert scores.score[~np.isnan(scores.score)].argmax() == 30 - 12
    assert np.isfinite(scores.forecast[12:]).all()
