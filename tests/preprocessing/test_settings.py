"""Flags that contradict each other."""

import pytest

from preprocessing.settings import PreprocessingSettings


@pytest.mark.parametrize("one", ["normal", "anomalous"])
def test_one_end_of_a_life(one):
    """Catches a flag that changes nothing, or labels of one class only."""
    other = {"normal": "anomalous", "anomalous": "normal"}[one]
    with pytest.raises(ValueError, match=f"Give --{other}_life_fraction"):
        PreprocessingSettings(**{f"{one}_life_fraction": 0.2})


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_a_life_fraction_beyond_its_bounds(value):
    """Catches labels for rows that are not there."""
    with pytest.raises(ValueError, match="normal_life_fraction"):
        PreprocessingSettings(
            normal_life_fraction=value, anomalous_life_fraction=0.1
        )


def test_ends_of_a_life_that_overlap():
    """Catches rows that are normal and anomalous; a sum of 1 is allowed."""
    with pytest.raises(ValueError, match="at most 1. Received: normal_life_"):
        PreprocessingSettings(
            normal_life_fraction=0.7, anomalous_life_fraction=0.31
        )
    settings = PreprocessingSettings(
        normal_life_fraction=0.7, anomalous_life_fraction=0.3
    )
    assert settings.has_lives
    assert not PreprocessingSettings().has_lives
