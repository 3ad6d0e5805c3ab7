import numpy as np
import pytest

from preprocessing.description import sampling
from preprocessing.description.drift import distribution_distance


@pytest.mark.parametrize("num_rows", [0, 1, 99, 100, 101, 12_345])
def test_positions_are_spread_evenly(num_rows):
    """Catches a tail without samples, and a row taken twice."""
    positions = sampling.spread_positions(num_rows, 100)
    assert len(positions) == min(num_rows, 100)
    assert (np.diff(positions) > 0).all()
    if num_rows > 100:
        blocks = positions * 100 // num_rows
        assert abs(blocks - np.arange(100)).max() <= 1
        assert 0 <= positions[0] and positions[-1] < num_rows


def test_a_period_does_not_hide_values(monkeypatch):
    """Catches every n-th row, which sees one phase of a cycle of n."""
    monkeypatch.setattr(sampling, "MAX_ROWS", 1_000)
    cycle = np.sin(2 * np.pi * np.arange(10_000) / 10)[:, None]
    sample = sampling.sample_rows([cycle], 1)
    assert len(sample) == 1_000
    assert distribution_distance(cycle[:, 0], sample[:, 0]) < 0.05


def test_rows_come_from_the_right_stretch(monkeypatch):
    """Catches positions of the whole used inside one stretch."""
    monkeypatch.setattr(sampling, "MAX_ROWS", 40)
    monkeypatch.setattr(sampling, "FEWEST_ROWS", 1)
    rows = np.arange(2_000.0).reshape(1_000, 2)
    parts = [rows[:1], rows[1:400], rows[400:400], rows[400:]]
    expected = rows[sampling.spread_positions(1_000, 40)]
    np.testing.assert_array_equal(sampling.sample_rows(parts, 2), expected)


def test_wide_rows_are_fewer_and_nothing_is_nothing(monkeypatch):
    """Catches a sample that grows with the number of columns."""
    monkeypatch.setattr(sampling, "MAX_CELLS", 500_000)
    wide = np.zeros((3_000, 250))
    assert sampling.sample_rows([wide], 250).shape == (2_000, 250)
    assert sampling.sample_rows([], 7).shape == (0, 7)
