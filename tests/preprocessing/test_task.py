"""The whole chain: files in, data set out, read back with tf.data."""

import collections
import json
import pathlib

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from preprocessing import task
from trainer.schema import SPLITS, Schema


def _run(tmp_path, *flags, output="data"):
    return task.main([*flags, f"--output={tmp_path / output}"])


def _records(folder, schema, split):
    paths = [str(folder / shard) for shard in schema.splits[split].shards]
    for data in tf.data.TFRecordDataset(paths).as_numpy_iterator():
        feature = tf.train.Example.FromString(data).features.feature
        record = {}
        for name, kind in (
            ("values", schema.dtype),
            ("label", "int8"),
            ("timestamp", "<i8"),
        ):
            if name in feature:
                raw = feature[name].bytes_list.value[0]
                record[name] = np.frombuffer(raw, kind)
        for name in ("start", "halo", "length", "sequence_label"):
            if name in feature:
                record[name] = feature[name].int64_list.value[0]
        record["series_id"] = feature["series_id"].bytes_list.value[0].decode()
        record["values"] = record["values"].reshape(record["length"], -1)
        yield record


def _rows(folder, schema):
    """(series, row) to (split, values, label, timestamp); no row twice."""
    rows = {}
    for split in SPLITS:
        for record in _records(folder, schema, split):
            for at in range(record["halo"], record["length"]):
                key = record["series_id"], record["start"] + at
                assert key not in rows
                rows[key] = (
                    split,
                    record["values"][at],
                    record.get("label", {at: None})[at],
                    record.get("timestamp", {at: None})[at],
                )
    return rows


def _table(seed, rows=1000):
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(rows, 3)).round(4)
    values[::97, 1] = np.nan
    values[:, 2] = generator.integers(0, 2, rows)
    return values, (generator.random(rows) < 0.1).astype(int)


def _write_table(path, values, labels):
    cells = [
        ",".join("" if np.isnan(cell) else f"{cell:g}" for cell in row)
        for row in values
    ]
    lines = [f"{row},{label}" for row, label in zip(cells, labels, strict=True)]
    path.write_text("\n".join(["x,y,on,label", *lines]) + "\n")


@pytest.fixture
def tables(tmp_path):
    folder = tmp_path / "input"
    folder.mkdir()
    tables = {f"pump-{number}": _table(number) for number in range(3)}
    for name, table in tables.items():
        _write_table(folder / f"{name}.csv", *table)
    return tables


def _csv_flags(tmp_path, *flags):
    return (
        "--format=csv",
        f"--input={tmp_path}/input/*.csv",
        "--label_column=label",
        "--max_window_length=10",
        *flags,
    )


def test_csv_equals_naive_reading(tmp_path, tables, monkeypatch):
    """Catches values, labels or rows that differ from those of the file."""
    monkeypatch.setattr("preprocessing.shards._SEGMENT_BYTES", 500)
    assert _run(tmp_path, *_csv_flags(tmp_path)) == 0
    schema = Schema.load(str(tmp_path / "data"))
    rows = _rows(tmp_path / "data", schema)
    counts = collections.Counter()
    for (name, row), (split, values, label, _) in rows.items():
        expected, labels = tables[name]
        np.testing.assert_array_equal(values, expected[row].astype("f4"))
        assert label == labels[row]
        counts[split] += 1
    # 10 rows between neighbouring splits are in none.
    assert len(rows) == 3 * (1000 - 4 * 10)
    assert counts == {
        "train": 3 * 460,
        "validation": 300,
        "statistics": 300,
        "tuning": 300,
        "test": 600,
    }
    assert {name: split.rows for name, split in schema.splits.items()} == counts
    for name, split in schema.splits.items():
        labels = np.array([row[2] for row in rows.values() if row[0] == name])
        assert split.normal == (labels == 0).sum()
        assert split.anomalous == (labels == 1).sum()
        assert split.series == 3 and len(split.shards) == 3


def test_schema_holds_train_statistics(tmp_path, tables):
    """Catches statistics over all splits, and a role by the wrong rule."""
    assert _run(tmp_path, *_csv_flags(tmp_path, "--roles=y=ignored")) == 0
    schema = Schema.load(str(tmp_path / "data"))
    train = np.concatenate([values[:460] for values, _ in tables.values()])
    for position, feature in enumerate(schema.features):
        column = train[:, position]
        assert feature.count == (~np.isnan(column)).sum()
        assert feature.missing == np.isnan(column).sum()
        np.testing.assert_allclose(feature.mean, np.nanmean(column), 1e-9)
        np.testing.assert_allclose(
            feature.variance, np.nanvar(column, ddof=1), 1e-9
        )
        assert feature.minimum == np.nanmin(column)
        assert feature.maximum == np.nanmax(column)
    assert schema.feature_names == ("x", "y", "on")
    roles = [feature.role for feature in schema.features]
    assert roles == ["scored", "ignored", "covariate"]
    assert schema.label_kind == "step" and schema.halo == 10
    assert schema.dtype == "float32"
    assert schema.reader["format"] == "csv"
    assert "preprocessing.task" in schema.command


def test_halo_repeats_rows_of_the_same_split(tmp_path, tables, monkeypatch):
    """Catches a halo from the split before, or with other values."""
    monkeypatch.setattr("preprocessing.shards._SEGMENT_BYTES", 500)
    assert _run(tmp_path, *_csv_flags(tmp_path)) == 0
    schema = Schema.load(str(tmp_path / "data"))
    for split in SPLITS:
        seen = set()
        records = list(_records(tmp_path / "data", schema, split))
        assert sum(record["halo"] > 0 for record in records) > 3
        for record in records:
            name, start = record["series_id"], record["start"]
            stored = tables[name][0][start : start + record["length"]]
            np.testing.assert_array_equal(record["values"], stored.astype("f4"))
            keys = {(name, start + at) for at in range(record["length"])}
            halo = {(name, start + at) for at in range(record["halo"])}
            assert keys & seen == halo
            seen |= keys


def test_sequences(tmp_path):
    """Catches sequences in the wrong split, and lost sequence labels."""
    folder = tmp_path / "input"
    folder.mkdir()
    generator = np.random.default_rng(1)
    written = {}
    for name, count, labels in (
        ("train_norm_seq", 100, None),
        ("val_norm_1_seq", 20, None),
        ("labeled_val_mixed_seq", 30, [0, 1, 1] * 10),
        ("unlabeled_val_mixed_seq", 30, None),
        ("labeled_test_mixed_seq", 10, [0, 1] * 5),
    ):
        values = generator.normal(size=(count, 4, 2)).round(3)
        lines = []
        for number, sequence in enumerate(values):
            line = ",".join(";".join(map(str, c)) for c in sequence.T)
            label = -1 if labels is None else labels[number]
            lines.append(line if labels is None else f"{line},{label}")
            key = f"{name}-{number + 1:06d}"
            written[key] = sequence.astype("f4"), label
        (folder / f"{name}.csv").write_text("\n".join(lines))
    flags = ("--format=sequences", f"--input={folder}")
    assert _run(tmp_path, *flags) == 0
    schema = Schema.load(str(tmp_path / "data"))
    counts = {}
    for split in SPLITS:
        records = list(_records(tmp_path / "data", schema, split))
        counts[split] = len(records)
        for record in records:
            values, label = written[record["series_id"]]
            np.testing.assert_array_equal(record["values"], values)
            assert record["sequence_label"] == label
            assert record["start"] == record["halo"] == 0
    assert counts == {
        "train": 90,
        "validation": 10,
        "statistics": 20,
        "tuning": 30,
        "test": 10,
    }
    assert schema.label_kind == "sequence" and schema.sequence_length == 4
    assert schema.splits["tuning"].anomalous == 20
    assert schema.splits["train"].unknown == 90
    assert schema.splits["train"].rows == 360


def test_sequences_without_labels(tmp_path):
    """Catches sequences of which only the last step would be scored."""
    (tmp_path / "input").mkdir()
    path = tmp_path / "input" / "a.csv"
    path.write_text("1;2;3,4;5;6\n7;8;9,1;2;3\n" * 50)
    flags = ("--format=sequences", f"--input={path}")
    assert _run(tmp_path, *flags) == 0
    schema = Schema.load(str(tmp_path / "data"))
    assert schema.label_kind == "sequence" and schema.sequence_length == 3
    records = list(_records(tmp_path / "data", schema, "test"))
    assert [record["sequence_label"] for record in records] == [-1] * 20
    assert schema.splits["test"].unknown == 20


def test_sequences_of_two_lengths_say_what_to_do(tmp_path, capsys):
    """Catches a refusal that leaves the reader without a next step."""
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "a.csv").write_text("1;2;3,4;5;6\n" * 20)
    (tmp_path / "input" / "b.csv").write_text("1;2,4;5\n" * 20)
    assert (
        _run(tmp_path, "--format=sequences", f"--input={tmp_path}/input") == 2
    )
    error = capsys.readouterr().err
    assert "2, 3 time steps" in error and "data set of each length" in error


def test_smd_selects_series_and_keeps_test_whole(tmp_path):
    """Catches a test part that is cut, and other machines' rows."""
    generator = np.random.default_rng(1)
    for part in ("train", "test", "test_label"):
        (tmp_path / "smd" / part).mkdir(parents=True)
    for name in ("machine-1-1", "machine-2-1"):
        for part in ("train", "test"):
            np.savetxt(
                tmp_path / "smd" / part / f"{name}.txt",
                generator.random((300, 4)),
                "%.6f",
                ",",
            )
        labels = generator.integers(0, 2, 300)
        np.savetxt(tmp_path / "smd/test_label" / f"{name}.txt", labels, "%d")
    flags = ("--format=smd", f"--input={tmp_path / 'smd'}")
    assert _run(tmp_path, *flags, "--series=machine-2-1") == 0
    schema = Schema.load(str(tmp_path / "data"))
    rows = {name: split.rows for name, split in schema.splits.items()}
    assert rows == {
        "train": 300 - 90 - 9,
        "validation": 30,
        "statistics": 30,
        "tuning": 30,
        "test": 300,
    }
    (record,) = _records(tmp_path / "data", schema, "test")
    expected = np.loadtxt(tmp_path / "smd/test/machine-2-1.txt", delimiter=",")
    np.testing.assert_array_equal(record["values"], expected.astype("f4"))
    np.testing.assert_array_equal(record["label"], labels)
    (record,) = _records(tmp_path / "data", schema, "train")
    assert (record["label"] == -1).all()


def test_timestamps_gaps_and_period(tmp_path):
    """Catches a window over a gap, and a period in microseconds."""
    (tmp_path / "input").mkdir()
    times = np.arange(200) * 10
    times[50:] += 1000
    lines = [f"{time},{row}" for row, time in enumerate(times)]
    (tmp_path / "input/a.csv").write_text("\n".join(["time,x", *lines]))
    flags = ("--format=csv", f"--input={tmp_path}/input/*.csv")
    assert _run(tmp_path, *flags, "--timestamp_column=time") == 0
    schema = Schema.load(str(tmp_path / "data"))
    assert schema.sampling_period_seconds == 10
    first, second = _records(tmp_path / "data", schema, "train")
    assert (first["start"], first["length"]) == (0, 50)
    assert (second["start"], second["halo"]) == (50, 0)
    for (_, row), kept in _rows(tmp_path / "data", schema).items():
        assert kept[3] == times[row] * 1_000_000


def test_a_series_continues_over_files(tmp_path):
    """Catches row numbers and splits that start again with each file."""
    (tmp_path / "input").mkdir()
    for day in range(4):
        lines = [f"a,{day * 50 + row}" for row in range(50)]
        path = tmp_path / "input" / f"day-{day}.csv"
        path.write_text("\n".join(["id,x", *lines]))
    flags = ("--format=csv", f"--input={tmp_path}/input/*.csv")
    assert _run(tmp_path, *flags, "--series_column=id") == 0
    schema = Schema.load(str(tmp_path / "data"))
    rows = _rows(tmp_path / "data", schema)
    assert all(values[0] == row for (_, row), (_, values, *_) in rows.items())
    assert schema.splits["test"].rows == 40
    assert schema.splits["train"].series == 1


@pytest.mark.parametrize("starts", [(50, 0), (0, 30), (0, 0)])
def test_files_that_go_back_in_time_are_refused(tmp_path, capsys, starts):
    """Catches day-10 read before day-2, and files that overlap for long."""
    (tmp_path / "input").mkdir()
    for name, first in zip(("day-10", "day-2"), starts, strict=True):
        lines = [f"{first + row},a,{row}" for row in range(50)]
        path = tmp_path / "input" / f"{name}.csv"
        path.write_text("\n".join(["time,id,x", *lines]))
    flags = ("--format=csv", f"--input={tmp_path}/input/*.csv")
    columns = ("--series_column=id", "--timestamp_column=time")
    assert _run(tmp_path, *flags, *columns) == 2
    error = capsys.readouterr().err
    assert "day-10.csv" in error and "day-2.csv" in error
    assert "sort by time" in error and "series a" in error
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("format_name", ["csv", "parquet"])
def test_a_row_that_two_files_share_is_kept_once(tmp_path, format_name):
    """Catches midnight stored twice, and a month refused for it."""
    (tmp_path / "input").mkdir()
    for name, first in (("day-1", 0), ("day-2", 99)):
        table = pd.DataFrame({"time": range(first, first + 100)})
        table = table.assign(id="a", x=table.time)
        path = f"{tmp_path}/input/{name}.{format_name}"
        if format_name == "csv":
            table.to_csv(path, index=False)
        else:
            table.to_parquet(path, index=False)
    flags = (f"--format={format_name}", f"--input={tmp_path}/input")
    columns = ("--series_column=id", "--timestamp_column=time")
    assert _run(tmp_path, *flags, *columns, "--split_gap_rows=0") == 0
    rows = _rows(tmp_path / "data", Schema.load(str(tmp_path / "data")))
    found = {row: int(values[0]) for (_, row), (_, values, *_) in rows.items()}
    assert found == {row: row for row in range(199)}
    (letter,) = (tmp_path / "data/dead_letters.jsonl").read_text().splitlines()
    letter = json.loads(letter)
    assert letter["file"].endswith(f"day-2.{format_name}")
    assert "repeated timestamp" in letter["reason"]


def test_float64_is_found_late(tmp_path, monkeypatch):
    """Catches a dtype decided by the first rows only."""
    monkeypatch.setattr(
        "preprocessing.readers.text.pieces._FIRST_CHUNK_BYTES", 99
    )
    monkeypatch.setattr("preprocessing.counting._LOOK_CELLS", 5)
    (tmp_path / "input").mkdir()
    column = np.where(np.arange(400) < 20, np.nan, 1e9 + np.arange(400) % 7)
    lines = ["" if np.isnan(cell) else f"{cell:.0f}" for cell in column]
    text = "\n".join(["x,y", *(f"{line},{i}" for i, line in enumerate(lines))])
    (tmp_path / "input/a.csv").write_text(text)
    flags = ("--format=csv", f"--input={tmp_path}/input/*.csv")
    assert _run(tmp_path, *flags) == 0
    schema = Schema.load(str(tmp_path / "data"))
    assert schema.dtype == "float64"
    for (_, row), kept in _rows(tmp_path / "data", schema).items():
        np.testing.assert_equal(kept[1][0], column[row])


def _spoil(tmp_path, name, change):
    path = tmp_path / "input" / name
    path.write_text(change(path.read_text()))


def test_a_value_beyond_float32_in_test_alone(tmp_path):
    """Catches infinity stored where train is small enough for float32."""
    (tmp_path / "input").mkdir()
    values = np.arange(200.0)
    values[-5] = 1e39
    text = "".join(f"{value}\n" for value in values)
    (tmp_path / "input/a.csv").write_text(f"x\n{text}")
    flags = ("--format=csv", f"--input={tmp_path}/input/*.csv")
    assert _run(tmp_path, *flags, "--split_gap_rows=0", output="a,b") == 0
    schema = Schema.load(str(tmp_path / "a,b"))
    assert schema.dtype == "float64"
    rows = _rows(tmp_path / "a,b", schema)
    assert rows["a", 195][1] == [1e39]
    assert not any(np.isinf(values).any() for _, values, *_ in rows.values())


def test_bad_rows_below_the_limit_are_dead_letters(tmp_path, tables, capsys):
    """Catches refused rows that vanish, or take good ones with them."""
    _spoil(tmp_path, "pump-1.csv", lambda text: text.replace("\n", "\nx", 1))
    assert _run(tmp_path, *_csv_flags(tmp_path)) == 0
    schema = Schema.load(str(tmp_path / "data"))
    letters = (tmp_path / "data/dead_letters.jsonl").read_text().splitlines()
    (letter,) = map(json.loads, letters)
    assert letter["line"] == 2 and letter["text"].startswith("x")
    assert letter["file"].endswith("pump-1.csv")
    assert "not a number" in letter["reason"]
    kept = _rows(tmp_path / "data", schema)["pump-1", 0]
    assert np.isnan(kept[1]).all() and kept[2] == -1
    assert "refused rows: 1" in capsys.readouterr().out


def test_too_many_bad_rows_fail_and_are_kept(tmp_path, tables, capsys):
    """Catches a data set made from what little could be read."""
    _spoil(tmp_path, "pump-1.csv", lambda text: text.replace(",", ";"))
    (tmp_path / "input/pump-1.csv").write_text(
        "x,y,on,label\n" + "1;2;3;4\n" * 500
    )
    assert _run(tmp_path, *_csv_flags(tmp_path)) == 2
    error = capsys.readouterr().err
    assert "500 of 2500;" in error and "data.dead_letters.jsonl" in error
    for flag in ("timestamp_column", "series_column", "ignored_columns"):
        assert f"--{flag}" in error
    assert not (tmp_path / "data").exists()
    letters = (tmp_path / "data.dead_letters.jsonl").read_text().splitlines()
    assert len(letters) == 500
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "data.dead_letters.jsonl",
        "input",
    ]


def test_dead_letters_of_a_failed_run_are_removed(tmp_path, tables):
    """Catches the letters of a failure beside a data set without any."""
    letters = tmp_path / "data.dead_letters.jsonl"
    letters.write_text("old")
    flags = _csv_flags(tmp_path)
    assert _run(tmp_path, *flags, "--label_column=none") == 2
    assert letters.exists()
    assert _run(tmp_path, *flags) == 0
    assert not letters.exists()


def _without_x(text):
    lines = text.splitlines()
    return "\n".join(
        [lines[0], *("," + line.split(",", 1)[1] for line in lines[1:])]
    )


@pytest.mark.parametrize(
    ("flags", "change", "message"),
    [
        (["--roles=z=ignored"], None, "z=ignored"),
        (["--roles=x=scord"], None, "x=scord"),
        (["--roles=x"], None, "--roles=valve=covariate"),
        (["--series=pump-9"], None, "pump-9; there are pump-0"),
        (["--window=3"], None, "--window=3"),
        (["--labeled=true"], None, "--labeled=true"),
        (["--max_window_length=1"], None, "at least 2"),
        (["--test_fraction=0.8"], None, "Lower one of them"),
        (["--label_column=state"], None, "label_column=state"),
        (["--input=nothing*.csv"], None, "No file matches"),
        (["--format=parquet"], None, "parquet"),
        ([], _without_x, "--ignored_columns=x"),
        ([], lambda text: "", "is empty"),
        ([], lambda text: "x,y,on,label\n", "a header and no rows"),
        ([], lambda text: text.replace("y", "z", 1), "same columns"),
    ],
)
def test_bad_input_is_one_clear_message(
    tmp_path, tables, capsys, flags, change, message
):
    """Catches a traceback, exit code 0, or a half-written folder."""
    names = ["pump-1.csv"] if "same" in message else None
    if change:
        for name in names or [f"pump-{number}.csv" for number in range(3)]:
            _spoil(tmp_path, name, change)
    assert _run(tmp_path, *_csv_flags(tmp_path), *flags) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert "Traceback" not in captured.err and not captured.out
    assert [path.name for path in tmp_path.iterdir()] == ["input"]


def test_an_empty_column_can_be_ignored(tmp_path, tables):
    """Catches advice that does not work."""
    for number in range(3):
        _spoil(tmp_path, f"pump-{number}.csv", _without_x)
    assert _run(tmp_path, *_csv_flags(tmp_path, "--roles=x=ignored")) == 0
    assert Schema.load(str(tmp_path / "data")).features[0].count == 0


def test_an_occupied_output_is_refused_first(tmp_path, tables, capsys):
    """Catches a folder of the user's that is replaced."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/mine.txt").write_text("precious")
    assert _run(tmp_path, *_csv_flags(tmp_path)) == 2
    assert "holds no schema.json" in capsys.readouterr().err
    assert (tmp_path / "data/mine.txt").read_text() == "precious"


def test_an_older_data_set_is_replaced_whole(tmp_path, tables):
    """Catches shards of the run before among the new ones."""
    assert _run(tmp_path, *_csv_flags(tmp_path)) == 0
    assert _run(tmp_path, *_csv_flags(tmp_path, "--series=pump-0")) == 0
    schema = Schema.load(str(tmp_path / "data"))
    names = {path.name for path in (tmp_path / "data").iterdir()}
    shards = {name for s in schema.splits.values() for name in s.shards}
    assert names == shards | {"schema.json"}


def test_files_beside_an_older_data_set_are_kept(tmp_path, tables, capsys):
    """Catches notes or a trained model that are replaced with the data."""
    assert _run(tmp_path, *_csv_flags(tmp_path)) == 0
    (tmp_path / "data/describe.html").write_text("made from it")
    assert _run(tmp_path, *_csv_flags(tmp_path)) == 0
    (tmp_path / "data/notes.txt").write_text("precious")
    assert _run(tmp_path, *_csv_flags(tmp_path)) == 2
    assert "notes.txt. Move" in capsys.readouterr().err
    assert (tmp_path / "data/notes.txt").read_text() == "precious"


def test_a_series_too_short_for_train_is_an_error(tmp_path, capsys):
    """Catches an empty train split that only the trainer would notice."""
    (tmp_path / "input").mkdir()
    (tmp_path / "input/a.csv").write_text("x\n")
    (tmp_path / "input/a.csv").write_text("x\n1\n2\n")
    flags = ("--format=csv", f"--input={tmp_path}/input/*.csv")
    cut = ("--test_fraction=0.7", "--split_gap_rows=5")
    assert _run(tmp_path, *flags, *cut, "--tuning_fraction=0") == 2
    assert "train split is empty" in capsys.readouterr().err


def test_flags_of_beam_pass_and_help_is_light(tmp_path, tables, capsys):
    """Catches Beam's flags refused, and a help text that does not teach."""
    assert _run(tmp_path, *_csv_flags(tmp_path), "--direct_num_workers=1") == 0
    assert task.main(["--help"]) == 0
    text = capsys.readouterr().out
    for word in ("sequences", "smd", "--label_column", "dead_letters", "Beam"):
        assert word in text


def test_pipeline_modules_do_not_load_tensorflow():
    """Catches an import that every Beam worker would pay for."""
    for path in pathlib.Path(task.__file__).parent.rglob("*.py"):
        assert "import tensorflow" not in path.read_text(), path
