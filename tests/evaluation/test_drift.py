"""Drift of scores: closed forms, and an empirical twin of the distance."""

import numpy as np
import pytest

from evaluation.drift import SplitScores, score_drift


def split_of(scores, threshold=2.0):
    scores = np.asarray(scores, np.float64)
    return SplitScores(scores, threshold, scores >= threshold)


def test_quantiles_and_shares_are_those_of_the_ratios():
    """Catches scores not divided, and quantiles or counts mixed up."""
    scores = np.random.default_rng(1).permutation(np.arange(1.0, 1001.0))
    (row,) = score_drift({"test": split_of(scores, 800.0)})
    assert row.split == "test" and row.num_scored == 1000
    assert row.median == 500 / 800
    assert row.quantile_90 == 900 / 800
    assert row.quantile_99 == 990 / 800
    assert row.flagged_share == 0.201
    assert row.distance == 0 and row.is_reference


def naive_distance(first, second):
    levels = np.concatenate([first, second])
    return max(
        abs((first <= level).mean() - (second <= level).mean())
        for level in levels
    )


@pytest.mark.parametrize("seed", range(10))
def test_distance_agrees_with_the_naive_twin(seed):
    """Catches a distance to another split, or of other thresholds."""
    generator = np.random.default_rng(seed)
    splits = {
        name: SplitScores(
            generator.integers(0, 12, 40 + seed).astype(np.float64),
            generator.choice([2.0, 4.0], 40 + seed),
            np.zeros(40 + seed, bool),
        )
        for name in ("train", "validation", "statistics", "test")
    }
    for row in score_drift(splits):
        ratios, reference = (
            splits[name].scores / splits[name].thresholds
            for name in (row.split, "statistics")
        )
        expected = naive_distance(ratios, reference)
        assert row.distance == pytest.approx(expected)
        assert row.is_reference == (row.split == "statistics")
        assert row.flagged_share == 0


@pytest.mark.parametrize(
    "names, expected",
    [
        (("train", "validation", "statistics", "tuning"), "statistics"),
        (("train", "validation", "tuning"), "validation"),
        (("train", "tuning"), "train"),
    ],
)
def test_reference(names, expected):
    """Catches train as the reference, which the detector has learned."""
    rows = score_drift({name: split_of([1.0, 3.0]) for name in names})
    assert [row.split for row in rows] == list(names)
    assert [row.split for row in rows if row.is_reference] == [expected]


def test_unknown_scores_are_left_out():
    """Catches NaN counted as low scores, or flags of unscored rows."""
    unknown = SplitScores(
        [np.nan, 1.0, 4.0, 4.0], [2.0, 2.0, 2.0, np.nan], [1, 0, 1, 1]
    )
    found = score_drift({"statistics": unknown, "test": split_of([1.0, 4.0])})
    assert found[0].num_scored == 2
    assert found[0][2:] == (0.5, 2.0, 2.0, 0.5, 0.0, True)
    assert found[1][2:7] == found[0][2:7]


@pytest.mark.parametrize("scores", [[], [np.nan, np.nan]])
def test_what_is_not_scored_is_not_defined(scores):
    """Catches a drift of 0 or 1, and a reference without scores."""
    nothing = split_of(scores)
    found = score_drift({"statistics": nothing, "test": split_of([1.0, 4.0])})
    assert found[0].num_scored == 0 and not found[0].is_reference
    assert np.isnan(found[0][2:7]).all()
    assert found[1].is_reference and found[1].distance == 0
    (alone,) = score_drift({"test": nothing})
    assert np.isnan(alone[2:7]).all() and not alone.is_reference
    assert score_drift({}) == []


def test_constant_and_infinite_scores():
    """Catches NaN out of an infinite score, and one row as a failure."""
    constant = split_of([3.0] * 5)
    found = score_drift({"test": constant, "tuning": split_of([3.0])})
    assert found[1][2:7] == (1.5, 1.5, 1.5, 1.0, 0.0)
    (row,) = score_drift({"test": split_of([1.0, 2.0, np.inf])})
    assert row[2:6] == (1.0, np.inf, np.inf, pytest.approx(2 / 3))


def test_lengths_that_differ_are_refused():
    """Catches flags of another split."""
    with pytest.raises(ValueError, match="split test"):
        score_drift({"test": SplitScores(np.zeros(3), 1.0, np.zeros(2))})
