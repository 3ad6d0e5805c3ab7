import re

import numpy as np
import pandas as pd
import pytest
from main_job import call, succeed

from preprocessing import describe
from preprocessing import task as preprocessing_task

EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A data set of two series with a gap, labels and refused rows."""
    folder = tmp_path_factory.mktemp("describe")
    generator = np.random.default_rng(3)
    frames = []
    for series_id in ("pump", EVIL):
        rows = 1200
        minutes = np.arange(rows) + np.where(np.arange(rows) >= 300, 700, 0)
        time = np.datetime64("2024-01-01") + minutes.astype("timedelta64[m]")
        frame = pd.DataFrame(
            {
                "time": time.astype(str),
                "series": series_id,
                "flow": generator.normal(size=rows).round(4).astype(str),
                "heat": generator.uniform(size=rows).round(4).astype(str),
                "label": (np.arange(rows) > 1150).astype(int),
            }
        )
        frame.loc[5, "flow"] = "broken-cell"
        frames.append(pd.concat([frame, frame.iloc[-1:]]))
    pd.concat(frames).to_csv(folder / "raw.csv", index=False)
    data = folder / "data"
    succeed(
        preprocessing_task.main,
        f"--input={folder / 'raw.csv'}",
        "--format=csv",
        "--timestamp_column=time",
        "--series_column=series",
        "--label_column=label",
        "--max_window_length=64",
        f"--output={data}",
    )
    return data


def words(text):
    return " ".join(text.split())


def test_a_data_set_is_described(written):
    """Catches a part of the description that is missing in either place."""
    result = succeed(describe.main, str(written))
    page = (written / "describe.html").read_text()
    assert f"Page: {written / 'describe.html'}" in result.printed
    printed = words(result.printed)
    for expected in (
        "sampling period",
        "1 min",
        "11.7 h",
        "--series_column=series",
        "repeated timestamp: the first row is kept",
        "4 rows were refused",
        "Gaps longer than 100 sampling periods: ",
    ):
        assert expected in printed
        assert expected in page
    assert "broken-cell" not in page + result.printed
    assert "Drift from train" in page
    assert EVIL in result.printed and EVIL not in page
    assert len(re.findall(r"<h3>", page)) == 2
    assert "train 2 " in printed


def test_one_series_into_another_page(written, tmp_path):
    """Catches the other series counted, or a page beside the data."""
    page = tmp_path / "new" / "look.html"
    result = succeed(
        describe.main, str(written), "--series=pump", f"--output={page}"
    )
    assert "series: 1" in result.printed
    text = page.read_text()
    assert re.findall(r"<h3>(.*?)</h3>", text) == ["pump"]
    assert "alert(1)" not in text


def test_plots_may_be_left_out(written, tmp_path):
    """Catches a failure where nothing is drawn."""
    page = tmp_path / "look.html"
    succeed(describe.main, str(written), "--max_series=0", f"--output={page}")
    assert "0 of 2 series are drawn" in page.read_text()


def test_sequences_are_described(sequence_data_set, tmp_path):
    """Catches labels of sequences counted as steps."""
    folder, schema = sequence_data_set
    page = tmp_path / "look.html"
    result = succeed(describe.main, folder, f"--output={page}")
    split = schema.splits["tuning"]
    expected = f"tuning {split.normal + split.anomalous:,} {split.rows:,} "
    assert expected + f"{split.normal} {split.anomalous} " in words(
        result.printed
    )
    assert "anomalous, from" in page.read_text()


def test_labels_of_steps_without_timestamps(long_data_set, tmp_path):
    """Catches shares over all splits, and gaps where no time is known."""
    folder, _ = long_data_set
    result = succeed(
        describe.main, folder, f"--output={tmp_path / 'look.html'}"
    )
    printed = words(result.printed)
    assert "tuning 1 400 370 30 0 7.5%" in printed
    assert "a 2,000 400 – – 0% 0% 0% 7.5% 7.5%" in printed


def test_a_bucket_gets_no_page_unasked(written, tmp_path, monkeypatch, bucket):
    """Catches a page in a bucket that was only read, or none where asked."""
    monkeypatch.chdir(tmp_path)
    data = bucket.put_folder("data", written)
    before = sorted(bucket.names())
    result = succeed(describe.main, data)
    assert "4 rows were refused" in result.printed
    assert sorted(bucket.names()) == before
    page = tmp_path / "describe.html"
    assert len(re.findall(r"<h3>", page.read_text())) == 2
    url = bucket.url("pages/look.html")
    succeed(describe.main, data, f"--output={url}", "--max_series=1")
    assert len(re.findall(rb"<h3>", bucket.get("pages/look.html"))) == 1
    assert not (tmp_path / "gs:").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "folder of a data set must be given"),
        (["nowhere"], "schema.json"),
        (["a", "b"], "has no use"),
        (["a", "--sereis=x"], "--series"),
        (["a", "--max_series=-1"], "at least 0"),
    ],
)
def test_bad_flags(flags, message):
    """Catches a traceback, or TensorFlow loaded before flags are checked."""
    result = call(describe.main, *flags)
    assert result.code == 2
    assert message in result.errors


def test_unknown_series(written):
    """Catches an empty page for a name that is misspelt."""
    for series in ("pmup", "pump,pmup"):
        result = call(describe.main, str(written), f"--series={series}")
        assert result.code == 2
        assert "Received: pmup" in result.errors


def test_help_teaches():
    """Catches a help without an example."""
    result = call(describe.main, "--help")
    assert result.code == 0
    assert "python -m preprocessing.describe build/pumps" in result.printed
    assert "\nWhich series to look at, and where the page" in result.printed
    for flag in ("DIR", "--output", "--series", "--max_series"):
        assert flag in result.printed
