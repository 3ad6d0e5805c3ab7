import csv

import numpy as np
import pytest

from preprocessing import simulate
from preprocessing.anomalies import KINDS

SMALL = ["--num_train=50", "--num_validation=20", "--num_steps=3000"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("simulated") / "data"
    assert simulate.main([f"--output={path}", *SMALL]) == 0
    return path


def read_talk_csv(path):
    lines = path.read_text().splitlines()
    return [
        [
            [float(step) for step in field.split(";")]
            for field in line.split(",")
        ]
        for line in lines
    ]


def all_bytes(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_files_have_the_talks_names_and_shapes(folder):
    """Catches features and steps swapped, a missing or extra label."""
    counts = {
        "train_norm_seq": 50,
        "val_norm_1_seq": 20,
        "labeled_val_mixed_seq": 40,
        "unlabeled_val_mixed_seq": 40,
        "labeled_test_mixed_seq": 40,
        "unlabeled_test_mixed_seq": 40,
    }
    names = {path.stem for path in (folder / "sequences").iterdir()}
    assert names == set(counts)
    for name, count in counts.items():
        lines = read_talk_csv(folder / "sequences" / f"{name}.csv")
        assert len(lines) == count
        is_labeled = name.startswith("labeled")
        for line in lines:
            assert [len(field) for field in line[:5]] == [30] * 5
            assert len(line) == 5 + is_labeled


@pytest.mark.parametrize("name", ["val", "test"])
def test_labels_tell_the_blown_up_tails(folder, name):
    """Catches labels that were not shuffled with their sequences."""
    lines = read_talk_csv(
        folder / "sequences" / f"labeled_{name}_mixed_seq.csv"
    )
    labels = np.array([line[5][0] for line in lines])
    values = np.array([line[:5] for line in lines])
    has_tail = np.abs(values[:, :, 21:]).max(axis=(1, 2)) > 3.5
    np.testing.assert_array_equal(labels, has_tail)
    assert labels.sum() == 20
    assert 0 < labels[:20].sum() < 20
    unlabeled = read_talk_csv(
        folder / "sequences" / f"unlabeled_{name}_mixed_seq.csv"
    )
    np.testing.assert_array_equal(values, np.array(unlabeled))


def test_all_splits_share_one_template(folder):
    """Catches waves that are drawn anew for each file."""
    train = np.array(read_talk_csv(folder / "sequences/train_norm_seq.csv"))
    other = np.array(read_talk_csv(folder / "sequences/val_norm_1_seq.csv"))
    difference = train.mean(axis=0) - other.mean(axis=0)
    # Four standard deviations of the difference of two means.
    limit = 4 * np.sqrt(1 / 12 * (1 / 50 + 1 / 20))
    assert np.abs(difference).max() < limit
    assert not np.array_equal(train[:20], other)


def test_long_files_are_labelled_with_kinds(folder):
    """Catches labels beside kinds, anomalies before the normal part ends."""
    with open(folder / "long" / "series_1.csv") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "timestamp", "series", "sensor_0", "sensor_1", "sensor_2",
        "sensor_3", "sensor_4", "label", "kind",
    ]  # fmt: skip
    assert len(rows) == 3000
    for row in rows:
        assert row["label"] == ("0" if row["kind"] == "normal" else "1")
    assert all(row["label"] == "0" for row in rows[:2100])
    assert {row["kind"] for row in rows} == {"normal", *KINDS}
    assert rows[1439]["timestamp"] == "2024-01-01T23:59:00"
    assert {row["series"] for row in rows} == {"series_1"}


def test_same_flags_same_bytes(folder, tmp_path):
    """Catches the clock or a global generator in what is drawn."""
    assert simulate.main([f"--output={tmp_path / 'again'}", *SMALL]) == 0
    assert all_bytes(tmp_path / "again") == all_bytes(folder)
    other = tmp_path / "other"
    assert simulate.main([f"--output={other}", *SMALL, "--seed=2"]) == 0
    first, second = all_bytes(other), all_bytes(folder)
    assert all(first[name] != second[name] for name in first)


def test_size_of_train_leaves_the_test_set_alone(folder, tmp_path):
    """Catches one stream of random numbers for all sets."""
    flags = [f"--output={tmp_path}/more", *SMALL, "--num_train=70"]
    assert simulate.main(flags) == 0
    first, second = all_bytes(tmp_path / "more"), all_bytes(folder)
    name = "sequences/labeled_test_mixed_seq.csv"
    assert first[name] == second[name]
    train = "sequences/train_norm_seq.csv"
    assert first[train].startswith(second[train])


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "--output"),
        (["--output=x", "--num_trian=3"], "--num_train"),
        (["--output=x", "--severity=-1"], "`severity`"),
    ],
)
def test_bad_flags_are_named(flags, message, capsys, tmp_path, monkeypatch):
    """Catches a traceback, or work before flags are checked."""
    monkeypatch.chdir(tmp_path)
    assert simulate.main(flags) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_foreign_folder_is_not_replaced(tmp_path, capsys):
    """Catches deleting somebody's files."""
    foreign = tmp_path / "sequences" / "precious.csv"
    foreign.parent.mkdir()
    foreign.write_text("1")
    assert simulate.main([f"--output={tmp_path}", *SMALL]) == 2
    assert foreign.read_text() == "1"
    assert "holds no" in capsys.readouterr().err
