"""Local times against pandas, around every change of the clocks."""

import numpy as np
import pandas as pd
import pytest

from preprocessing.readers.times.time_zones import local_instants

ZONES = [
    *("UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"),
    *("Pacific/Apia", "Asia/Kolkata", "Africa/Casablanca"),
]


@pytest.mark.parametrize("zone", ZONES)
def test_local_times_equal_pandas(zone):
    """Catches an offset of the wrong side of a change, in any zone."""
    times = pd.date_range("2009-01-01", "2013-01-01", freq="437s")
    first, last, exists = local_instants(
        times.as_unit("us").astype(np.int64).to_numpy(), zone
    )
    for found, is_first in ((first, True), (last, False)):
        expected = times.tz_localize(
            zone,
            ambiguous=np.full(len(times), is_first),
            nonexistent="NaT",
        ).as_unit("us")
        np.testing.assert_array_equal(exists, ~expected.isna())
        np.testing.assert_array_equal(
            found[exists], expected[exists].astype(np.int64)
        )
    if zone not in ("UTC", "Asia/Kolkata"):
        assert (first != last).any() and not exists.all()


def test_times_beyond_the_calendar_do_not_exist():
    """Catches an OverflowError in the midst of a file."""
    edge = np.array([-(2**63), 2**63 - 1, 0])
    _, _, exists = local_instants(edge, "Europe/Berlin")
    assert exists.tolist() == [False, False, True]
