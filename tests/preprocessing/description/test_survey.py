import dataclasses
import weakref

import numpy as np
import pytest
from described_data import clean_runs, run_of, schema_of, survey_of
from scipy.stats import ks_2samp

from preprocessing.description import survey
from trainer.runs import Run
from trainer.schema import SPLITS
from trainer.statistics.columns import ColumnStatistics


def test_statistics_in_batches_equal_one_pass(monkeypatch):
    """Catches rows lost at the edges of batches, runs and series."""
    monkeypatch.setattr(survey, "BATCH_ROWS", 7)
    runs = clean_runs(100)
    runs["train"] = [
        run_of(np.random.default_rng(n).normal(size=(size, 2)), name, n)
        for n, (name, size) in enumerate(
            [("a", 3), ("a", 23), ("b", 1), ("c", 14)]
        )
    ]
    found = survey_of(schema_of(2), runs)
    for name in SPLITS:
        whole = ColumnStatistics.from_batch(
            np.concatenate([run.values for run in runs[name]])
        )
        for field in dataclasses.fields(whole):
            np.testing.assert_allclose(
                getattr(found.splits[name].statistics, field.name),
                getattr(whole, field.name),
                rtol=1e-10,
                err_msg=field.name,
            )
    assert found.splits["train"].num_series == 3
    assert found.splits["train"].num_rows == 41
    assert list(found.parts_of("b")) == ["train"]
    assert found.series["a"].count[0] == 26 + 4 * 100


def test_drift_is_exact_where_the_sample_is_all(monkeypatch):
    """Catches train compared with itself, or columns mixed up."""
    runs = clean_runs(300)
    runs["test"][0].values[:, 1] += 0.4
    found = survey_of(schema_of(2), runs)
    assert found.splits["train"].drift is None
    for name in SPLITS[1:]:
        for column in range(2):
            expected = ks_2samp(
                runs["train"][0].values[:, column],
                runs[name][0].values[:, column],
            ).statistic
            drift = found.splits[name].drift
            assert drift.distance[column] == pytest.approx(expected)
    assert found.splits["test"].drift.distance[1] > 0.3


def test_one_split_is_held_at_a_time():
    """Catches a split still in memory while the next one is read."""

    class Runs(list):
        pass

    held = []

    def read(split):
        assert not [each for each in held if each() is not None]
        found = Runs(clean_runs(50)[split])
        held.append(weakref.ref(found))
        return found

    survey.take_survey(schema_of(2), read)
    assert len(held) == len(SPLITS)


def test_empty_splits_and_columns_without_a_cell():
    """Catches a failure where there is nothing to compare."""
    values = np.array([[1.0, np.nan], [2.0, np.nan]])
    found = survey_of(schema_of(2), {"train": [run_of(values)]})
    assert found.splits["test"].num_rows == 0
    assert np.isnan(found.splits["test"].drift.distance).all()
    assert not found.splits["test"].drift.is_newly_moving.any()
    assert found.statistics.missing.tolist() == [0, 2]


def test_sequences_have_no_parts():
    """Catches thousands of sequences listed as series."""
    sequences = [
        Run(f"s{n}", 0, np.full((5, 1), n, "f4"), sequence_label=n % 2)
        for n in range(40)
    ]
    schema = schema_of(1, label_kind="sequence", sequence_length=5)
    found = survey_of(schema, {"train": sequences})
    train = found.splits["train"]
    assert (train.num_series, train.num_rows) == (40, 200)
    assert train.labels == (20, 20, 0)
    assert not found.series and not train.parts
    assert train.statistics.maximum[0] == 39
