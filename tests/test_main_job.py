"""The main job on the built-in data, from raw files to figures."""

import html.parser
import json

import main_job
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from scored_files import (
    assert_figures_equal,
    assert_same_scores,
    read_scores,
)

from trainer.config import PHASES
from trainer.schema import Schema

SENSORS = [f"sensor_{column}" for column in range(5)]
TEST_SEQUENCES = "labeled_test_mixed_seq"
WINDOW_LENGTH = 30
TEST_ROWS = 300


@pytest.fixture(scope="module")
def talk(tmp_path_factory):
    return main_job.talk_job(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    return main_job.long_job(tmp_path_factory.getbasetemp())


@pytest.fixture(params=["talk", "long"])
def job(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def test_sequences(talk):
    """Values `[sequence, time, feature]` and labels of the raw file."""
    lines = (talk.raw / f"{TEST_SEQUENCES}.csv").read_text().split()
    fields = [line.split(",") for line in lines]
    values = [[cell.split(";") for cell in row[:-1]] for row in fields]
    labels = np.array([int(row[-1]) for row in fields])
    return np.array(values, "f4").transpose(0, 2, 1), labels


def talk_scores(talk, view="time"):
    return read_scores(
        talk.predict(
            talk.raw / f"{TEST_SEQUENCES}.csv",
            f"scores_{view}",
            f"--view={view}",
        )
    )


def long_scores(long):
    return read_scores(long.predict(f"{long.raw}/*.csv", "scores"))


def raw_tables(folder):
    return [pd.read_csv(path) for path in sorted(folder.glob("*.csv"))]


def read_json(path):
    return json.loads(path.read_text())


def read_figures(job):
    """Detector to its figures."""
    return read_json(job.output / "report" / "metrics.json")["detectors"]


def test_every_file_is_there_and_parses(job):
    """Catches a file left out, half written, or of another run."""
    for name in (
        "model/saved_model.pb",
        "report/report.html",
        "report/report.md",
    ):
        assert (job.output / name).is_file()
    assert list((job.output / "checkpoints").glob("checkpoint-*.npz"))
    names = {path.name for path in job.output.rglob("*")}
    assert not any(name.startswith(".") or "writing" in name for name in names)
    metrics = read_json(job.output / "metrics.json")
    assert tuple(metrics) == PHASES
    assert metrics[PHASES[0]]["val_loss"] < 1.0
    assert metrics[PHASES[2]]["time_rule"] == "f_beta"
    schema = Schema.load(str(job.data))
    config = read_json(job.output / "config.json")
    assert config["schema_hash"] == schema.hash()
    assert config["settings"]["window_length"] == WINDOW_LENGTH
    assert f"--data_dir={job.data}" in config["command"]
    figures = read_figures(job)
    models = {name for name in figures if name.endswith("view")}
    assert models == {"time view", "feature view"}
    baselines = {"random score 4", "all flagged", "step difference"}
    assert baselines < set(figures)
    scores = {path.name for path in (job.output / "report/scores").iterdir()}
    assert scores == {"0-time_view.parquet", "1-feature_view.parquet"}
    shards = {name for s in schema.splits.values() for name in s.shards}
    written = {path.name for path in job.data.iterdir()}
    assert written == shards | {"schema.json"}


def test_no_row_of_the_input_is_lost(talk, long):
    """Catches rows or sequences that fall between two steps."""
    splits = Schema.load(str(talk.data)).splits
    assert {name: split.series for name, split in splits.items()} == {
        "train": 1800,
        "validation": 200,
        "statistics": 150,
        "tuning": 300,
        "test": 300,
    }
    assert splits["test"].anomalous == splits["tuning"].anomalous == 150
    metrics = read_json(talk.output / "metrics.json")
    assert metrics[PHASES[0]]["train_windows"] == 1800
    assert metrics[PHASES[1]]["time_rows"] == 150 * WINDOW_LENGTH
    assert metrics[PHASES[1]]["feature_rows"] == 150 * 5
    assert metrics[PHASES[2]]["windows"] == 300

    splits = Schema.load(str(long.data)).splits
    # Four gaps of 15 rows part the splits of each of the two series.
    assert sum(split.rows for split in splits.values()) == 2 * (1500 - 60)
    metrics = read_json(long.output / "metrics.json")
    for phase, name, split in (
        (PHASES[0], "train_windows", "train"),
        (PHASES[0], "validation_windows", "validation"),
        (PHASES[1], "time_rows", "statistics"),
        (PHASES[2], "windows", "tuning"),
    ):
        expected = splits[split].rows - 2 * (WINDOW_LENGTH - 1)
        assert metrics[phase][name] == expected


def test_one_result_row_for_each_input_row(talk, long, test_sequences):
    """Catches rows lost, repeated, or in another order."""
    scores = talk_scores(talk)
    values, _ = test_sequences
    names = [
        f"{TEST_SEQUENCES}-{number + 1:06d}" for number in range(len(values))
    ]
    assert scores["series"].tolist() == np.repeat(names, 30).tolist()
    assert scores["row"].tolist() == list(range(30)) * len(values)
    assert np.isfinite(scores["score"]).all() and scores["is_scored"].all()

    scores = long_scores(long)
    raw = pd.concat(raw_tables(long.raw), ignore_index=True)
    assert scores["series"].tolist() == raw["series"].tolist()
    assert scores["row"].tolist() == 2 * list(range(1500))
    is_first = scores["row"] < WINDOW_LENGTH - 1
    np.testing.assert_array_equal(scores["is_scored"] == 1, ~is_first)
    np.testing.assert_array_equal(np.isfinite(scores["score"]), ~is_first)
    np.testing.assert_array_equal(scores["is_anomaly"].isna(), is_first)
    is_flagged = scores["score"] >= scores["threshold"]
    np.testing.assert_array_equal(scores["is_anomaly"] == 1, is_flagged)


@pytest.mark.parametrize("view", ["time", "feature"])
def test_figures_of_sequences(talk, test_sequences, view):
    """Catches figures of steps, of another view or another split."""
    scores = talk_scores(talk, view)
    _, labels = test_sequences
    groups = scores.groupby("series", sort=False)
    assert_figures_equal(
        read_figures(talk)[f"{view} view"]["overall"],
        groups["score"].max().to_numpy(),
        groups["is_anomaly"].max().to_numpy() == 1,
        labels,
    )


def test_figures_of_long_series(long, tmp_path):
    """Catches flags that differ from predict's, or labels that shifted."""
    tables = [table.tail(TEST_ROWS) for table in raw_tables(long.raw)]
    for number, table in enumerate(tables):
        table.to_csv(tmp_path / f"part_{number}.csv", index=False)
    part = read_scores(long.predict(f"{tmp_path}/*.csv", "test_part"))
    labels = pd.concat(tables)["label"].to_numpy()
    figures = read_figures(long)
    assert_figures_equal(
        figures["time view"]["pooled"],
        part["score"].to_numpy(),
        part["is_anomaly"].to_numpy() == 1,
        labels,
    )
    always = figures["all flagged"]["pooled"]["precision"]
    assert always == pytest.approx(labels.mean())
    # The same windows, seen as the end of the whole series.
    whole = long_scores(long).groupby("series").tail(TEST_ROWS)
    known = part["is_scored"].to_numpy() == 1
    assert_same_scores(
        part["score"][known],
        whole["score"].to_numpy()[known],
        part["threshold"].iloc[0],
    )


class _References(html.parser.HTMLParser):
    """Collects what a browser would fetch, and the table's cells."""

    def __init__(self):
        super().__init__()
        self.fetched, self.styles, self.cells = [], [], []
        self._tag = ""

    def handle_starttag(self, tag, attributes):
        self._tag = tag
        for name, value in attributes:
            fetching = ("src", "href", "srcset", "data", "action", "poster")
            if name in fetching and not value.startswith("#"):
                self.fetched.append((tag, name, value))
            if name == "style":
                self.styles.append(value)

    def handle_endtag(self, tag):
        self._tag = ""

    def handle_data(self, data):
        if self._tag == "style":
            self.styles.append(data)
        if self._tag == "td":
            self.cells.append(data)


def test_page_fetches_nothing_and_shows_the_figures(job):
    """Catches a page that is empty without network, or of an older run."""
    page = _References()
    page.feed((job.output / "report/report.html").read_text())
    assert page.fetched == []
    assert not any("url(" in text or "@import" in text for text in page.styles)
    figures = read_figures(job)
    for view in ("time view", "feature view"):
        begin = page.cells.index(view) + 1
        shown = [
            f"{figures[view]['overall'][name]:.3f}"
            for name in ("precision", "recall", "f1")
        ]
        # AUC-PR stands before, and for long series VUS-PR too.
        row = page.cells[begin : begin + 5]
        assert shown in (row[1:4], row[2:5])


def test_same_sequence_scores_everywhere(talk, test_sequences):
    """Catches skew between checkpoint, exported model and predict."""
    values, _ = test_sequences
    detector = main_job.trained_detector(talk)
    served = tf.saved_model.load(str(talk.model)).signatures
    served = served["serving_default"](values=tf.constant(values))
    views = detector(values)
    for position, view in enumerate(detector.views):
        threshold = detector.thresholds.numpy()[position]
        expected = views[view].score.numpy()
        assert_same_scores(served[f"{view}_score"], expected, threshold)
        if view == "feature":
            expected = np.repeat(expected.max(1, keepdims=True), 30, axis=1)
        written = talk_scores(talk, view)
        assert_same_scores(written["score"], expected.ravel(), threshold)
        assert (written["threshold"] == threshold).all()


def test_same_series_scores_everywhere(long):
    """Catches skew between windows and a series scored as one chunk."""
    detector = main_job.trained_detector(long)
    threshold = detector.thresholds.numpy()[detector.views.index("time")]
    signatures = tf.saved_model.load(str(long.model)).signatures
    written = long_scores(long)
    for table in raw_tables(long.raw):
        values = table[SENSORS].to_numpy("f4")
        windows = np.lib.stride_tricks.sliding_window_view(
            values, WINDOW_LENGTH, axis=0
        )
        scores = detector.last_steps(windows.transpose(0, 2, 1).copy())["time"]
        unknown = np.full(WINDOW_LENGTH - 1, np.nan)
        expected = np.concatenate([unknown, scores.score[:, 0].numpy()])
        served = signatures["score_chunk"](
            values=tf.constant(values), **signatures["initial_state"]()
        )
        assert_same_scores(served["time_score"], expected, threshold)
        mine = written[written["series"] == table["series"].iloc[0]]
        assert_same_scores(mine["score"], expected, threshold)
