"""Every public format through the main job, with few steps of training."""

import json

import main_job
import numpy as np
import pytest
from public_data import public_data
from scored_files import read_scores

from evaluation import report
from inference import predict
from preprocessing import task as preprocessing_task
from trainer import task as trainer_task
from trainer.schema import Schema

# Folder, flags, one file to score, rows of it, features.
SETS = {
    "asd": ("asd", (), "asd/test/omi-1.npy", 4320, 19),
    "nasa-smap": (
        "nasa",
        ("--spacecraft=SMAP",),
        "nasa/test/P-1.npy",
        8505,
        25,
    ),
    "nab": ("nab", (), "nab/data/realTweets/Twitter_volume_GOOG.csv", 15842, 1),
    "skab": ("skab", (), "skab/data/valve1/0.csv", 1147, 8),
    "msft": (
        "msft",
        (),
        "msft/data/middle-tier-api-dependency-latency/outbound-01.csv",
        720,
        1,
    ),
    "ucr": (
        "ucr",
        (),
        "ucr/135_UCR_Anomaly_InternalBleeding16_1200_4187_4199.txt",
        7501,
        1,
    ),
}


@pytest.mark.parametrize("name", SETS)
def test_from_files_as_they_are_to_scores(tmp_path, name):
    """Catches a format that one of the three commands cannot take."""
    folder, flags, scored, num_rows, num_features = SETS[name]
    data, output = tmp_path / "data", tmp_path / "run"
    printed = main_job.succeed(
        preprocessing_task.main,
        f"--input={public_data(folder)}",
        f"--output={data}",
        *flags,
    ).printed
    assert printed.startswith("auto: ")
    schema = Schema.load(str(data))
    assert len(schema.features) == num_features
    assert schema.splits["test"].anomalous > 0
    main_job.succeed(
        trainer_task.main,
        f"--data_dir={data}",
        f"--output_dir={output}",
        "--window_length=12",
        "--max_steps=20",
        "--preset=talk_dense",
        "--encoder_units=8",
        "--decoder_units=8",
        *main_job.QUICK,
    )
    scores = tmp_path / "scores.csv"
    main_job.succeed(
        predict.main,
        f"--model={output}/model",
        f"--input={public_data(scored)}",
        f"--output={scores}",
    )
    table = read_scores(scores)
    assert len(table) == num_rows
    known = table["is_scored"].to_numpy() == 1
    # Missing cells and gaps leave some steps without a score.
    assert known.mean() > 0.9
    assert np.isfinite(table["score"].to_numpy()[known]).all()
    check_report(output, data, schema, name)


def check_report(output, data, schema, name):
    """Every set gets its report card, on the test part alone."""
    flags = [f"--model={output}/model", f"--data={data}"]
    if name == "asd":
        faults = public_data("asd", "interpretation_label")
        flags.append(f"--fault_labels={faults}")
    main_job.succeed(report.main, *flags)
    numbers = json.loads((output / "report" / "metrics.json").read_text())
    test = schema.splits["test"]
    for detector in numbers["detectors"].values():
        found = detector["overall"]
        assert found["num_rows"] == test.rows
        assert found["num_anomalous"] == test.anomalous
        assert len(detector["series"]) == test.series
        assert 0 < found["vus_pr"] <= 1 and 0 <= found["f1"] <= 1
        assert ("hit_rate_100" in found) == (name == "asd")
    # Every anomaly is found by flagging everything, at the price of this.
    always = numbers["detectors"]["all flagged"]
    assert always["overall"]["num_missed"] == 0
    share = test.anomalous / (test.anomalous + test.normal)
    assert always["pooled"]["precision"] == pytest.approx(share)
