import numpy as np
import pytest
from fake_model import save_fake_model

from evaluation import scored_run, scored_runs
from evaluation.subjects import subject_of_sequences
from inference.scoring import LoadedDetector
from trainer.runs import Run


@pytest.fixture(scope="module")
def detector(tmp_path_factory):
    return LoadedDetector(
        save_fake_model(
            tmp_path_factory.mktemp("model"),
            label_kind="sequence",
            window_length=4,
            names=("a", "b"),
        )
    )


def sequences(labels, rows=4):
    generator = np.random.default_rng(0)
    return [
        Run(f"s{n}", 0, generator.normal(size=(rows, 2)), sequence_label=label)
        for n, label in enumerate(labels)
    ]


def test_each_sequence_keeps_its_own_scores(detector):
    """Catches scores shifted by a sequence that does not fit."""
    runs = sequences([0, 1, None, 0])
    runs[1] = runs[1]._replace(values=np.zeros((3, 2)))
    scored = scored_runs.score_runs(detector, runs)
    for run, result in zip(runs, scored, strict=True):
        assert len(result.views["time"].score) == len(run.values)
    assert not scored[1].views["time"].is_scored.any()
    for position in (0, 2, 3):
        expected = np.abs(runs[position].values).sum(axis=1)
        np.testing.assert_allclose(
            scored[position].views["time"].score, expected, rtol=1e-5
        )
    assert [run.sequence_label for run in scored] == [0, 1, -1, 0]


def test_mostly_unknown_sequences_are_samples_without_score(detector):
    """Catches a sequence judged by the few steps that are known."""
    runs = sequences([1, 1, 1])
    runs[0].values[1:] = np.nan
    runs[1].values[2:] = np.nan
    for view in ("time", "feature"):
        scored = scored_runs.score_runs(detector, runs)
        judged = subject_of_sequences(scored).judged[view]
        is_scored = ~np.isnan(judged.scores)
        np.testing.assert_array_equal(is_scored, [False, True, True])
        assert not judged.is_anomaly[0]


def test_joined_sequences_are_parted(detector):
    """Catches a line from one sequence to the next, labels that slip."""
    runs = scored_runs.score_runs(detector, sequences([1, 0, 1, 0, 0, 1]))
    joined = scored_run.joined_sequences(runs, 2)
    assert joined.values.shape == (20, 2)
    is_gap = np.arange(20) % 5 == 4
    np.testing.assert_array_equal(np.isnan(joined.values[:, 0]), is_gap)
    np.testing.assert_array_equal(joined.values[0:4], runs[1].values)
    np.testing.assert_array_equal(joined.values[10:14], runs[0].values)
    np.testing.assert_array_equal(joined.labels, [0] * 10 + [1] * 10)
    for scores in joined.views.values():
        assert np.isnan(scores.score[is_gap]).all()
        assert not scores.is_anomaly[is_gap].any()


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ([0, 0, 0, 1, 1], "2 normal sequences, then 2 anomalous ones"),
        ([1, 1], "2 anomalous sequences"),
        ([-1, -1, -1], "2 unlabelled sequences"),
        ([-1, 0, None, 1], "1 normal sequence, then 1 anomalous one, then 2 "
                           "unlabelled ones"),
    ],
)  # fmt: skip
def test_unlabelled_sequences_are_not_normal(detector, labels, text):
    """Catches sequences that nobody labelled, called normal."""
    runs = scored_runs.score_runs(detector, sequences(labels))
    joined = scored_run.joined_sequences(runs, 2)
    assert joined.series_id == text
    num_chosen = sum(min(labels.count(each), 2) for each in (0, 1))
    assert (joined.labels != -1).sum() == 5 * num_chosen


def test_runs_of_a_series_are_joined(detector):
    """Catches rows, times or scores that stay behind."""
    first, second = scored_runs.score_runs(detector, sequences([0, 1]))
    first = first._replace(timestamps=np.arange(4))
    second = second._replace(timestamps=np.arange(10, 14), start=4)
    joined = scored_run.joined_runs([first, second])
    np.testing.assert_array_equal(joined.labels, [0] * 4 + [1] * 4)
    np.testing.assert_array_equal(joined.timestamps[[3, 4]], [3, 10])
    np.testing.assert_array_equal(joined.values[4:], second.values)
    score = joined.views["feature"].score
    np.testing.assert_array_equal(score[4:], second.views["feature"].score)
    assert joined.start == 0
    assert scored_run.joined_runs([first]) is first
