"""Telemetry and its table of anomalies, with labels worked out by hand."""

import logging

import numpy as np
import pytest

from preprocessing.readers.base import Block
from preprocessing.readers.nasa import NasaReader, NasaSettings

HEADER = "chan_id,spacecraft,anomaly_sequences,class,num_values\n"
WIDTHS = {"P-2": 25, "T-10": 25, "M-6": 55}


@pytest.fixture
def folder(tmp_path):
    """Channels of 20 test rows; T-10 is not in the table."""
    generator = np.random.default_rng(1)
    for split, num_rows in (("train", 10), ("test", 20)):
        (tmp_path / split).mkdir()
        for channel, width in WIDTHS.items():
            values = generator.integers(0, 2, (num_rows, width)).astype(float)
            values[:, 0] = 0.5
            values[-1, 0] = 258.0 if channel == "M-6" else 0.5
            np.save(tmp_path / split / f"{channel}.npy", values)
    _table(
        tmp_path,
        'P-2,SMAP,"[[2, 4]]",[point],20\n'
        'P-2,SMAP,"[[4, 6], [9, 9]]","[point, contextual]",20\n'
        'M-6,MSL,"[[18, 19]]",[point],20\n',
    )
    return tmp_path


def _table(folder, rows, header=HEADER):
    (folder / "labeled_anomalies.csv").write_bytes((header + rows).encode())


def _labels(reader, source):
    names = reader.feature_names(source)
    (block,) = reader.read(source, names)
    return block.labels


def _sources(folder, **options):
    reader = NasaReader(NasaSettings(**options))
    sources = reader.sources(str(folder))
    return reader, {(one.name, one.split): one for one in sources}


def test_labels_of_test_and_none_of_train(folder, caplog):
    """Catches an end not counted in, a second row lost, T-10 as normal."""
    with caplog.at_level(logging.WARNING):
        reader, sources = _sources(folder)
    assert caplog.text.count("labels are unknown: T-10") == 1
    labels = _labels(reader, sources["P-2", "test"])
    assert np.flatnonzero(labels).tolist() == [2, 3, 4, 5, 6, 9]
    assert _labels(reader, sources["T-10", "test"]) is None
    assert all(
        _labels(reader, sources[name, "train"]) is None for name in WIDTHS
    )
    for source in sources.values():
        names = reader.feature_names(source)
        assert names[:3] == ("telemetry", "command_1", "command_2")
        assert len(names) == WIDTHS[source.name]
        (block,) = reader.read(source, names)
        np.testing.assert_array_equal(block.values, np.load(source.path))


def test_a_value_far_out_of_range_stays(folder):
    """Catches clipping; a constant column next to it stays too."""
    reader, sources = _sources(folder, spacecraft="MSL")
    (block,) = reader.read(
        sources["M-6", "test"], reader.feature_names(sources["M-6", "test"])
    )
    assert block.values[-1, 0] == 258.0 and set(block.values[:-1, 0]) == {0.5}


def test_spacecraft(folder, caplog):
    """Catches channels of both, and one that is left out unsaid."""
    with caplog.at_level(logging.WARNING):
        assert set(_sources(folder, spacecraft="SMAP")[1]) == {
            ("P-2", "train"),
            ("P-2", "test"),
        }
    assert "left out, as their spacecraft is not known: T-10" in caplog.text
    _table(folder, 'P-2,SMAP,"[[2, 4]]",[point],20\n')
    with pytest.raises(ValueError, match="spacecraft=MSL.*leave the flag out"):
        _sources(folder, spacecraft="MSL")


def test_channels_of_two_widths(folder):
    """Catches a message that leaves the user alone."""
    reader, sources = _sources(folder)
    names = reader.feature_names(sources["P-2", "train"])
    with pytest.raises(ValueError, match="55 in .*--spacecraft=SMAP.*--series"):
        reader.extents(sources["M-6", "train"], names)


def test_table_one_level_above_and_a_folder_above_that(
    folder, tmp_path_factory
):
    """Catches labels that are lost because of where the table lies."""
    root = tmp_path_factory.mktemp("root")
    folder.rename(root / "data")
    (root / "data" / "labeled_anomalies.csv").rename(
        root / "labeled_anomalies.csv"
    )
    for place in (root, root / "data", root / "data" / "test" / "P-2.npy"):
        reader, sources = _sources(place)
        assert _labels(reader, sources["P-2", "test"]).sum() == 6, place


def test_no_table(folder, caplog):
    """Catches labels that are lost unsaid, or a file that needs them."""
    (folder / "labeled_anomalies.csv").unlink()
    with caplog.at_level(logging.WARNING):
        reader, sources = _sources(folder / "test" / "M-6.npy")
    assert "labels are unknown: M-6" in caplog.text
    assert _labels(reader, sources["M-6", "test"]) is None


def test_a_channel_without_anomalies_is_normal(folder):
    """Catches an empty list read as unknown."""
    _table(folder, "P-2,SMAP,[],[],20\r\n")
    reader, sources = _sources(folder)
    assert _labels(reader, sources["P-2", "test"]).tolist() == [0] * 20


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ('"[[2, 4]]",[point],19', "Received: 20 in .*P-2.npy.*expected 19"),
        ('"[[2, 20]]",[point],20', "must lie within its series.*2 to 20"),
        ('"[[4, 2]]",[point],20', "line 2 of.*none ends before it starts"),
        ('"[[-1, 2]]",[point],20', "line 2 of.*rows count from 0"),
        ('"[[2, 4]",[point],20', "as JSON pairs.*line 2 of"),
        ('"[[2.5, 4]]",[point],20', "no whole number"),
        ('"[[2, 4, 5]]",[point],20', "no list of pairs"),
        ("7,[point],20", "no list"),
        ('"[[true, 4]]",[point],20', "no whole number"),
        ('"[[2, 4]]",[point],', "num_values as a whole number"),
        ('"[[2, 4]]"', "num_values as a whole number"),
        ("[" * 100_000, "as JSON pairs"),
    ],
)
def test_rows_that_are_wrong(folder, cells, message):
    """Catches ranges that are taken as far as they fit."""
    _table(folder, f"P-2,SMAP,{cells}\n")
    with pytest.raises(ValueError, match=message):
        reader, sources = _sources(folder)
        _labels(reader, sources["P-2", "test"])


def test_code_in_the_table_is_not_run(folder):
    """Catches `eval` of what the table says."""
    for number, code in enumerate(
        (
            "__import__('os').mkdir('{}')",
            "[[__import__('os').mkdir('{}'), 1]]",
            "exec(\"import os; os.mkdir('{}')\")",
        )
    ):
        made = folder / f"made-{number}"
        cell = code.format(made).replace('"', '""')
        _table(folder, f'P-2,SMAP,"{cell}",[point],20\n')
        with pytest.raises(ValueError, match="as JSON pairs"):
            _sources(folder)
        assert not made.exists()


def test_contradicting_rows_and_other_columns(folder):
    """Catches the last row that wins, and columns taken by position."""
    _table(folder, "P-2,SMAP,[],[],20\nP-2,MSL,[],[],20\n")
    with pytest.raises(ValueError, match="same spacecraft.*channel P-2"):
        _sources(folder)
    _table(folder, "", "chan_id,craft,start,end\n")
    with pytest.raises(
        ValueError, match="no spacecraft, anomaly_sequences, num_values"
    ):
        _sources(folder)
    _table(folder, "", "")
    with pytest.raises(ValueError, match="must have the columns chan_id"):
        _sources(folder)


def test_byte_order_mark_and_line_ends(folder):
    """Catches a first column of another name, and CR in the last."""
    rows = 'P-2,SMAP,"[[2, 4]]",[point],20\r\n'
    _table(folder, rows, "\ufeff" + HEADER.replace("\n", "\r\n"))
    reader, sources = _sources(folder)
    assert _labels(reader, sources["P-2", "test"]).sum() == 3


def test_many_blocks(folder, monkeypatch):
    """Catches ranges counted from the start of a block."""
    monkeypatch.setattr(
        "preprocessing.readers.layouts.array_file._BLOCK_BYTES", 1000
    )
    reader, sources = _sources(folder)
    source = sources["P-2", "test"]
    blocks = list(reader.read(source, reader.feature_names(source)))
    assert len(blocks) > 3 and all(isinstance(item, Block) for item in blocks)
    labels = np.concatenate([block.labels for block in blocks])
    assert np.flatnonzero(labels).tolist() == [2, 3, 4, 5, 6, 9]


def test_channels_of_two_folders_keep_their_labels(folder):
    """Catches labels that are lost where folders tell channels apart."""
    for split in ("train", "test"):
        (folder / "copy" / split).mkdir(parents=True)
        for path in (folder / split).glob("*.npy"):
            (folder / "copy" / split / path.name).write_bytes(path.read_bytes())
    pattern = f"{folder / 'train'}/*,{folder / 'test'}/*,{folder / 'copy'}"
    reader, sources = _sources(pattern, spacecraft="SMAP")
    assert set(sources) == {
        (name, split)
        for name in ("P-2", "copy/P-2")
        for split in ("train", "test")
    }
    for name in ("P-2", "copy/P-2"):
        labels = _labels(reader, sources[name, "test"])
        assert np.flatnonzero(labels).tolist() == [2, 3, 4, 5, 6, 9]
