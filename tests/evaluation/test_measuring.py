import dataclasses

import numpy as np
import pytest
from data_sets import feature_of
from fake_model import save_fake_model

from evaluation import splits
from evaluation.fault_labels import FaultLabel
from evaluation.measuring import measure
from evaluation.models import Model
from evaluation.splits import Data, calibration_runs, read_split
from inference.scoring import LoadedDetector
from trainer.runs import Run
from trainer.schema import SPLITS, Schema, Split

NAMES = ("a", "b", "c")


def schema_of(**rows):
    generator = np.random.default_rng(0)
    splits = {name: Split(rows=rows.get(name, 0)) for name in SPLITS}
    features = tuple(feature_of(n, generator.normal(size=99)) for n in NAMES)
    return Schema(features, splits)


def runs_of(name, lengths, start=0):
    generator = np.random.default_rng(len(name))
    runs = []
    for length in lengths:
        values = generator.normal(size=(length, 3)).astype("f4")
        labels = np.zeros(length, np.int8)
        labels[length // 2 : length // 2 + 3] = 1
        values[labels == 1, 0] += 20
        runs.append(Run(name, start, values, labels))
        start += length
    return runs


TEST = [*runs_of("x", [60, 80]), *runs_of("yy", [200])]


@pytest.fixture
def data(monkeypatch):
    """A data set that holds `TEST`, and something to calibrate on."""

    def read_runs(folder, schema, split, series=()):
        if split == "test":
            runs = TEST
        else:
            runs = runs_of(split, [300] if schema.splits[split].rows else [])
        return [run for run in runs if not series or run.series_id in series]

    monkeypatch.setattr(splits, "read_runs", read_runs)
    return Data("d", schema_of(train=300, tuning=300, test=340), "test", ())


@pytest.fixture(scope="module")
def detector(tmp_path_factory):
    return LoadedDetector(save_fake_model(tmp_path_factory.mktemp("model")))


def measured(detector, data, names=("m",), faults=None, processes=1):
    models = [Model(name, name, detector) for name in names]
    runs = read_split(data)
    return measure(models, data, runs, faults or {}, 10, processes)


def test_runs_of_a_series_are_measured_together(detector, data):
    """Catches a row for each stretch, and rows that are lost."""
    found = measured(detector, data)
    assert [each.name for each in found.subjects] == ["x", "yy"]
    x = found.rated[0].figures["time view"]
    assert x["num_rows"] == 140 and x["num_anomalous"] == 6
    assert x["num_events"] == 2
    # The first window of each stretch is not known.
    assert x["num_unscored"] == 4 + 4
    assert len(found.labels) == len(found.judged("time view").scores) == 340
    # As one heap: each row once.
    assert found.pooled["all flagged"]["precision"] == 9 / 340
    mean = found.overall["all flagged"]["precision"]
    assert mean == pytest.approx((6 / 140 + 3 / 200) / 2)
    assert [len(run.values) for run in found.scored] == [140, 200]


def test_baselines_stand_beside_the_models(detector, data):
    """Catches thresholds from the test, and a baseline that is lost."""
    found = measured(detector, data)
    random = [f"random score {seed}" for seed in range(5)]
    others = ["all flagged", "step difference", "standardised distance"]
    models = ["time view", "feature view"]
    assert list(found.overall) == [*models, *random, *others, "PCA error"]
    always = found.overall["all flagged"]
    assert (always["recall"], always["flagged_share"]) == (1, 1)
    # Two percent of the calibration's rows are labelled, and left out.
    distance = found.judged("standardised distance")
    assert len(set(distance.threshold)) == 1
    assert found.overall["standardised distance"]["recall"] == 1.0
    for name in random:
        assert found.overall[name]["flagged_share"] < 0.05


def test_models_keep_their_own_scores(detector, data, tmp_path):
    """Catches views of one model under the name of another."""
    higher = LoadedDetector(
        save_fake_model(tmp_path, thresholds={"time": 1e6, "feature": 1e6})
    )
    models = [Model("low", "", detector), Model("high", "", higher)]
    runs = read_split(data)
    found = measure(models, data, runs, {}, 10, 1)
    names = [f"{m}, {v} view" for m in ("low", "high") for v in detector.views]
    assert list(found.scored[0].views) == names
    assert list(found.overall)[:4] == names
    assert found.overall["low, time view"]["num_flagged"] > 0
    assert found.overall["high, time view"]["num_flagged"] == 0


def test_processes_change_nothing(detector, data, monkeypatch):
    """Catches results in the order in which processes are done."""
    one = measured(detector, data)
    monkeypatch.setattr("evaluation.rating._FEW_ROWS", 0)
    two = measured(detector, data, processes=2)
    # As text, in which NaN equals NaN.
    assert repr(one.overall) == repr(two.overall)
    for first, second in zip(one.rated, two.rated, strict=True):
        assert repr(first.figures) == repr(second.figures)


def test_faults_are_measured(detector, data):
    """Catches columns counted from 1, and rows of the wrong stretch."""
    faults = {"yy": [FaultLabel(100, 102, (0,))]}
    found = measured(detector, data, faults=faults)
    assert found.overall["time view"]["hit_rate_100"] == 1
    assert found.overall["time view"]["num_cases"] == 1
    assert found.num_unused_faults == 0
    wrong = [FaultLabel(100, 102, (1,)), FaultLabel(5, 9, (0,))]
    found = measured(detector, data, faults={"yy": wrong})
    assert found.overall["time view"]["hit_rate_100"] == 0
    assert found.num_unused_faults == 1


def test_sequences_are_one_sample_each(data, tmp_path, monkeypatch):
    """Catches steps counted where sequences are labelled."""
    generator = np.random.default_rng(2)
    values = generator.normal(scale=0.1, size=(40, 4, 3)).astype("f4")
    values[20:, 2:] += 9
    runs = [
        Run(f"s{n}", 0, values[n], sequence_label=int(n >= 20))
        for n in range(40)
    ]
    monkeypatch.setattr(splits, "read_runs", lambda *_: runs)
    schema = dataclasses.replace(
        data.schema, label_kind="sequence", sequence_length=4
    )
    detector = LoadedDetector(
        save_fake_model(tmp_path, label_kind="sequence", window_length=4)
    )
    found = measured(detector, data._replace(schema=schema))
    for name in ("time view", "standardised distance"):
        assert found.overall[name]["num_rows"] == 40
        assert found.overall[name]["auc_pr"] == 1.0
        assert found.overall[name]["recall"] == 1.0
    assert "vus_pr" not in found.overall["time view"]
    # One normal sequence of a hundred lies above the threshold, not one step.
    assert found.overall["random score 0"]["flagged_share"] < 0.25


def test_calibration_is_held_out(data, monkeypatch):
    """Catches thresholds of the test, or of train where more is there."""
    assert calibration_runs(data)[0] == "tuning"
    of_tuning = data._replace(split="tuning")
    assert calibration_runs(of_tuning)[0] == "train"


def test_nothing_to_calibrate_on(detector, data):
    """Catches thresholds of other series, and a recall of 0 without any."""
    one = data._replace(series=("x",))
    assert calibration_runs(one) == ("", [])
    found = measured(detector, one)
    assert found.calibration_split == ""
    distance = found.overall["standardised distance"]
    assert distance["auc_pr"] > 0.9
    assert np.isnan(distance["f1"]) and np.isnan(distance["flagged_share"])
    assert found.overall["all flagged"]["recall"] == 1


def test_a_split_that_is_not_there(data):
    """Catches advice by flags that do not exist, as --train_fraction."""
    with pytest.raises(ValueError, match="must hold rows.*train, t") as info:
        read_split(data, "validation")
    assert "_fraction" not in str(info.value)
    one = data._replace(series=("nobody",))
    with pytest.raises(ValueError, match="nobody. It holds x, yy"):
        read_split(one)
    with pytest.raises(ValueError, match="Received: nobody. It holds x, yy"):
        data.check_series(["x", "nobody"], TEST)
    data.check_series([], TEST)
