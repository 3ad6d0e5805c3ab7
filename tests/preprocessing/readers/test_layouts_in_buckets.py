"""The public layouts read from a bucket as from a local folder."""

import numpy as np
import pytest
from bucket_emulator import bucket_emulator

from preprocessing.readers import READERS
from preprocessing.readers.base import Block
from preprocessing.readers.detection.guess import guess
from trainer.config import load

UCR_NAME = "001_UCR_Anomaly_a_3_5_7.txt"


@pytest.fixture(scope="module")
def bucket():
    with bucket_emulator() as bucket:
        yield bucket


@pytest.fixture
def folder(tmp_path):
    """One small set of each layout, in a folder of its name."""
    values = np.arange(24.0).reshape(12, 2) / 7
    for name in ("npy", "nasa"):
        for split in ("train", "test"):
            (tmp_path / name / split).mkdir(parents=True)
            np.save(tmp_path / name / split / "a [1].npy", values)
    (tmp_path / "npy" / "test_label").mkdir()
    np.save(tmp_path / "npy" / "test_label" / "a [1].npy", np.arange(12) % 2)
    times = [f"2020-03-09 10:14:{row:02d}" for row in range(12)]
    for name, text in {
        "nasa/labeled_anomalies.csv": (
            "chan_id,spacecraft,anomaly_sequences,class,num_values\n"
            'a [1],SMAP,"[[2, 4]]",[point],12\n'
        ),
        "nab/data/real/a.csv": "\n".join(
            ["timestamp,value", *(f"{time},1.5" for time in times)]
        ),
        "nab/labels/combined_windows.json": (
            f'{{"real/a.csv": [["{times[2]}", "{times[4]}"]]}}'
        ),
        "skab/data/valve1/0.csv": "\n".join(
            ["datetime;x;anomaly;changepoint"]
            + [f"{time};1.5;0.0;0.0" for time in times]
        ),
        f"ucr/{UCR_NAME}": "\n".join(map(str, range(12))) + "\n",
        "smd/train/machine-1-1.txt": "0.5,1\n" * 12,
        "smd/test/machine-1-1.txt": "0.5,1\n" * 12,
        "smd/test_label/machine-1-1.txt": "0\n1\n" * 6,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def _read(name, pattern):
    reader_class = load(READERS, name, "format")
    reader = reader_class(reader_class.settings_class())
    found = {}
    for source in reader.sources(str(pattern)):
        names = reader.feature_names(source)
        extents = reader.extents(source, names)
        (block,) = reader.read(source, names)
        assert isinstance(block, Block)
        labels = None if block.labels is None else block.labels.tolist()
        key = source.split, source.name
        found[key] = extents, block.values.tolist(), labels
    return found


@pytest.mark.parametrize("name", ["npy", "nasa", "nab", "skab", "ucr", "smd"])
def test_same_rows_and_labels(bucket, folder, name):
    """Catches labels that are looked for on this machine only."""
    url = bucket.put_folder(name, folder / name)
    expected = _read(name, folder / name)
    assert expected and _read(name, url) == expected
    assert any(labels for _, _, labels in expected.values())
    assert guess(url).format == guess(str(folder / name)).format == name
