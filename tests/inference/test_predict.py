import csv
import functools
import json
import shlex
import subprocess
import sys

import numpy as np
import pytest
from fake_model import save_fake_model

from inference import predict
from inference.scoring import LoadedDetector

load = functools.cache(LoadedDetector)


def read_result(path):
    with open(path) as file:
        return list(csv.DictReader(file))


def draw(rows, columns=3, seed=0):
    generator = np.random.default_rng(seed)
    return np.round(generator.normal(scale=2, size=(rows, columns)), 4)


def write_csv(path, header, rows):
    lines = [",".join(map(str, row)) for row in rows]
    path.write_text("\n".join(([header] if header else []) + lines) + "\n")
    return path


def run(model, source, output, *flags):
    return predict.main(
        [f"--model={model}", f"--input={source}", f"--output={output}", *flags]
    )


def check_scores(rows, values, model, view="time"):
    expected = load(model).score_series(values, view)
    assert len(rows) == len(values)
    for row, score, known, flag in zip(
        rows, expected.score, expected.is_scored, expected.is_anomaly,
        strict=True,
    ):  # fmt: skip
        assert row["is_scored"] == str(int(known))
        assert row["score"] == (repr(float(score)) if known else "")
        assert row["is_anomaly"] == (str(int(flag)) if known else "")


def test_one_row_for_each_input_row(step_model, tmp_path, capsys):
    """Catches lost rows, unknown rows called normal, rounded scores."""
    values = draw(40)
    table = write_csv(
        tmp_path / "x.csv",
        "a,b,c,id,label,kind",
        [(*row, "pump", 0, "normal") for row in values],
    )
    output = tmp_path / "new" / "scores.csv"
    assert run(step_model, table, output) == 0
    rows = read_result(output)
    assert [row["row"] for row in rows] == [str(n) for n in range(40)]
    assert {row["series"] for row in rows} == {"pump"}
    assert {row["threshold"] for row in rows} == {"4.0"}
    check_scores(rows, values, step_model)
    assert 0 < sum(row["is_anomaly"] == "1" for row in rows) < 36
    assert "40" in capsys.readouterr().out


def test_top_features_are_shares_of_the_score(step_model, tmp_path):
    """Catches names of all columns used for the scored ones, wrong order."""
    values = np.zeros((6, 3))
    values[5] = [1.0, 50.0, 3.0]
    table = write_csv(
        tmp_path / "x.csv", "a,b,c,id", [(*row, "p") for row in values]
    )
    output = tmp_path / "s.csv"
    assert run(step_model, table, output) == 0
    rows = read_result(output)
    assert rows[5]["top_features"] == "c:0.75;a:0.25"
    assert rows[4]["top_features"] == ""
    assert rows[0]["top_features"] == ""
    assert run(step_model, table, output, "--top_features=1") == 0
    assert read_result(output)[5]["top_features"] == "c:0.75"
    assert run(step_model, table, output, "--top_features=0") == 0
    assert read_result(output)[5]["top_features"] == ""


def test_the_bar_ends_where_the_rows_do(
    step_model, tmp_path, capsys, monkeypatch
):
    """Catches files that are left out of the count, or rows counted twice."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    totals = []
    monkeypatch.setattr(
        "rich.progress.Progress.add_task",
        lambda bar, text, total: totals.append(total),
    )
    monkeypatch.setattr(
        "rich.progress.Progress.update",
        lambda bar, task, advance: totals.append(-advance),
    )
    (tmp_path / "in").mkdir()
    for name, num_rows in (("a", 8), ("b", 5)):
        rows = [(*row, name) for row in draw(num_rows)]
        write_csv(tmp_path / "in" / f"{name}.csv", "a,b,c,id", rows)
    assert run(step_model, tmp_path / "in", tmp_path / "s.csv") == 0
    assert totals[0] == 13 and sum(totals) == 0


def test_columns_may_be_in_another_order(step_model, tmp_path):
    """Catches columns taken by position."""
    values = draw(12)
    table = write_csv(
        tmp_path / "x.csv",
        "id,c,a,b",
        [("p", row[2], row[0], row[1]) for row in values],
    )
    output = tmp_path / "s.csv"
    assert run(step_model, table, output) == 0
    check_scores(read_result(output), values, step_model)


@pytest.mark.parametrize(
    ("flags", "view"), [([], "feature"), (["--view=time"], "time")]
)
def test_views_are_the_models(tmp_path, flags, view):
    """Catches a fixed list of views, or a default that is not the first."""
    model = save_fake_model(tmp_path / "model", views=["feature", "time"])
    values = draw(12)
    table = write_csv(tmp_path / "x.csv", "a,b,c", values)
    output = tmp_path / "s.csv"
    assert run(model, table, output, *flags) == 0
    check_scores(read_result(output), values, model, view)


def test_interleaved_series_keep_their_own_state(step_model, tmp_path):
    """Catches a window that spans two series."""
    first, second = draw(20, seed=1), draw(20, seed=2)
    lines = []
    for one, other in zip(first, second, strict=True):
        lines += [(*one, "one"), (*other, "other")]
    table = write_csv(tmp_path / "x.csv", "a,b,c,id", lines)
    output = tmp_path / "s.csv"
    assert run(step_model, table, output) == 0
    rows = read_result(output)
    for name, values in (("one", first), ("other", second)):
        mine = [row for row in rows if row["series"] == name]
        assert [row["row"] for row in mine] == [str(n) for n in range(20)]
        check_scores(mine, values, step_model)


def test_rows_say_their_time(step_model, tmp_path):
    """Catches a result that cannot be joined where rows were refused."""
    values = draw(30)
    lines = [
        (*row, f"2024-03-01 00:{number:02d}:30+01:00", "pump")
        for number, row in enumerate(values)
    ]
    lines[7] = ("text", *lines[7][1:])
    table = write_csv(tmp_path / "x.csv", "a,b,c,at,id", lines)
    output = tmp_path / "scores"
    assert run(step_model, table, output, "--timestamp_column=at") == 0
    rows = read_result(output)
    assert [row["time"] for row in rows] == [
        f"2024-02-29T23:{number:02d}:30Z" for number in range(30) if number != 7
    ]


def test_train_and_test_of_a_series_have_two_names(step_model, tmp_path):
    """Catches row 5 of pump twice in one result."""
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
        np.save(tmp_path / split / "pump.npy", draw(12))
    model = save_fake_model(
        tmp_path / "model", names=["feature_0", "feature_1", "feature_2"]
    )
    output = tmp_path / "scores"
    assert run(model, tmp_path, output, "--format=npy") == 0
    names = [row["series"] for row in read_result(output)]
    assert names == ["train/pump"] * 12 + ["test/pump"] * 12
    assert run(model, tmp_path / "test" / "*.npy", output, "--format=npy") == 0
    assert {row["series"] for row in read_result(output)} == {"pump"}


def test_a_series_continues_over_files(step_model, tmp_path, capsys):
    """Catches row numbers and windows that start again with each file."""
    values = draw(21)
    for part, begin in enumerate(range(0, 21, 3)):
        lines = [(*row, "pump") for row in values[begin : begin + 3]]
        write_csv(tmp_path / f"day_{part}.csv", "a,b,c,id", lines)
    output = tmp_path / "scores"
    assert run(step_model, f"{tmp_path}/*.csv", output) == 0
    rows = read_result(output)
    assert [row["row"] for row in rows] == [str(n) for n in range(21)]
    check_scores(rows, values, step_model)
    assert "shorter than" not in capsys.readouterr().out


def test_a_gap_starts_anew(tmp_path):
    """Catches windows across a gap; just below the limit is none."""
    model = save_fake_model(
        tmp_path / "model",
        reader={"format": "csv", "timestamp_column": "time"},
        period_seconds=60.0,
    )
    seconds = np.arange(30) * 60.0
    seconds[10:] += 4 * 60 - 1
    seconds[20:] += 4 * 60 + 1
    values = draw(30)
    table = write_csv(
        tmp_path / "x.csv",
        "time,a,b,c",
        [(time, *row) for time, row in zip(seconds, values, strict=True)],
    )
    output = tmp_path / "s.csv"
    assert run(model, table, output) == 0
    rows = read_result(output)
    check_scores(rows[:20], values[:20], model)
    check_scores(rows[20:], values[20:], model)
    assert [row["row"] for row in rows] == [str(n) for n in range(30)]


def test_unreadable_rows_keep_their_place(tmp_path, capsys):
    """Catches rows that move up, and refused rows told to nobody."""
    model = save_fake_model(tmp_path / "model")
    values = draw(20)
    lines = [tuple(row) for row in values]
    lines[7] = ("text", 1, 2)
    lines[12] = (1, 2)
    table = write_csv(tmp_path / "x.csv", "a,b,c", lines)
    values[7] = values[12] = np.nan
    output = tmp_path / "s.csv"
    assert run(model, table, output) == 0
    rows = read_result(output)
    check_scores(rows, values, model)
    assert rows[7]["is_scored"] == rows[12]["is_scored"] == "0"
    letters = (tmp_path / "s.csv.dead_letters.jsonl").read_text().splitlines()
    assert [json.loads(letter)["line"] for letter in letters] == [9, 14]
    assert "2 lines could not be read" in capsys.readouterr().out


def test_dead_letters_of_an_earlier_run_are_removed(tmp_path):
    """Catches last week's dead letters beside today's scores."""
    model = save_fake_model(tmp_path / "model")
    table = write_csv(tmp_path / "x.csv", "a,b,c", draw(20))
    letters = tmp_path / "s.csv.dead_letters.jsonl"
    letters.write_text("old")
    assert run(model, table, tmp_path / "s.csv") == 0
    assert not letters.exists()


def test_missing_cells_are_counted(step_model, tmp_path, capsys):
    """Catches a summary that hides what was not measured."""
    values = draw(15)
    values[3, 1] = values[9, 0] = np.nan
    table = write_csv(
        tmp_path / "x.csv", "a,b,c,id", [(*row, "p") for row in values]
    )
    output = tmp_path / "s.csv"
    assert run(step_model, table, output) == 0
    check_scores(read_result(output), values, step_model)
    line = capsys.readouterr().out.splitlines()
    (total,) = [text for text in line if " all " in text]
    cells = [cell.strip() for cell in total.strip("│").split("│")]
    assert cells[:2] == ["all", "15"] and cells[3:] == ["4", "2", "0"]


@pytest.mark.parametrize("view", ["time", "feature"])
def test_sequences_with_and_without_labels(sequence_model, tmp_path, view):
    """Catches lines mixed up, labels read as a feature."""
    sequences = np.random.default_rng(3).normal(size=(50, 4, 2)).round(4)
    fields = [[";".join(map(str, x.T[j])) for j in (0, 1)] for x in sequences]
    write_csv(tmp_path / "unlabeled.csv", "", fields)
    write_csv(tmp_path / "labeled.csv", "", [(*pair, 1) for pair in fields])
    for name in ("unlabeled", "labeled"):
        output = tmp_path / "s.csv"
        flags = [f"--view={view}"]
        assert (
            run(sequence_model, tmp_path / f"{name}.csv", output, *flags) == 0
        )
        rows = read_result(output)
        assert len(rows) == 200
        for number, values in enumerate(sequences):
            mine = rows[4 * number : 4 * number + 4]
            assert {row["series"] for row in mine} == {
                f"{name}-{number + 1:06d}"
            }
            assert [row["row"] for row in mine] == list("0123")
            check_scores(mine, values, sequence_model, view)


def test_sequence_of_another_length_is_not_scored(
    sequence_model, tmp_path, capsys
):
    """Catches a batch that fails for one odd series, or pads it."""
    lines = [(*row, f"s{n // 4}") for n, row in enumerate(draw(11, 2))]
    table = write_csv(tmp_path / "x.csv", "a,b,id", lines)
    output = tmp_path / "s.csv"
    flags = ["--format=csv", "--series_column=id"]
    assert run(sequence_model, table, output, *flags) == 0
    rows = read_result(output)
    assert [row["is_scored"] for row in rows] == ["1"] * 8 + ["0"] * 3
    assert "1 series of another length" in capsys.readouterr().out


def test_one_file_of_the_server_machine_data_set(tmp_path):
    """Catches a demand for folders and labels at prediction."""
    names = tuple(f"feature_{number}" for number in range(4))
    model = save_fake_model(
        tmp_path / "model", names=names, reader={"format": "smd"}
    )
    values = draw(25, 4)
    folder = tmp_path / "data" / "test"
    folder.mkdir(parents=True)
    table = write_csv(folder / "machine-1-1.txt", "", values)
    output = tmp_path / "s.csv"
    assert run(model, table, output) == 0
    rows = read_result(output)
    check_scores(rows, values, model)
    assert run(model, tmp_path / "data", output) == 0
    assert read_result(output) == rows


def test_nothing_to_score(step_model, tmp_path, capsys):
    """Catches success where no row has a score."""
    table = write_csv(
        tmp_path / "x.csv", "a,b,c,id", [(*row, "p") for row in draw(3)]
    )
    output = tmp_path / "s.csv"
    assert run(step_model, table, output) == 1
    assert len(read_result(output)) == 3
    assert "at least 5 rows" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--inptu=x"], "--input"),
        (["--output="], "`output` must be given"),
        (["--input=nothing-here-*"], "No file matches"),
        (["--format=xml"], "`format` must be one of"),
        (["--labeled=true"], "no use for this flag"),
        (["--model=/dev/null"], "saved_model.pb"),
        (["--view=both"], "`view` must be one of time, feature"),
    ],
)
def test_bad_flags(step_model, tmp_path, capsys, flags, message):
    """Catches a traceback, or an output written all the same."""
    table = write_csv(tmp_path / "x.csv", "a,b,c,id", [(1, 2, 3, "p")] * 9)
    output = tmp_path / "s.csv"
    assert run(step_model, table, output, *flags) == 2
    assert message in capsys.readouterr().err
    assert not output.exists()


def test_wrong_columns(step_model, tmp_path, capsys):
    """Catches a score of other columns."""
    output = tmp_path / "s.csv"
    table = write_csv(tmp_path / "x.csv", "a,b,d,id", [(1, 2, 3, "p")] * 9)
    assert run(step_model, table, output) == 2
    error = capsys.readouterr().err
    assert "missing: c" in error and "not known: d" in error
    assert list(tmp_path.iterdir()) == [table]


@pytest.mark.parametrize("suffix", ["", ".dead_letters.jsonl"])
@pytest.mark.parametrize("link", [None, "symlink_to", "hardlink_to"])
def test_an_input_is_never_written_over(
    step_model, tmp_path, capsys, suffix, link
):
    """Catches raw data replaced by its scores, or unlinked."""
    output = tmp_path / "s.csv"
    written = tmp_path / f"s.csv{suffix}"
    table = tmp_path / "x.csv" if link else written
    write_csv(table, "a,b,c,id", [(*row, "p") for row in draw(12)])
    if link:
        getattr(written, link)(table)
    before = table.read_text()
    files = sorted(tmp_path.iterdir())
    assert run(step_model, table, output) == 2
    assert "`output` and its .dead_letters" in capsys.readouterr().err
    assert table.read_text() == before
    assert sorted(tmp_path.iterdir()) == files


def test_extra_columns_come_with_their_cure(step_model, tmp_path, capsys):
    """Catches advice that does not work, or drops what was ignored."""
    rows = [(*row, "p", "k", "u", 1) for row in draw(12)]
    table = write_csv(tmp_path / "x.csv", "a,b,c,id,kind,my unit,d", rows)
    output = tmp_path / "s.csv"
    assert run(step_model, table, output) == 2
    cure = "--ignored_columns='kind,my unit,d'"
    assert capsys.readouterr().err.rstrip().endswith(cure)
    assert run(step_model, table, output, *shlex.split(cure)) == 0


def test_a_file_without_names_is_told_so(tmp_path, capsys):
    """Catches advice in a circle: --header=false, then other columns."""
    model = save_fake_model(tmp_path / "model")
    table = write_csv(tmp_path / "x.csv", "", draw(12))
    output = tmp_path / "s.csv"
    assert run(model, table, output) == 2
    error = capsys.readouterr().err
    assert "--header=false" in error and "feature_0" in error
    assert run(model, table, output, "--header=false") == 2
    assert "a first line with the model's names" in capsys.readouterr().err


def test_help_needs_no_tensorflow():
    """Catches an import that makes --help take seconds."""
    code = (
        "import sys; from inference import predict\n"
        "try: predict.main(['--help'])\n"
        "finally: assert 'tensorflow' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "--top_features" in done.stdout


def test_all_paths_in_a_bucket(step_model, tmp_path, capsys, bucket):
    """Catches scores that differ from those of local files, or are lost."""
    table = write_csv(
        tmp_path / "x.csv",
        "a,b,c,id,label,kind",
        [(*row, "pump", 0, "normal") for row in draw(40)],
    )
    assert run(step_model, table, tmp_path / "s.csv") == 0
    model = bucket.put_folder("run/model", step_model)
    bucket.put("new/x.csv", table.read_bytes())
    bucket.put("s.csv.dead_letters.jsonl", b"of an earlier run")
    bucket.faults.answer(503, times=2, part="/upload/")
    output = bucket.url("s.csv")
    assert run(model, bucket.url("new/*.csv"), output) == 0
    assert bucket.get("s.csv") == (tmp_path / "s.csv").read_bytes()
    assert "s.csv.dead_letters.jsonl" not in bucket.names()
    capsys.readouterr()
    assert run(model, bucket.url("new/x.csv"), bucket.url("new")) == 2
    assert "must be a file" in capsys.readouterr().err
    before = bucket.get("new/x.csv")
    assert run(model, bucket.url("new"), bucket.url("new/x.csv")) == 2
    assert "must not be files of `input`" in capsys.readouterr().err
    assert bucket.get("new/x.csv") == before


def test_a_bucket_that_cannot_be_written(step_model, tmp_path, capsys, bucket):
    """Catches hours of scoring whose result cannot be stored."""
    table = write_csv(tmp_path / "x.csv", "a,b,c,id", [(1, 2, 3, "p")] * 9)
    bucket.faults.answer(403, part="/upload/")
    assert run("nowhere", table, bucket.url("out/s.csv")) == 2
    assert "`output` must be a folder that can" in capsys.readouterr().err
    assert bucket.names() == []
