import json

import numpy as np
import pandas as pd
import pytest
from bucket_emulator import bucket_emulator
from data_sets import feature_of
from fake_model import save_fake_model

from evaluation import report, splits
from trainer.runs import Run
from trainer.schema import SPLITS, Schema, Split


def write_schema(folder, names, label_kind, length=0):
    folder.mkdir()
    values = np.array([0.0, 0.5, 2.0])
    schema = Schema(
        features=tuple(feature_of(name, values) for name in names),
        splits={name: Split() for name in SPLITS}
        | {"test": Split(rows=1), "tuning": Split(rows=1)},
        label_kind=label_kind,
        sequence_length=length,
        reader={"format": "csv"},
    )
    (folder / "schema.json").write_text(schema.to_json())
    return str(folder)


def long_runs():
    generator = np.random.default_rng(1)
    runs = []
    for number, rows in enumerate((300, 200, 3)):
        values = generator.normal(size=(rows, 3)).astype("f4")
        labels = np.zeros(rows, np.int8)
        labels[50:54] = 1
        values[labels == 1] += 20
        runs.append(Run(f"series {number}", 10, values, labels))
    return runs


def sequence_runs():
    generator = np.random.default_rng(2)
    values = generator.normal(scale=0.1, size=(100, 4, 2)).astype("f4")
    values[60:, 2:] += 9
    return [
        Run(f"sequence {n}", 0, values[n], sequence_label=int(n >= 60))
        for n in range(100)
    ]


def stored(monkeypatch, runs, split="test"):
    """Lets a data set hold these runs in a split; what is asked for."""
    asked = []

    def read_runs(folder, schema, name, series=()):
        asked.append((folder, name, tuple(series)))
        # Statistics too: something to choose the baselines' thresholds on.
        return list(runs) if name in (split, "statistics") else []

    monkeypatch.setattr(splits, "read_runs", read_runs)
    return asked


def run(model, data, output, *flags):
    return report.main(
        [f"--model={model}", f"--data={data}", f"--output={output}", *flags]
    )


def read(output):
    numbers = json.loads((output / "metrics.json").read_text())
    return numbers, {
        name: each["overall"] for name, each in numbers["detectors"].items()
    }


def words(capsys):
    return " ".join(capsys.readouterr().out.split())


@pytest.fixture
def model(tmp_path):
    return save_fake_model(tmp_path / "run" / "model")


@pytest.fixture
def data(tmp_path):
    return write_schema(tmp_path / "data", ("a", "b", "c"), "step")


def test_steps_end_to_end(tmp_path, monkeypatch, capsys, model, data):
    """Catches unscored rows left out, and a wrong split that is read."""
    asked = stored(monkeypatch, long_runs())
    output = tmp_path / "out"
    assert run(model, data, output) == 0
    assert asked[0] == (data, "test", ())
    numbers, figures = read(output)
    time = figures["time view"]
    labels = np.concatenate([each.labels for each in long_runs()])
    assert time["num_rows"] == len(labels) == 503
    assert time["num_anomalous"] == labels.sum() == 8
    # Four rows of each long series, all three of the short one.
    assert time["num_unscored"] == 4 + 4 + 3
    terms = [np.abs(r.values[4:] - r.values[:-4]).sum(1) for r in long_runs()]
    assert time["num_flagged"] == sum((term >= 4.0).sum() for term in terms)
    # The mean of two series; the third has no anomaly.
    always = figures["all flagged"]["precision"]
    assert always == pytest.approx((4 / 300 + 4 / 200) / 2)
    pooled = numbers["detectors"]["all flagged"]["pooled"]["precision"]
    assert pooled == pytest.approx(8 / 503)
    series = numbers["detectors"]["time view"]["series"]
    assert list(series) == ["series 0", "series 1", "series 2"]
    assert series["series 2"]["f1"] is None
    printed = capsys.readouterr().out
    page = (output / "report.html").read_text()
    told = (output / "report.md").read_text()
    for name in ("time view", "feature view", "random score", "all flagged"):
        for text in (printed, page, told):
            assert name in text
    assert "series 0" in page and "series 0" in told


def test_what_a_report_depends_on_is_told(tmp_path, monkeypatch, model, data):
    """Catches figures that nobody can make again."""
    stored(monkeypatch, long_runs())
    output = tmp_path / "out"
    assert run(model, data, output, "--buffer_length=7") == 0
    numbers, _ = read(output)
    assert numbers["parameters"]["vus_buffer_length"] == 7
    assert numbers["parameters"]["baseline_random_seeds"] == [0, 1, 2, 3, 4]
    assert numbers["data"]["hash"] == Schema.load(data).hash()
    assert numbers["models"]["fake"]["model_id"] == "fake"
    assert numbers["models"]["fake"]["folder"] == model
    for name in ("report.html", "report.md"):
        text = (output / name).read_text()
        assert Schema.load(data).hash() in text
        assert "vus buffer length" in text


def test_scores_are_kept(tmp_path, monkeypatch, model, data):
    """Catches rows of another series, and unknown rows that look normal."""
    stored(monkeypatch, long_runs())
    assert run(model, data, tmp_path / "out") == 0
    folder = tmp_path / "out" / "scores"
    table = pd.read_parquet(folder / "0-time_view.parquet")
    assert len(table) == 503
    one = table[table["series"] == "series 1"]
    assert one["row"].tolist() == list(range(10, 210))
    values = long_runs()[1].values
    expected = np.abs(values[4:] - values[:-4]).sum(1)
    assert np.isnan(one["score"][:4]).all() and not one["is_scored"][:4].any()
    np.testing.assert_allclose(one["score"][4:], expected, rtol=1e-6)
    np.testing.assert_array_equal(one["label"], long_runs()[1].labels)


def test_sequences_end_to_end(tmp_path, monkeypatch, capsys):
    """Catches steps counted where sequences are labelled."""
    stored(monkeypatch, sequence_runs())
    model = save_fake_model(
        tmp_path / "model",
        label_kind="sequence",
        window_length=4,
        names=("a", "b"),
    )
    data = write_schema(tmp_path / "data", ("a", "b"), "sequence", 4)
    assert run(model, data, tmp_path / "out") == 0
    numbers, figures = read(tmp_path / "out")
    assert numbers["sample"] == "sequence"
    for view in ("time view", "feature view"):
        assert figures[view]["num_rows"] == 100
        assert figures[view]["num_anomalous"] == 40
        assert figures[view]["f1"] == 1.0
    page = (tmp_path / "out" / "report.html").read_text()
    assert "20 normal sequences, then 20 anomalous" in page
    assert "VUS" not in capsys.readouterr().out


def test_models_stand_side_by_side(tmp_path, monkeypatch, capsys, data):
    """Catches one model's figures under another's name, and lost spread."""
    stored(monkeypatch, long_runs())
    flags = []
    for seed, threshold in (("s1", 4.0), ("s2", 1e6)):
        thresholds = {"time": threshold, "feature": threshold}
        folder = save_fake_model(
            tmp_path / seed / "model",
            thresholds=thresholds,
            settings={"seed": seed},
        )
        flags.append(f"--model={folder}")
    flags += [f"--data={data}", f"--output={tmp_path / 'out'}"]
    assert report.main(flags) == 0
    numbers, figures = read(tmp_path / "out")
    assert figures["s1, time view"]["recall"] == 1.0
    assert figures["s2, time view"]["recall"] == 0.0
    together = numbers["groups"]["s1 … s2, time view"]
    assert together["members"] == ["s1, time view", "s2, time view"]
    assert together["mean"]["recall"] == 0.5
    assert together["standard_deviation"]["recall"] == pytest.approx(0.5**0.5)
    assert "± of 2 seeds" in capsys.readouterr().out


def test_a_name_that_looks_like_markup(tmp_path, monkeypatch, model, data):
    """Catches a series that runs, or breaks the table."""
    evil = "<script>alert(1)</script>"
    named = [each._replace(series_id=evil) for each in long_runs()[:1]]
    stored(monkeypatch, named)
    output = tmp_path / "out"
    assert run(model, data, output, f"--series={evil}") == 0
    assert evil not in (output / "report.html").read_text()
    assert evil not in (output / "report.md").read_text()


def test_calibration_is_told(tmp_path, monkeypatch, capsys, data):
    """Catches errors that look too small and nobody says so."""
    stored(monkeypatch, long_runs())
    for statistics, is_train in (("statistics", False), ("train", True)):
        told = {"statistics": statistics, "tuning": "tuning", "rule": "sigma"}
        model = save_fake_model(tmp_path / statistics, calibration=told)
        output = tmp_path / "out"
        assert run(model, data, output) == 0
        page = (output / "report.html").read_text()
        for text in (words(capsys), page):
            assert f"come from the split {statistics}, thresholds" in text
            assert "from tuning (rule sigma)" in text
            assert ("errors look smaller than they are" in text) == is_train
        assert read(output)[0]["models"]["fake"]["calibration"] == told


def test_other_data_are_told(tmp_path, monkeypatch, capsys, data):
    """Catches a test that holds what the model has learned from."""
    stored(monkeypatch, long_runs())
    own = Schema.load(data).hash()
    for told in (own, "0" * 64):
        schema = {"hash": told, "sampling_period_seconds": 0.0}
        model = save_fake_model(tmp_path / told, schema=schema)
        assert run(model, data, tmp_path / "out") == 0
        is_told = "was made from another data set" in words(capsys)
        assert is_told == (told != own)


def test_older_models_tell_no_calibration(
    tmp_path, monkeypatch, capsys, model, data
):
    """Catches a report of None, or none at all."""
    stored(monkeypatch, long_runs())
    assert run(model, data, tmp_path / "out") == 0
    assert "None" not in capsys.readouterr().out


@pytest.mark.parametrize("split", ["test", "tuning"])
def test_another_split_is_not_taken_for_the_test(
    tmp_path, monkeypatch, capsys, model, data, split
):
    """Catches flattering figures that replace those of the test."""
    stored(monkeypatch, long_runs(), split)
    assert report.main([f"--model={model}/", f"--data={data}",
                        f"--split={split}"]) == 0  # fmt: skip
    name = "report" if split == "test" else "report-tuning"
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {"model", name}
    page = (tmp_path / "run" / name / "report.html").read_text()
    for text in (words(capsys), page):
        assert ("these figures flatter" in text) == (split == "tuning")
        assert "No labels" not in text


def test_without_labels_there_is_much_to_see(
    tmp_path, monkeypatch, capsys, model, data
):
    """Catches a table of n/a, and alarms that only count where labelled."""
    runs = [run._replace(labels=run.labels * 0 - 1) for run in long_runs()]
    stored(monkeypatch, runs)
    output = tmp_path / "out"
    assert run(model, data, output) == 0
    printed, page = words(capsys), (output / "report.html").read_text()
    for text in (printed, page):
        assert "No labels in the split test: precision, recall, F1" in text
    assert "n/a" not in printed
    numbers, figures = read(output)
    assert figures["time view"]["num_alarms"] > 0
    assert 0 < figures["time view"]["flagged_share"] < 1
    assert figures["time view"]["f1"] is None
    strangest = numbers["events"]["time view"][0]
    assert strangest["series_id"] in ("series 0", "series 1")
    assert 60 <= strangest["peak_row"] < 68
    assert strangest["is_labelled"] is None
    drift = [each["split"] for each in numbers["drift"]["time view"]]
    assert drift == ["statistics", "test"]
    assert "Most anomalous events" in page and "Drift" in page


def test_all_and_no_anomalies(tmp_path, monkeypatch, model, data, capsys):
    """Catches a page that fails where a figure is not defined."""
    for label, f1 in ((0, None), (1, 0.0)):
        runs = [run._replace(labels=run.labels * 0 + label)
                for run in long_runs()[:2]]  # fmt: skip
        for each in runs:
            each.values[:] = 1.0
        stored(monkeypatch, runs)
        assert run(model, data, tmp_path / f"out{label}") == 0
        _, figures = read(tmp_path / f"out{label}")
        assert figures["time view"]["f1"] == f1
        assert figures["time view"]["auc_roc"] is None
    assert "No anomaly is labelled in the split test" in words(capsys)


def test_nothing_can_be_scored(tmp_path, monkeypatch, model, data):
    """Catches a failure where every series is too short, or NaN."""
    runs = [long_runs()[2], long_runs()[0]]
    runs[1].values[:] = np.nan
    stored(monkeypatch, runs)
    assert run(model, data, tmp_path / "out") == 0
    _, figures = read(tmp_path / "out")
    assert figures["time view"]["num_unscored"] == 303
    assert figures["time view"]["recall"] == 0


@pytest.mark.parametrize(
    ("names", "label_kind", "message"),
    [
        (("a", "b", "d"), "step", "must have the columns"),
        (("a", "b", "c"), "sequence", "labelled as"),
        (("a", "b", "c"), "step", "must hold rows"),
    ],
)
def test_data_that_does_not_fit(
    tmp_path, monkeypatch, capsys, model, names, label_kind, message
):
    """Catches figures of other columns or labels, and an empty split."""
    stored(monkeypatch, [])
    data = write_schema(tmp_path / "data", names, label_kind)
    assert run(model, data, tmp_path / "out") == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "`model` must be given"),
        (["--model=m"], "`data` must be given"),
        (["--model=m", "--data=nowhere"], "schema.json"),
        (["--model=m", "--data_dir=nowhere"], "schema.json"),
        (["--modle=m"], "--model"),
        (["--model=m", "--data=d", "--split=trian"], "--split"),
        (["--model=m", "--model=m/", "--data=d"], "different models"),
        (["--model=m", "--model=./m", "--data=d"], "different models"),
        (
            ["--model=m", "--data=d", "--fault_labels=r/f", "--output=r"],
            "is replaced whole",
        ),
        (
            ["--model=m", "--data=d", "--fault_labels=f", "--split=train"],
            "rows of the test part",
        ),
        (["--model=r/m", "--data=d", "--output=r"], "is replaced whole"),
        (["--model=m", "--data=r/d", "--output=r"], "is replaced whole"),
    ],
)
def test_bad_flags(flags, message, capsys):
    """Catches a traceback, or TensorFlow loaded before flags are checked."""
    assert report.main(flags) == 2
    assert message in capsys.readouterr().err


def test_only_a_report_is_replaced(tmp_path, monkeypatch, capsys, model, data):
    """Catches a folder of the user that is gone."""
    stored(monkeypatch, long_runs())
    output = tmp_path / "mine"
    output.mkdir()
    (output / "metrics.json").write_text("of a run")
    assert run(model, data, output) == 2
    assert "mine" in capsys.readouterr().err
    assert (output / "metrics.json").read_text() == "of a run"
    assert run(model, data, tmp_path / "out") == 0
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    assert run(model, data, tmp_path / "out") == 2
    assert "which holds thesis.txt too" in capsys.readouterr().err
    (tmp_path / "out" / "thesis.txt").unlink()
    (tmp_path / "out" / "scores" / "old.parquet").write_text("")
    assert run(model, data, tmp_path / "out") == 0
    assert not (tmp_path / "out" / "scores" / "old.parquet").exists()


def test_fault_labels(tmp_path, monkeypatch, capsys, model, data):
    """Catches columns of the file taken for others, and a wrong folder."""
    stored(monkeypatch, [run._replace(start=0) for run in long_runs()])
    faults = tmp_path / "interpretation_label"
    faults.mkdir()
    (faults / "series 0.txt").write_text("50-54:1,2,3\n")
    output = tmp_path / "out"
    assert run(model, data, output, f"--fault_labels={faults}") == 0
    assert read(output)[1]["time view"]["hit_rate_100"] == 1.0
    assert read(output)[0]["parameters"]["fault_labels"] == str(faults)
    assert "were not used" not in capsys.readouterr().out
    assert "HitRate@100%" in (output / "report.md").read_text()
    (faults / "series 0.txt").write_text("50-54:1,2\n5-6:1\n")
    assert run(model, data, output, f"--fault_labels={faults}") == 0
    assert "1 fault labels lie where no step" in words(capsys)
    (faults / "series 0.txt").write_text("50-54:1,9\n")
    assert run(model, data, output, f"--fault_labels={faults}") == 2
    assert "from 1 to 3" in capsys.readouterr().err


def test_report_in_a_bucket(tmp_path, monkeypatch, model, data):
    """Catches a page in a local folder called 'gs:'."""
    stored(monkeypatch, long_runs())
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    with bucket_emulator() as bucket:
        path = bucket.put_folder("run/model", model)
        there = bucket.put_folder("data", data)
        for given in (path, f"{path}/"):
            assert report.main([f"--model={given}", f"--data={there}"]) == 0
            assert bucket.get("run/report/report.html").startswith(b"<!")
            numbers = json.loads(bucket.get("run/report/metrics.json"))
            overall = numbers["detectors"]["time view"]["overall"]
            assert overall["num_anomalous"] == 8
            about = bucket.about("run/report/report.html")
            assert about["contentType"] == "text/html"
        assert run(model, there, bucket.url("pages")) == 0
        assert {"pages/report.html", "pages/metrics.json"} <= set(
            bucket.names()
        )
    assert sorted(tmp_path.iterdir()) == before
