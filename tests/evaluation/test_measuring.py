import numpy as np
import pytest
from data_sets import feature_of
from fake_model import save_fake_model

from evaluation import measuring
from inference.scoring import LoadedDetector
from trainer import runs as stored_runs
from trainer.runs import Run
from trainer.schema import SPLITS, Schema, Split

NAMES = ("a", "b", "c")


@pytest.fixture(scope="module")
def of_all(tmp_path_factory):
    """A detector that learned from all series."""
    return LoadedDetector(save_fake_model(tmp_path_factory.mktemp("all")))


@pytest.fixture(scope="module")
def of_two(tmp_path_factory):
    """A detector that learned from two series, one of them not in `test`."""
    folder = tmp_path_factory.mktemp("two")
    return LoadedDetector(save_fake_model(folder, series=["y", "ended"]))


@pytest.fixture
def measured(monkeypatch):
    """Calls `measure` on a split of the series x, y and z."""
    runs = [
        Run(name, 0, np.zeros((rows, 3), "f4"), np.zeros(rows, np.int8))
        for name, rows in (("x", 10), ("y", 20), ("z", 40))
    ]

    def read_runs(data_dir, schema, split, series=()):
        if split != "test":
            return []
        return [run for run in runs if not series or run.series_id in series]

    monkeypatch.setattr(stored_runs, "read_runs", read_runs)
    values = np.array([0.0, 0.5, 2.0])
    schema = Schema(
        features=tuple(feature_of(name, values) for name in NAMES),
        splits={name: Split() for name in SPLITS} | {"test": Split(rows=70)},
    )

    def measure(detector, series=(), split="test"):
        return measuring.measure(detector, "data", schema, split, series)

    return measure


def num_rows(result):
    return result.figures.always.num_rows


def test_series_are_those_learned_from(measured, of_all, of_two):
    """Catches figures of series that the detector never saw."""
    assert num_rows(measured(of_all)) == 70
    result = measured(of_two)
    assert num_rows(result) == 20
    assert result.series == ("y", "ended")
    assert [run.series_id for run in result.shown] == ["y"]


def test_named_series_go_before(measured, of_two):
    """Catches a flag that adds to the trained series, or is ignored."""
    assert num_rows(measured(of_two, ("x", "z"))) == 50


def test_series_that_is_not_there(measured, of_all):
    """Catches figures without a series that was asked for."""
    with pytest.raises(ValueError, match="Received: nobody, which test"):
        measured(of_all, ("x", "nobody"))


def test_empty_split(measured, of_all, of_two):
    """Catches advice by flags that do not exist, as --train_fraction."""
    with pytest.raises(ValueError, match="must hold rows.*: test. ") as info:
        measured(of_all, split="train")
    assert "_fraction" not in str(info.value)
    with pytest.raises(ValueError, match="rows of the series y, ended"):
        measured(of_two, split="validation")
