import json

import pytest

from trainer.tuning_metric import TuningMetric


@pytest.fixture
def reported(tmp_path, monkeypatch):
    """What the service reads: (epoch, value) of each line."""
    path = tmp_path / "tuning" / "output.metrics"
    monkeypatch.setenv("CLOUD_ML_HP_METRIC_FILE", str(path))
    monkeypatch.setenv("CLOUD_ML_TRIAL_ID", "7")

    def read(name="val_loss"):
        if not path.exists():
            return []
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert {line["trial"] for line in lines} <= {"7"}
        return [(int(line["global_step"]), float(line[name])) for line in lines]

    return read


def end_epochs(metric, values, first=0, name="val_loss"):
    for position, value in enumerate(values):
        metric.on_epoch_end(first + position, {"loss": 9.0, name: value})


def test_best_so_far(reported):
    """The last epoch's value: the service takes it for the kept weights'."""
    end_epochs(TuningMetric("val_loss"), [0.5, 0.25, 0.75])
    assert reported() == [(1, 0.5), (2, 0.25), (3, 0.25)]


def test_name_of_the_metric(reported):
    """A tag that the tuning job does not wait for."""
    end_epochs(TuningMetric("loss"), [0.5], name="loss")
    assert reported("loss") == [(1, 0.5)]


@pytest.mark.parametrize("lost", [float("nan"), float("inf")])
def test_what_is_not_finite_is_not_best(reported, lost):
    """NaN, which compares as smaller than nothing, for the rest of a trial."""
    metric = TuningMetric("val_loss")
    end_epochs(metric, [lost])
    assert reported() == []
    end_epochs(metric, [0.5, lost, 0.25], first=1)
    assert reported() == [(2, 0.5), (3, 0.5), (4, 0.25)]


def test_resumed_on_another_machine(reported, tmp_path):
    """A worse value after a kill, or none where no epoch was left."""
    first = TuningMetric("val_loss")
    end_epochs(first, [0.25, 0.5])
    arrays, state = first.get_state()
    (tmp_path / "tuning" / "output.metrics").unlink()
    second = TuningMetric("val_loss")
    second.set_state(arrays, json.loads(json.dumps(state)))
    assert reported() == [(2, 0.25)]
    end_epochs(second, [0.75], first=2)
    assert reported() == [(2, 0.25), (3, 0.25)]


def test_resumed_before_the_first_epoch_ended(reported):
    """An infinite value reported as the trial's."""
    arrays, state = TuningMetric("val_loss").get_state()
    second = TuningMetric("val_loss")
    second.set_state(arrays, json.loads(json.dumps(state)))
    assert reported() == []
