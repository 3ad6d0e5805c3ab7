"""Bad input through the command lines: said, counted, and nothing lost.

Cases of one command alone stand with it: an empty glob and an all-NaN column
of tables, roles, too many bad rows (preprocessing/test_task.py); a window
longer than the halo, contradictions to the schema, unused flags, phases out
of order (trainer/test_task.py); flags and columns (inference/test_predict.py,
evaluation/test_report.py).
"""

import dataclasses
import json
import re

import main_job
import numpy as np
import pandas as pd
import pytest
from scored_files import read_scores

from evaluation import report
from inference import predict
from preprocessing import simulate
from preprocessing import task as preprocessing_task
from trainer import task as trainer_task
from trainer.schema import Schema

WINDOW_LENGTH = 12
CONSTANT = 7.5
NUM_ROWS, NUM_SHORT = 1000, 20


def table(num_rows, seed=1):
    """Columns x, y, z, constant, empty as text, one list a row."""
    values = np.random.default_rng(seed).normal(size=(num_rows, 3)).round(4)
    return [[*map(str, row), str(CONSTANT), ""] for row in values]


def write_lines(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def write_table(path, rows, header="x,y,z,constant,empty"):
    return write_lines(path, [header, *(",".join(row) for row in rows)])


def read_letters(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@dataclasses.dataclass(frozen=True)
class Rough:
    """A model made from data with every fault that can be lived with."""

    job: main_job.Job
    prepared: main_job.Result
    trained: main_job.Result


@pytest.fixture(scope="module")
def rough(tmp_path_factory):
    """Constant and empty columns, a short series, four bad lines."""
    folder = tmp_path_factory.mktemp("rough")
    rows = table(NUM_ROWS)
    rows[100] = ["1", "2"]
    rows[200] += ["9"]
    rows[300][1] = "text"
    rows[400][1] = "inf"
    write_table(folder / "raw" / "usual.csv", rows)
    write_table(folder / "raw" / "short.csv", table(NUM_SHORT, seed=2))
    job = main_job.Job(folder / "raw", folder / "data", folder / "run")
    prepared = main_job.succeed(
        preprocessing_task.main,
        f"--input={job.raw}/*.csv",
        f"--output={job.data}",
        "--format=csv",
        "--roles=empty=ignored",
    )
    trained = main_job.succeed(
        trainer_task.main,
        f"--data_dir={job.data}",
        f"--output_dir={job.output}",
        f"--window_length={WINDOW_LENGTH}",
        "--epochs=2",
        "--preset=talk_dense",
        "--encoder_units=8",
        "--decoder_units=8",
        *main_job.QUICK,
    )
    return Rough(job, prepared, trained)


def test_bad_lines_are_counted_and_keep_their_place(rough):
    """Catches lines that vanish between input, data set and dead letters."""
    letters = read_letters(rough.job.data / "dead_letters.jsonl")
    found = {letter["line"]: letter["reason"] for letter in letters}
    assert found == {
        102: "2 fields, expected 5",
        202: "6 fields, expected 5",
        302: "not a number: 'text' in column y",
        402: "not a finite number: 'inf' in column y",
    }
    assert "refused rows: 4" in rough.prepared.printed
    printed = rough.prepared.printed
    unused = int(re.search(r"rows unused .*?: (\d+);", printed).group(1))
    splits = Schema.load(str(rough.job.data)).splits
    kept = sum(split.rows for split in splits.values())
    assert kept + unused == NUM_ROWS + NUM_SHORT


def test_a_constant_column_is_told_and_does_no_harm(rough):
    """Catches a division by zero, or a column dropped without a word."""
    assert "constant in train (1): constant" in rough.prepared.printed
    features = Schema.load(str(rough.job.data)).features
    assert features[3].is_constant and features[3].role == "scored"
    metrics = json.loads((rough.job.output / "metrics.json").read_text())
    for phase in metrics.values():
        for name, value in phase.items():
            is_text = isinstance(value, str)
            assert is_text or np.isfinite(value).all(), name


def test_short_series_are_left_out_aloud(rough):
    """Catches a short series that ends training, or is dropped in silence."""
    for split in ("train", "statistics"):
        assert re.search(
            f"{split}: 1 stretches without a gap are shorter than the 12 rows",
            rough.trained.errors,
        )


@pytest.fixture(scope="module")
def predicted(rough, tmp_path_factory):
    """Scores of three files with faults, row by row, and what was said."""
    folder = tmp_path_factory.mktemp("predicted")
    rows = table(60, seed=3)
    rows[20][0] = "NaN"
    rows[25][:3] = ["", "NA", "null"]
    rows[30][0] = "inf"
    rows[35][0] = "1e39"
    rows[40] = ["1", "2"]
    rows[45] += ["9"]
    rows[50][0] = "text"
    rows[55][3] = "8.5"
    write_table(folder / "new" / "faults.csv", rows)
    write_table(folder / "new" / "short.csv", table(WINDOW_LENGTH - 1))
    unknown = [["nan"] * 5 for _ in range(40)]
    write_table(folder / "new" / "unknown.csv", unknown)
    output = folder / "scores.csv"
    result = main_job.succeed(
        predict.main,
        f"--model={rough.job.model}",
        f"--input={folder}/new/*.csv",
        f"--output={output}",
    )
    return (
        result,
        read_scores(output),
        read_letters(folder / "scores.csv.dead_letters.jsonl"),
    )


def test_prediction_keeps_every_row(predicted):
    """Catches rows that move up, or series without any result."""
    _, scores, letters = predicted
    assert scores.groupby("series")["row"].apply(list).to_dict() == {
        "faults": list(range(60)),
        "short": list(range(WINDOW_LENGTH - 1)),
        "unknown": list(range(40)),
    }
    assert {letter["line"]: letter["reason"] for letter in letters} == {
        32: "not a finite number: 'inf' in column x",
        42: "2 fields, expected 5",
        47: "6 fields, expected 5",
        52: "not a number: 'text' in column x",
    }


def test_unknown_is_not_normal(predicted):
    """Catches NaN or infinity in, 'normal' or a score of NaN out."""
    _, scores, _ = predicted
    is_scored = scores["is_scored"] == 1
    assert np.isfinite(scores["score"][is_scored]).all()
    assert scores["is_anomaly"][is_scored].isin([0, 1]).all()
    for column in ("score", "is_anomaly", "top_features"):
        assert scores[column][~is_scored].isna().all()
    faults = scores[scores["series"] == "faults"]
    unscored = faults["row"][faults["is_scored"] == 0].tolist()
    # Too few cells, or a line that could not be read; one missing or
    # infinite cell of four leaves enough.
    assert unscored == [*range(WINDOW_LENGTH - 1), 25, 30, 40, 45, 50]
    others = scores[scores["series"] != "faults"]
    assert not others["is_scored"].any()


def test_a_constant_that_moves_is_an_anomaly(predicted):
    """Catches a column that was constant and is not looked at again."""
    _, scores, _ = predicted
    row = scores[(scores["series"] == "faults") & (scores["row"] == 55)]
    assert row["is_anomaly"].item() == 1
    assert row["top_features"].item().startswith("constant:")


def test_prediction_says_what_it_met(predicted):
    """Catches a summary that hides missing and infinite cells."""
    result, _, _ = predicted
    lines = result.printed.splitlines()
    cells = {
        words[0]: words[1:]
        for words in (re.findall(r"[\w,]+", line) for line in lines)
        if words
    }
    # The row without a reading has 5 missing cells, 4 lines were refused,
    # 1 + 3 cells are missing in x, y, z and all 60 in the empty column.
    missing = 4 * 5 + 1 + 3 + (60 - 4)
    assert cells["faults"][0] == "60" and cells["faults"][3:] == [
        str(missing),
        "1",
    ]
    assert cells["unknown"][3:] == ["200", "0"]
    assert "4 lines could not be read" in result.printed
    assert "1 series shorter than the window of 12 rows" in result.printed


def test_sequences_with_bad_lines(tmp_path):
    """Catches sequences that are lost, cut, or filled up."""
    values = np.random.default_rng(4).normal(size=(400, 6, 3)).round(3)
    lines = [
        ",".join(";".join(map(str, column)) for column in sequence.T)
        for sequence in values
    ]
    lines[5] = lines[5].rsplit(",", 1)[0]
    lines[9] += ",1;2;3;4;5;6"
    lines[13] = lines[13].replace(";", ";text", 1)
    lines[17] = lines[17].rsplit(";", 1)[0]
    path = write_lines(tmp_path / "sequences.csv", lines)
    data = tmp_path / "data"
    result = main_job.succeed(
        preprocessing_task.main,
        f"--input={path}",
        f"--output={data}",
        "--format=sequences",
    )
    letters = read_letters(data / "dead_letters.jsonl")
    assert [letter["line"] for letter in letters] == [6, 10, 14, 18]
    assert [letter["text"] for letter in letters] == [
        lines[letter["line"] - 1] for letter in letters
    ]
    assert "refused rows: 4" in result.printed
    splits = Schema.load(str(data)).splits
    assert sum(split.series for split in splits.values()) == 400 - 4
    assert sum(split.rows for split in splits.values()) == (400 - 4) * 6


def test_times_that_repeat(tmp_path):
    """Catches rows out of order that are neither kept nor told."""
    rows = [[str(at), *row[:3]] for at, row in enumerate(table(400))]
    rows[100][0] = rows[99][0]
    rows[200][0] = "0"
    write_table(tmp_path / "a.csv", rows, "time,x,y,z")
    data = tmp_path / "data"
    result = main_job.succeed(
        preprocessing_task.main,
        f"--input={tmp_path}/a.csv",
        f"--output={data}",
        "--format=csv",
        "--timestamp_column=time",
    )
    letters = read_letters(data / "dead_letters.jsonl")
    assert [letter["line"] for letter in letters] == [102, 202]
    unused = re.search(r"rows unused .*?: (\d+);", result.printed).group(1)
    splits = Schema.load(str(data)).splits
    kept = sum(split.rows for split in splits.values())
    assert kept + int(unused) + len(letters) == 400


def _no_sequences(folder, rough):
    return preprocessing_task.main, [
        f"--input={folder}/nothing*.csv",
        "--format=sequences",
        f"--output={folder}/out",
    ]


def _no_machines(folder, rough):
    return preprocessing_task.main, [
        f"--input={folder}",
        "--format=smd",
        f"--output={folder}/out",
    ]


def _text_column(folder, rough):
    rows = [[*row[:3], "normal"] for row in table(50)]
    write_table(folder / "a.csv", rows, "x,y,z,kind")
    return preprocessing_task.main, [
        f"--input={folder}/*.csv",
        "--format=csv",
        f"--output={folder}/out",
    ]


def _empty_field(folder, rough):
    write_lines(folder / "a.csv", [";;;,1;2;3;4"] * 50)
    return preprocessing_task.main, [
        f"--input={folder}/a.csv",
        "--format=sequences",
        f"--output={folder}/out",
    ]


def _contradiction(folder, rough):
    write_lines(folder / "a.csv", ["1;2;3,4;5;6"] * 50)
    return preprocessing_task.main, [
        f"--input={folder}/a.csv",
        "--format=sequences",
        "--feat_names=only_one",
        f"--output={folder}/out",
    ]


def _labels_of_another_length(folder, rough):
    for part in ("train", "test"):
        rows = [",".join(row[:3]) for row in table(100)]
        write_lines(folder / "smd" / part / "machine-1-1.txt", rows)
    labels = folder / "smd" / "test_label" / "machine-1-1.txt"
    write_lines(labels, ["0"] * 99)
    return preprocessing_task.main, [
        f"--input={folder}/smd",
        "--format=smd",
        f"--output={folder}/out",
    ]


def _only_short_series(folder, rough):
    return trainer_task.main, [
        f"--data_dir={rough.job.data}",
        f"--output_dir={folder}/out",
        "--preset=talk_dense",
        "--window_length=500",
        *main_job.QUICK,
    ]


def _other_data_between_phases(folder, rough):
    write_table(folder / "a.csv", [row[:3] for row in table(100)], "x,y,z")
    data = folder / "data"
    flags = [f"--input={folder}/a.csv", f"--output={data}", "--format=csv"]
    main_job.succeed(preprocessing_task.main, *flags)
    return trainer_task.main, [
        f"--data_dir={data}",
        f"--output_dir={rough.job.output}",
        "--training_mode=calculate_error_distribution_statistics",
    ]


def _unused_flag_of_simulate(folder, rough):
    return simulate.main, [f"--output={folder}/out", "--num_trian=3"]


def _unfinished_model_served(folder, rough):
    return predict.main, [
        f"--model={rough.job.output / 'checkpoints'}",
        f"--input={rough.job.raw}/*.csv",
        f"--output={folder}/out",
    ]


def _unfinished_model_measured(folder, rough):
    return report.main, [
        f"--model={rough.job.output / 'checkpoints'}",
        f"--data_dir={rough.job.data}",
        f"--output={folder}/out",
    ]


def _predict(folder, rough, rows, header="x,y,z,constant,empty"):
    write_table(folder / "new.csv", rows, header)
    return predict.main, [
        f"--model={rough.job.model}",
        f"--input={folder}/new.csv",
        f"--output={folder}/out",
    ]


def _too_few_features(folder, rough):
    return _predict(folder, rough, [["1", "2"]] * 40, "x,y")


def _too_many_features(folder, rough):
    rows = [[*row, "1"] for row in table(40)]
    return _predict(folder, rough, rows, "x,y,z,constant,empty,more")


REFUSED = [
    (_no_sequences, "No file matches", "check the path"),
    (_no_machines, "must be a folder that holds train/", "the folder above"),
    (_text_column, "'normal' in column kind", "--ignored_columns"),
    (_empty_field, "none in: feature_0", "--ignored_columns=feature_0"),
    (_contradiction, "2 fields in the first line", "Correct the flag"),
    (_labels_of_another_length, "99 labels .* for 100 rows", "Take both files"),
    (_only_short_series, "window_length=500, 2 shorter", "a shorter window"),
    (_other_data_between_phases, "data_dir", "reconstruction --resume=false"),
    (_unused_flag_of_simulate, "num_trian", "Did you mean --num_train"),
    (_unfinished_model_served, "saved_model.pb", "after its last phase"),
    (_unfinished_model_measured, "saved_model.pb", "after its last phase"),
    (_too_few_features, "missing: z, constant, empty", "--help"),
    (_too_many_features, "not known: more", "--ignored_columns=more"),
]


@pytest.mark.parametrize(
    ("prepare", "cause", "next_step"),
    REFUSED,
    ids=[case[0].__name__.strip("_") for case in REFUSED],
)
def test_refused(tmp_path, rough, prepare, cause, next_step):
    """Catches a traceback, exit code 0, or an output of nothing."""
    main, flags = prepare(tmp_path, rough)
    before = sorted(rough.job.output.rglob("*"))
    result = main_job.call(main, *flags)
    assert result.code == 2
    assert re.search(cause, result.errors)
    assert next_step in result.errors
    assert "Traceback" not in result.errors
    assert not (tmp_path / "out" / "model").exists()
    assert not (tmp_path / "out").is_file()
    assert not (tmp_path / "out" / "schema.json").exists()
    assert sorted(rough.job.output.rglob("*")) == before


@pytest.mark.parametrize(
    ("rows", "cause"),
    [
        (table(WINDOW_LENGTH - 1), "at least 12 rows, the series have 11"),
        ([["nan"] * 5] * 40, "too many cells are not measured"),
        ([["1", "2"]] * 40, "2 fields, expected 5"),
    ],
    ids=["too_short", "all_unknown", "all_refused"],
)
def test_nothing_useful_came_out(tmp_path, rough, rows, cause):
    """Catches success where no row has a score, or rows that are lost."""
    main, flags = _predict(tmp_path, rough, rows)
    result = main_job.call(main, *flags)
    assert result.code == 1
    assert cause in result.errors and "Traceback" not in result.errors
    scores = pd.read_csv(tmp_path / "out")
    assert scores["row"].tolist() == list(range(len(rows)))
    assert not scores["is_scored"].any()
