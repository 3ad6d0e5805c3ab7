import numpy as np
from described_data import PERIOD, run_of

from preprocessing.description.axis import axis_of
from preprocessing.description.parts import part_of


def part(start, rows, first_time=None):
    return part_of(
        [run_of(np.zeros((rows, 1)), start=start, first_time=first_time)]
    )


def test_files_of_their_own_do_not_cover_one_another():
    """Catches a test part drawn on top of train."""
    axis = axis_of({"train": part(0, 90), "tuning": part(95, 5),
                    "test": part(0, 50)})  # fmt: skip
    assert not axis.is_time
    assert axis.positions("train", 0, 90, None).tolist() == [*range(90)]
    assert axis.positions("tuning", 95, 5, None)[0] == 95
    assert axis.positions("test", 10, 5, None).tolist() == [*range(110, 115)]
    assert "test counts from 0 in its own files" in axis.title
    assert "100" in axis.title and "tuning" not in axis.title


def test_time_is_taken_where_splits_are_apart():
    """Catches microseconds where the browser reads milliseconds."""
    parts = {"train": part(0, 9, 0), "test": part(0, 9, 50 * PERIOD)}
    axis = axis_of(parts)
    assert axis.is_time
    times = np.array([1_700_000_000_000_000])
    shown = axis.positions("test", 0, 1, times).astype("datetime64[ms]")
    assert shown[0] == np.datetime64("2023-11-14T22:13:20")


def test_rows_are_taken_where_times_lack_or_overlap():
    """Catches two bands at the same place."""
    for other in (part(0, 9, 3 * PERIOD), part(0, 9)):
        axis = axis_of({"train": part(0, 9, 0), "test": other})
        assert not axis.is_time
        assert axis.positions("test", 0, 9, None)[0] == 9
