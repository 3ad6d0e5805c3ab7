import json

import numpy as np
import pytest

from evaluation import compare
from evaluation.baselines import GROUPS
from evaluation.comparison import execution, one_run
from evaluation.comparison.one_run import Order
from evaluation.comparison.result import Result
from preprocessing import task

FIGURES = ("vus_pr", "auc_pr", "f1", "oracle_gap", "alarms_per_1000_steps")


def write_table(path, rows=400, anomalies=(350, 360)):
    """A labelled table; the last fifth is test."""
    rng = np.random.default_rng(len(path.stem))
    lines = ["x,y,label"]
    for row in range(rows):
        x, y = np.sin(row / 5) + 0.1 * rng.standard_normal(2)
        label = int(anomalies[0] <= row < anomalies[1])
        lines.append(f"{x + 9 * label:.5f},{y:.5f},{label}")
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture
def raw(tmp_path):
    """Two folders with two series and one."""
    for name in ("wells/a.csv", "wells/b.csv", "pumps/c.csv"):
        path = tmp_path / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_table(path)
    return tmp_path / "raw"


def figures_of(order, series, name):
    """Invented figures, other ones for each run, series and detector."""
    text = f"{order.identity['seed']} {series} {name}"
    rng = np.random.default_rng(list(text.encode()))
    num_anomalous = 0 if series == "normal" else 10
    counts = {"num_anomalous": num_anomalous, "num_labelled": 80}
    return dict(zip(FIGURES, rng.random(5).tolist(), strict=True)) | counts


@pytest.fixture
def done(monkeypatch):
    """Carries commands out here; runs invent figures. What was asked for."""
    asked = []

    def run_all(commands, num_processes, num_threads):
        for position, command in enumerate(commands):
            if "preprocessing.task" in command.arguments:
                asked.append("preprocess")
                yield position, task.main(command.arguments[3:])
                continue
            order = Order(**json.loads(command.arguments[-1]))
            asked.append(order)
            series = order.data.rsplit("/", 1)[-1]
            if series == "failing" and order.identity["seed"] == 1:
                yield position, 1
                continue
            names = ["time view", *(n for g in GROUPS.values() for n in g)]
            Result(
                order.identity,
                ("time view",),
                {n: {series: figures_of(order, series, n)} for n in names},
                1.0,
                20.0 + len(asked),
                3.0,
                400.0,
            ).write(order.result)
            yield position, 0

    def take():
        taken, asked[:] = list(asked), []
        return taken

    monkeypatch.setattr(execution, "run_all", run_all)
    return take


def run(output, *flags):
    return compare.main([f"--output={output}", "--presets=talk_dense", *flags])


def read(output):
    return json.loads((output / "comparison.json").read_text())


def test_the_table_is_what_the_runs_say(raw, tmp_path, done, capsys):
    """Catches sets, seeds or series that are put together wrongly."""
    output = tmp_path / "out"
    flags = [f"--input={raw / 'wells'}", f"--input={raw / 'pumps'}"]
    assert run(output, *flags, "--seeds=1,2") == 0
    asked = done()
    assert asked.count("preprocess") == 3 and len(asked) == 3 + 3 * 2
    orders = {
        (each.identity["seed"], each.data.rsplit("/", 1)[-1]): each
        for each in asked[3:]
    }
    of_seeds = read(output)["detectors"]["talk_dense"]["seeds"]
    for figure in FIGURES:
        for seed, row in zip((1, 2), of_seeds, strict=True):
            value = {
                series: figures_of(orders[seed, series], series, "time view")[
                    figure
                ]
                for series in "abc"
            }
            wells = (value["a"] + value["b"]) / 2
            assert row[f"{figure} of wells"] == pytest.approx(wells)
            expected = (wells + value["c"]) / 2
            assert row[figure] == pytest.approx(expected)
    values = [row["vus_pr"] for row in of_seeds]
    mean, spread = np.mean(values), np.std(values, ddof=1)
    page = (output / "comparison.html").read_text()
    told = (output / "comparison.md").read_text()
    printed = capsys.readouterr().out
    for text in (page, told, printed):
        assert f"{mean:.3f}" in text and f"{spread:.3f}" in text
        assert "PCA error" in text and "step difference" in text


def test_the_second_start_does_what_is_left(raw, tmp_path, done, capsys):
    """Catches work done twice, and results kept for other settings."""
    output = tmp_path / "out"
    flag = f"--input={raw / 'wells'}"
    assert run(output, flag) == 0
    first = read(output)
    done()
    assert run(output, flag) == 0
    assert done() == []
    assert "2 of 2 runs were done before" in capsys.readouterr().out
    assert read(output)["detectors"] == first["detectors"]
    assert run(output, flag, "--seeds=1,3") == 0
    assert [each.identity["seed"] for each in done()] == [3, 3]
    assert run(output, flag, "--trainer_flags=--epochs=2") == 0
    orders = done()
    assert [each.arguments[-1] for each in orders] == ["--epochs=2"] * 2
    assert run(output, flag, "--preprocessing_flags=--split_gap_rows=9") == 0
    assert [each == "preprocess" for each in done()] == [True] * 2 + [False] * 2


def test_a_failing_run_is_shown_and_the_others_go_on(
    raw, tmp_path, done, capsys
):
    """Catches a preset that is compared on the series it could do alone."""
    output = tmp_path / "out"
    (raw / "wells" / "b.csv").rename(raw / "wells" / "failing.csv")
    flags = [
        f"--input={raw / 'wells'}",
        f"--input={raw / 'pumps'}",
        "--seeds=2,1",
    ]
    assert run(output, *flags) == 1
    detectors = read(output)["detectors"]
    whole, row = detectors["talk_dense"]["seeds"]
    assert whole["vus_pr"] is not None
    assert row["vus_pr"] is None and row["vus_pr of wells"] is None
    assert row["vus_pr of pumps"] is not None
    # What one seed could not do another one has measured.
    assert detectors["PCA error"]["seeds"][0]["vus_pr"] is not None
    printed = " ".join(capsys.readouterr().out.split())
    assert "talk_dense with seed 1 failed on wells/failing" in printed
    assert "log.txt" in printed
    text = (output / "comparison.md").read_text()
    assert "| wells | failing | failed |" in text
    done()
    assert run(output, *flags) == 1
    assert [each.data.rsplit("/", 1)[-1] for each in done()] == ["failing"]


def test_series_that_cannot_be_used_are_told(raw, tmp_path, done, capsys):
    """Catches a bad file that ends all, and one that is lost unsaid."""
    output = tmp_path / "out"
    (raw / "wells" / "bad.csv").write_text("x,y,label\n" + "a,b,0\n" * 400)
    write_table(raw / "wells" / "normal.csv", anomalies=(0, 0))
    assert run(output, f"--input={raw / 'wells'}") == 1
    assert [each for each in done() if each != "preprocess"]
    printed = capsys.readouterr().out
    assert "Preprocessing of wells/bad failed" in printed
    assert "1 series, wells/normal." in " ".join(printed.split())
    assert run(output, f"--input={raw / 'wells'}:bad") == 2
    assert "Received: none" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags, told",
    [
        (["--presets=nothing"], "talk_dense"),
        (["--seeds=1,1"], "`seeds` must be different"),
        (["--seeds="], "`seeds` must be given"),
        (["--trainer_flags=--epoch=3"], "--epochs"),
        (["--trainer_flags=--data_dir=x"], "leave --data_dir"),
        (["--input=nothing"], "No file matches"),
    ],
)
def test_wrong_flags_are_refused_before_any_work(
    raw, tmp_path, done, capsys, flags, told
):
    """Catches a mistake that shows after the first hour."""
    output = tmp_path / "out"
    assert run(output, f"--input={raw / 'wells'}", *flags) == 2
    assert told in capsys.readouterr().err
    assert done() == []


def test_an_output_with_other_things_is_refused(raw, tmp_path, done, capsys):
    """Catches results strewn into a folder of the user's."""
    assert run(raw, f"--input={raw / 'wells'}") == 2
    assert "holds pumps too" in capsys.readouterr().err
    assert run(tmp_path / "out") == 2
    assert "`input` or `data` must be given" in capsys.readouterr().err


def test_a_run_that_the_trainer_refuses_leaves_no_result(tmp_path):
    """Catches a failed training that is measured, or counts as done."""
    result = tmp_path / "result.json"
    arguments = [f"--data_dir={tmp_path}", f"--output_dir={tmp_path / 'run'}"]
    order = Order({}, arguments, str(tmp_path), "", str(result), 100)
    assert one_run.main([order.to_json()]) == 2
    assert not result.exists()


def test_real_runs_end_to_end(long_data_set, tmp_path, capsys):
    """Catches a command that no process understands, and a lost failure."""
    folder, _ = long_data_set
    flags = [
        f"--data=set={folder}",
        "--num_processes=1",
        "--buffer_length=7",
        "--trainer_flags=--epochs=1 --max_steps=2 --window_length=8 "
        "--driver=graph --tensorboard=false --encoder_units=4 "
        "--decoder_units=4",
    ]
    output = tmp_path / "out"
    assert run(output, *flags) == 0
    [one] = read(output)["runs"]
    result = one["result"]
    assert result["views"] == ["time view", "feature view"]
    figures = result["figures"]["time view"]["a"]
    assert figures["num_rows"] == 400 and figures["num_anomalous"] == 30
    assert 0 < figures["vus_pr"] <= 1
    assert result["seconds_training"] > 0 and result["peak_mebibytes"] > 100
    always = result["figures"]["all flagged"]["a"]["precision"]
    assert always == pytest.approx(30 / 400)
    assert "talk_dense" in capsys.readouterr().out
