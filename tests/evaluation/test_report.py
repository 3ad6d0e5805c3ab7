import json

import numpy as np
import pytest
from bucket_emulator import bucket_emulator
from data_sets import feature_of
from fake_model import save_fake_model

from evaluation import report
from trainer import runs as stored_runs
from trainer.runs import Run
from trainer.schema import SPLITS, Schema, Split


def write_schema(folder, names, label_kind, length=0):
    folder.mkdir()
    values = np.array([0.0, 0.5, 2.0])
    schema = Schema(
        features=tuple(feature_of(name, values) for name in names),
        splits={name: Split() for name in SPLITS},
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


def run(model, data_dir, output, *flags):
    return report.main(
        [f"--model={model}", f"--data_dir={data_dir}", f"--output={output}"]
        + list(flags)
    )


def test_steps_end_to_end(tmp_path, monkeypatch, capsys):
    """Catches unscored rows left out, and a wrong split that is read."""
    asked = []

    def read_runs(data_dir, schema, split, series=()):
        asked.append((data_dir, split, tuple(series)))
        return long_runs()

    monkeypatch.setattr(stored_runs, "read_runs", read_runs)
    model = save_fake_model(tmp_path / "model")
    data_dir = write_schema(tmp_path / "data", ("a", "b", "c"), "step")
    output = tmp_path / "page" / "report.html"
    assert run(model, data_dir, output) == 0
    assert asked == [(data_dir, "test", ())]
    numbers = json.loads((output.parent / "figures.json").read_text())
    time = numbers["views"]["time"]
    labels = np.concatenate([each.labels for each in long_runs()])
    assert time["num_rows"] == len(labels) == 503
    assert time["num_anomalous"] == labels.sum() == 8
    # Four rows of each long series, all three of the short one.
    assert time["num_unscored"] == 4 + 4 + 3
    assert time["recall"] == 1.0
    terms = [np.abs(r.values[4:] - r.values[:-4]).sum(1) for r in long_runs()]
    assert time["num_flagged"] == sum((term >= 4.0).sum() for term in terms)
    assert numbers["always"]["precision"] == pytest.approx(8 / 503)
    assert numbers["random"]["feature"]["num_seeds"] == 10
    printed = capsys.readouterr().out
    for name in ("time view", "feature view", "random (time)", "all flagged"):
        assert name in printed
        assert name in output.read_text()
    assert "series 0" in output.read_text()


def test_sequences_end_to_end(tmp_path, monkeypatch, capsys):
    """Catches steps counted where sequences are labelled."""
    monkeypatch.setattr(stored_runs, "read_runs", lambda *_: sequence_runs())
    model = save_fake_model(
        tmp_path / "model",
        label_kind="sequence",
        window_length=4,
        names=("a", "b"),
    )
    data_dir = write_schema(tmp_path / "data", ("a", "b"), "sequence", 4)
    output = tmp_path / "report.html"
    assert run(model, data_dir, output) == 0
    numbers = json.loads((tmp_path / "figures.json").read_text())
    assert numbers["sample"] == "sequence"
    for view in ("time", "feature"):
        assert numbers["views"][view]["num_rows"] == 100
        assert numbers["views"][view]["num_anomalous"] == 40
        assert numbers["views"][view]["f1"] == 1.0
        assert numbers["random"][view]["flagged_share"] == 0.4
    assert "20 normal sequences, then 20 anomalous" in output.read_text()


def test_calibration_is_told(tmp_path, monkeypatch, capsys):
    """Catches errors that look too small and nobody says so."""
    monkeypatch.setattr(stored_runs, "read_runs", lambda *_: long_runs())
    data_dir = write_schema(tmp_path / "data", ("a", "b", "c"), "step")
    for statistics, is_train in (("statistics", False), ("train", True)):
        told = {"statistics": statistics, "tuning": "tuning", "rule": "sigma"}
        model = save_fake_model(tmp_path / statistics, calibration=told)
        output = tmp_path / "report.html"
        assert run(model, data_dir, output) == 0
        printed = " ".join(capsys.readouterr().out.split())
        for text in (printed, output.read_text()):
            assert f"come from the split {statistics}, thresholds" in text
            assert "from tuning (rule sigma)" in text
            assert ("errors look smaller than they are" in text) == is_train
        numbers = json.loads((tmp_path / "figures.json").read_text())
        assert numbers["calibration"] == told


def test_older_models_tell_no_calibration(tmp_path, monkeypatch, capsys):
    """Catches a report of None, or none at all."""
    monkeypatch.setattr(stored_runs, "read_runs", lambda *_: long_runs())
    data_dir = write_schema(tmp_path / "data", ("a", "b", "c"), "step")
    model = save_fake_model(tmp_path / "model")
    assert run(model, data_dir, tmp_path / "report.html") == 0
    assert "None" not in capsys.readouterr().out


def test_page_lies_beside_the_model(tmp_path, monkeypatch):
    """Catches a page inside the model's folder or the working folder."""
    monkeypatch.setattr(stored_runs, "read_runs", lambda *_: long_runs())
    model = save_fake_model(tmp_path / "run" / "model")
    data_dir = write_schema(tmp_path / "data", ("a", "b", "c"), "step")
    flags = [f"--model={model}/", f"--data_dir={data_dir}"]
    assert report.main(flags) == 0
    assert (tmp_path / "run" / "report.html").is_file()
    assert (tmp_path / "run" / "figures.json").is_file()


@pytest.mark.parametrize("split", ["test", "tuning"])
def test_another_split_is_not_taken_for_the_test(
    tmp_path, monkeypatch, capsys, split
):
    """Catches flattering figures that replace those of the test."""
    monkeypatch.setattr(stored_runs, "read_runs", lambda *_: long_runs())
    model = save_fake_model(tmp_path / "run" / "model")
    data_dir = write_schema(tmp_path / "data", ("a", "b", "c"), "step")
    flags = [f"--model={model}", f"--data_dir={data_dir}", f"--split={split}"]
    assert report.main(flags) == 0
    suffix = "" if split == "test" else "-tuning"
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {"model", f"report{suffix}.html", f"figures{suffix}.json"}
    page = (tmp_path / "run" / f"report{suffix}.html").read_text()
    for text in (" ".join(capsys.readouterr().out.split()), page):
        assert ("these figures flatter" in text) == (split == "tuning")
        assert "No labels" not in text


def test_a_split_without_labels_says_so(tmp_path, monkeypatch, capsys):
    """Catches a table of n/a that nobody explains."""
    runs = [run._replace(labels=run.labels * 0 - 1) for run in long_runs()]
    monkeypatch.setattr(stored_runs, "read_runs", lambda *_: runs)
    model = save_fake_model(tmp_path / "model")
    data_dir = write_schema(tmp_path / "data", ("a", "b", "c"), "step")
    output = tmp_path / "report.html"
    assert run(model, data_dir, output) == 0
    for text in (" ".join(capsys.readouterr().out.split()), output.read_text()):
        assert "No labels in split test: precision, recall, F1" in text


@pytest.mark.parametrize(
    ("names", "label_kind", "message"),
    [
        (("a", "b", "d"), "step", "model's columns"),
        (("a", "b", "c"), "sequence", "labelled as"),
        (("a", "b", "c"), "step", "must hold rows"),
    ],
)
def test_data_that_does_not_fit(
    tmp_path, monkeypatch, capsys, names, label_kind, message
):
    """Catches figures of other columns or labels, and an empty split."""
    monkeypatch.setattr(stored_runs, "read_runs", lambda *_: [])
    model = save_fake_model(tmp_path / "model")
    data_dir = write_schema(tmp_path / "data", names, label_kind)
    assert run(model, data_dir, tmp_path / "r.html") == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "r.html").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "`model` must be given"),
        (["--model=m"], "`data_dir` must be given"),
        (["--model=m", "--data_dir=nowhere"], "schema.json"),
        (["--modle=m"], "--model"),
        (["--model=m", "--data_dir=d", "--split=trian"], "--split"),
    ],
)
def test_bad_flags(flags, message, capsys):
    """Catches a traceback, or TensorFlow loaded before flags are checked."""
    try:
        code = report.main(flags)
    except SystemExit as exit_:
        code = exit_.code
    assert code == 2
    assert message in capsys.readouterr().err


def test_report_in_a_bucket(tmp_path, monkeypatch):
    """Catches a page in a local folder called 'gs:'."""
    monkeypatch.setattr(stored_runs, "read_runs", lambda *_: long_runs())
    monkeypatch.chdir(tmp_path)
    model = save_fake_model(tmp_path / "model")
    data_dir = write_schema(tmp_path / "data", ("a", "b", "c"), "step")
    before = sorted(tmp_path.iterdir())
    with bucket_emulator() as bucket:
        path = bucket.put_folder("run/model", model)
        data = bucket.put_folder("data", data_dir)
        for given in (path, f"{path}/"):
            assert report.main([f"--model={given}", f"--data_dir={data}"]) == 0
            assert bucket.get("run/report.html").startswith(b"<!")
            figures = json.loads(bucket.get("run/figures.json"))
            assert figures["views"]["time"]["num_anomalous"] == 8
            assert bucket.about("run/report.html")["contentType"] == "text/html"
            bucket.delete("run/report.html")
        assert run(model, data, bucket.url("pages/r.html")) == 0
        assert {"pages/r.html", "pages/figures.json"} <= set(bucket.names())
    assert sorted(tmp_path.iterdir()) == before
