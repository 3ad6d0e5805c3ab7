"""Whole series to splits."""

import collections
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preprocessing.life_labels import Life
from preprocessing.life_splits import (
    parts_of_lives,
    splits_of_series,
    too_few_series,
)
from preprocessing.splits import Part

FRACTIONS = {"validation": 0.1, "statistics": 0.1, "tuning": 0.1, "test": 0.2}


def _names(count):
    return [f"device-{number:04d}" for number in range(count)]


@given(
    st.integers(5, 200),
    st.lists(st.floats(0, 0.24), min_size=4, max_size=4),
)
def test_counts_follow_the_fractions(num_series, shares):
    """Catches an empty split, a series in none, and rounding that adds up."""
    fractions = dict(zip(FRACTIONS, shares, strict=True))
    splits = splits_of_series(_names(num_series), fractions)
    assert sorted(splits) == _names(num_series)
    counts = collections.Counter(splits.values())
    shares = fractions | {"train": 1 - sum(fractions.values())}
    assert set(counts) == {name for name, share in shares.items() if share > 0}
    for name, count in counts.items():
        # The one that each split has at least is taken from the others.
        assert -4 <= count - shares[name] * num_series <= 1


def test_whole_numbers_are_kept():
    """Catches a split that gets more or less than was asked for."""
    splits = splits_of_series(_names(100), FRACTIONS)
    assert collections.Counter(splits.values()) == {
        "train": 50,
        "validation": 10,
        "statistics": 10,
        "tuning": 10,
        "test": 20,
    }


def test_neither_order_nor_names_decide():
    """Catches the newest devices all in test, and splits by order of files."""
    names = _names(100)
    splits = splits_of_series(names, FRACTIONS)
    assert splits_of_series(names[::-1], FRACTIONS) == splits
    late = [name for name in names[50:] if splits[name] == "train"]
    assert 15 <= len(late) <= 35


def test_another_process_splits_alike():
    """Catches a hash that each process salts in its own way."""
    script = (
        "from preprocessing.life_splits import splits_of_series\n"
        "print(splits_of_series('abcdefgh', {'test': 0.5}))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": "7", "PYTHONPATH": ":".join(sys.path)},
    )
    expected = splits_of_series("abcdefgh", {"test": 0.5})
    assert ended.stdout == f"{expected}\n"


def test_what_learns_normal_ends_before_the_anomalous_rows():
    """Catches anomalous rows that scaling or early stopping learns from."""
    lives = {name: Life.of(40, 0.3, 0.2) for name in _names(5)}
    totals = {("", name): 40 for name in lives}
    parts = parts_of_lives(totals, lives, FRACTIONS)
    assert set(parts) == set(totals)
    assert {part for (part,) in parts.values()} == {
        Part("train", 0, 32),
        Part("validation", 0, 32),
        Part("statistics", 0, 32),
        Part("tuning", 0, 40),
        Part("test", 0, 40),
    }


@pytest.mark.parametrize(
    ("num_series", "advice"),
    [
        (4, ": --statistics_fraction=0."),
        (3, ": --statistics_fraction=0 --validation_fraction=0."),
    ],
)
def test_too_few_series_say_what_to_do(num_series, advice):
    """Catches advice that is not enough, or that names what is 0 already."""
    told = too_few_series(num_series, FRACTIONS)
    assert "train, validation, statistics, tuning, test needs one: 5" in told
    assert f"Received: {num_series}." in told and told.endswith(advice)
    followed = FRACTIONS | {"statistics": 0.0, "validation": 0.0}
    assert not too_few_series(3, followed)
    assert "--test_fraction=0." in too_few_series(2, followed)


def test_enough_series_say_nothing():
    """Catches a refusal at exactly one series a split."""
    assert not too_few_series(5, FRACTIONS)
