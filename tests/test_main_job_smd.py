"""The main job on machine-2-1 of the server machine data set, few steps."""

import json

import main_job
import numpy as np
import pytest
from public_data import public_data
from scored_files import assert_figures_equal, read_scores

from trainer.config import PHASES
from trainer.schema import Schema

MACHINE = "machine-2-1"
WINDOW_LENGTH = 30
NUM_TRAIN, NUM_TEST, NUM_ANOMALOUS = 23_693, 23_694, 1_170
CONSTANT = [7, 26, 28, 36, 37]


@pytest.fixture(scope="module")
def folder():
    path = public_data("smd", "ServerMachineDataset", "test", f"{MACHINE}.txt")
    return path.parents[1]


@pytest.fixture(scope="module")
def job(folder, tmp_path_factory):
    return main_job.run_job(
        tmp_path_factory.mktemp("smd_job"),
        folder,
        f"--input={folder}",
        "--format=smd",
        f"--series={MACHINE}",
        training_flags=[
            f"--window_length={WINDOW_LENGTH}",
            "--max_steps=300",
            "--preset=talk_dense",
            "--encoder_units=16",
            "--decoder_units=16",
        ],
    )


@pytest.fixture(scope="module")
def labels(folder):
    text = (folder / "test_label" / f"{MACHINE}.txt").read_text()
    return np.array(text.split(), int)


def test_rows_and_labels_are_those_of_the_files(folder, job, labels):
    """Catches a lost last line, a cut test part, labels of another machine."""
    lines = (folder / "train" / f"{MACHINE}.txt").read_text().split()
    assert len(lines) == NUM_TRAIN
    assert len(labels) == NUM_TEST and labels.sum() == NUM_ANOMALOUS
    assert round(100 * labels.mean(), 2) == 4.94
    splits = Schema.load(str(job.data)).splits
    assert splits["test"].rows == NUM_TEST
    assert splits["test"].anomalous == NUM_ANOMALOUS
    assert splits["test"].normal == NUM_TEST - NUM_ANOMALOUS
    # Three gaps of a hundredth of the rows part what is cut from train.
    rows = [split.rows for name, split in splits.items() if name != "test"]
    assert sum(rows) == NUM_TRAIN - 3 * (NUM_TRAIN // 100)


def test_constant_columns_are_known(folder, job):
    """Catches columns counted from 1, and constants of the test part."""
    schema = Schema.load(str(job.data))
    assert len(schema.features) == 38
    constant = [
        position
        for position, feature in enumerate(schema.features)
        if feature.is_constant
    ]
    assert constant == CONSTANT
    values = np.loadtxt(folder / "train" / f"{MACHINE}.txt", delimiter=",")
    np.testing.assert_array_equal(
        np.flatnonzero(np.ptp(values, axis=0) == 0), CONSTANT
    )


def test_three_phases_learn(job):
    """Catches a loss that is not finite where columns are constant."""
    metrics = json.loads((job.output / "metrics.json").read_text())
    assert tuple(metrics) == PHASES
    assert 0 < metrics[PHASES[0]]["val_loss"] < np.inf
    # No label in train, so none in tuning.
    assert metrics[PHASES[2]]["time_rule"] == "quantile"
    assert 0 < metrics[PHASES[2]]["time_threshold"] < np.inf


def test_every_row_of_the_test_file_is_scored(folder, job, labels):
    """Catches a part file read unlike the data set, and figures of it."""
    path = folder / "test" / f"{MACHINE}.txt"
    scores = read_scores(job.predict(path, "scores"))
    assert scores["row"].tolist() == list(range(NUM_TEST))
    assert set(scores["series"]) == {MACHINE}
    score = scores["score"].to_numpy()
    assert np.isnan(score[: WINDOW_LENGTH - 1]).all()
    assert np.isfinite(score[WINDOW_LENGTH - 1 :]).all()
    report = job.output / "report"
    found = json.loads((report / "metrics.json").read_text())
    figures = {
        name: each["overall"] for name, each in found["detectors"].items()
    }
    assert_figures_equal(
        figures["time view"],
        score,
        scores["is_anomaly"].to_numpy() == 1,
        labels,
    )
    # Learned something: ranks anomalies above chance, beside the baselines.
    auc_pr = figures["time view"]["auc_pr"]
    for seed in range(5):
        assert auc_pr > figures[f"random score {seed}"]["auc_pr"]
    always = figures["all flagged"]["precision"]
    assert always == pytest.approx(labels.mean())
    assert (report / "report.html").stat().st_size > 1000
