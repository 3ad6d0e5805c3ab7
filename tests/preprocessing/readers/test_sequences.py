"""The talk's sequences against plain string splitting."""

import gzip

import numpy as np
import pytest

from preprocessing.readers.base import BadRow, Block
from preprocessing.readers.sequences import SequencesReader, SequencesSettings


def _reader(**options):
    return SequencesReader(SequencesSettings(**options))


def _read(path, **options):
    reader = _reader(**options)
    (source,) = reader.sources(str(path))
    items = list(reader.read(source, reader.feature_names(source)))
    blocks = [item for item in items if isinstance(item, Block)]
    return blocks, [item for item in items if isinstance(item, BadRow)]


def _line(values, label=None):
    fields = [";".join(map(repr, column.tolist())) for column in values.T]
    return ",".join(fields + ([] if label is None else [str(label)]))


@pytest.fixture
def sequences():
    return np.random.default_rng(1).normal(size=(40, 6, 3))


@pytest.mark.parametrize("labelled", [False, True])
@pytest.mark.parametrize("piece_bytes", [1 << 18, 700])
def test_values_and_labels(
    tmp_path, monkeypatch, sequences, labelled, piece_bytes
):
    """Catches time and feature swapped, a shifted label, lost lines."""
    monkeypatch.setattr(
        "preprocessing.readers.text.pieces._PIECE_BYTES", piece_bytes
    )
    path = tmp_path / "labeled_val_mixed_seq.csv"
    labels = [number % 2 if labelled else None for number in range(40)]
    path.write_text("\n".join(map(_line, sequences, labels)) + "\n" * labelled)
    blocks, bad = _read(path)
    assert not bad and len(blocks) == 40
    np.testing.assert_array_equal([b.values for b in blocks], sequences)
    assert [block.sequence_label for block in blocks] == labels
    assert blocks[8].series_id == "labeled_val_mixed_seq-000009"


def test_bad_lines_name_the_reason(tmp_path, sequences):
    """Catches cells that slip into the next field when counts add up."""
    lines = [_line(values) for values in sequences]
    first, second, third = lines[1].split(",")
    lines[1] = f"{first};9,{second[: second.rindex(';')]},{third}"
    lines[4] += ",7;7"
    lines[5] = lines[5].replace(";", ";x", 1)
    lines[6] = f";{lines[6].partition(';')[2]}"
    path = tmp_path / "a.csv"
    path.write_text("\n".join(lines))
    blocks, bad = _read(path)
    assert [row.line for row in bad] == [2, 5, 6]
    assert bad[0].reason == "5/7 values in a field, expected 6"
    assert bad[1].reason == "4 fields, expected 3"
    assert "not a number" in bad[2].reason
    assert len(blocks) == 37
    assert np.isnan(blocks[3].values[0, 0])
    np.testing.assert_array_equal(blocks[3].values[1:], sequences[6, 1:])


def test_files_say_their_split_and_labelled_twins_win(tmp_path, caplog):
    """Catches tuning on the file without labels, or on both."""
    names = [
        *("train_norm_seq.csv", "val_norm_1_seq.csv"),
        *("labeled_val_mixed_seq.csv", "unlabeled_val_mixed_seq.csv"),
        *("unlabeled_test_mixed_seq.csv", "other.csv"),
    ]
    for name in names:
        (tmp_path / name).write_text("1;2,3;4\n")
    sources = _reader().sources(str(tmp_path))
    assert {source.path.split("/")[-1]: source.split for source in sources} == {
        "train_norm_seq.csv": "train",
        "val_norm_1_seq.csv": "statistics",
        "labeled_val_mixed_seq.csv": "tuning",
        "unlabeled_test_mixed_seq.csv": "test",
    }
    assert "unlabeled_val_mixed_seq.csv" in caplog.text
    assert "other.csv" in caplog.text


def test_names_and_numbers_must_agree(tmp_path):
    """Catches a declared number of features that the file contradicts."""
    path = tmp_path / "a.csv"
    path.write_text("1;2,3;4\n")
    with pytest.raises(ValueError, match="one field for each feature"):
        _read(path, num_feat=3)
    with pytest.raises(ValueError, match="num_feat=3. Leave out the one"):
        _reader(num_feat=3, feat_names=("a", "b"))
    with pytest.raises(ValueError, match="must differ.*Rename"):
        _reader(feat_names=("a", "a"))
    # A field too many that holds a sequence is no label.
    for wrong in ({"num_feat": 1}, {"feat_names": ("a",)}):
        with pytest.raises(ValueError, match="one field for each feature"):
            _read(path, **wrong)
    (source,) = _reader().sources(str(path))
    assert _reader(feat_names=("a", "b")).feature_names(source) == ("a", "b")


def test_one_step_sequences_need_a_word_on_labels(tmp_path):
    """Catches a guess where the last field may be value or label."""
    path = tmp_path / "a.csv"
    path.write_text("1,2,1\n3,4,0\n")
    blocks, _ = _read(path, num_feat=2)
    assert [block.sequence_label for block in blocks] == [1, 0]
    blocks, _ = _read(path)
    assert blocks[0].values.tolist() == [[1, 2, 1]]
    blocks, _ = _read(path, labeled="true")
    assert blocks[1].values.tolist() == [[3, 4]]


def test_files_of_one_name_are_kept_apart(tmp_path):
    """Catches two lines of one id, where folders hold files of one name."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.csv.gz").write_bytes(gzip.compress(b"1;2\n"))
    reader = _reader()
    found = [
        block.series_id
        for source in reader.sources(str(tmp_path))
        for block in reader.read(source, ("feature_0",))
    ]
    assert found == ["a/x-000001", "b/x-000001"]
